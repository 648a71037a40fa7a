// Prints what `zimage-inpaint doctor` found, for people and for programs.
#pragma once

#include <string>

#include "app/doctor/doctor.h"

namespace zimage::cli {

/// Returns a table, then what is wrong and what to do about it.
std::string doctor_text(const app::Diagnosis& diagnosis);

/// Returns one JSON object on one line.
std::string doctor_json(const app::Diagnosis& diagnosis);

}  // namespace zimage::cli
