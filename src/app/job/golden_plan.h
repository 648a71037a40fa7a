// Carries out --golden, --tolerance and --golden-update for a run.
#pragma once

#include <optional>
#include <vector>

#include "app/golden/golden.h"
#include "app/options/job_spec.h"
#include "app/options/settings.h"
#include "app/report/report.h"

namespace zimage::app {

/// Sets the paths of each planned output's golden picture and difference picture. Requires planned outputs.
/// Errors: kUsage for options that don't go together (one file for several results, an update over an input), kInput
/// for a golden picture that is missing and isn't to be written.
void resolve_golden(const Settings& settings, const JobPlace& place, JobSpec& spec);

/// Calls check_golden() for a planned output's bytes; returns nothing without --golden.
std::optional<GoldenResult> check_planned_golden(const JobSpec& spec, const PlannedOutput& output,
                                                 const std::vector<std::uint8_t>& encoded);

/// Gives a report whose golden check failed the status "mismatch" and an error, which it also returns.
std::optional<Error> judge_golden(const JobSpec& spec, JobReport& job);

/// Logs a warning with a table of the failed checks, if there are any.
void warn_of_goldens(const std::vector<GoldenResult>& failed);

/// Logs that warning and throws kGolden, if any check failed. The error belongs to no job: each has been reported.
void finish_goldens(const std::vector<GoldenResult>& failed, const std::optional<Error>& last);

}  // namespace zimage::app
