// --golden, --tolerance and --golden-update of a run.
#pragma once

#include <optional>
#include <vector>

#include "app/golden/golden.h"
#include "app/options/job_spec.h"
#include "app/options/settings.h"
#include "app/report/report.h"

namespace zimage::app {

/// Gives each planned output its golden picture and the place of its difference picture. Expects the outputs.
/// Errors: kUsage for what doesn't go together (one file for several results, an update over an input), kInput for a
/// golden picture that is missing and isn't to be written.
void resolve_golden(const Settings& settings, const JobPlace& place, JobSpec& spec);

/// As check_golden() on a planned output's bytes; nothing without --golden.
std::optional<GoldenResult> check_planned_golden(const JobSpec& spec, const PlannedOutput& output,
                                                 const std::vector<std::uint8_t>& encoded);

/// Puts a job's golden result into its report: one that failed has the status "mismatch" and the error. Returns that.
std::optional<Error> judge_golden(const JobSpec& spec, JobReport& job);

/// Warns with a table of what failed, if anything did.
void warn_of_goldens(const std::vector<GoldenResult>& failed);

/// Warns with a table of what failed, and throws kGolden, if anything did. Such an error is no job's: each has its
/// line.
void finish_goldens(const std::vector<GoldenResult>& failed, const std::optional<Error>& last);

}  // namespace zimage::app
