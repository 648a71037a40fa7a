// Writes a job as HTML.
#pragma once

#include <cstddef>
#include <string>

#include "app/page/job_pictures.h"
#include "app/page/report_lines.h"

namespace zimage::app {

/// Returns the page's word for a job's status: failed, differs, done, kept, planned, previewed, matches or, for any
/// other, other.
std::string status_word(const ReportLine& line);

/// Returns the job's <article>. `place` is its place in the report, from 1.
std::string job_html(const ReportLine& line, std::size_t place, const JobPictures& pictures);

}  // namespace zimage::app
