#include "app/job/golden_plan.h"

#include <array>
#include <cstdio>

#include "base/file_name.h"
#include "base/log.h"
#include "base/text.h"
#include "codecs/image_file.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

GoldenCheck check_of(const JobSpec& spec, const PlannedOutput& output) {
  // A difference picture shows the latest check, even of a result that --skip-existing kept, so it may be replaced.
  return {.golden = output.golden,
          .tolerance = spec.golden_tolerance,
          .update = spec.golden_update,
          .difference = output.difference_path,
          .overwrite = spec.overwrite || spec.skip_existing};
}

void check_names(const JobSpec& spec, const fs::path& golden) {
  if (is_golden_folder(golden)) {
    if (!spec.output.results.front().path.empty()) return;
    throw Error(ErrorCode::kUsage, "--golden " + golden.string() + " is a folder, and stdout has no name to find in it",
                "give --golden a file");
  }
  if (spec.output.results.size() > 1) {
    throw Error(ErrorCode::kUsage,
                "--num-images above 1 needs a folder of golden pictures, but " + golden.string() + " is not one",
                "make the folder, or end its name with /");
  }
}

/// Checks that an update replaces no input and writes the format that the golden picture's name says. Errors: kUsage.
void check_update(const JobSpec& spec, const fs::path& golden) {
  std::error_code ignored;
  for (const fs::path& input : {spec.image, spec.mask.path, spec.control_image}) {
    if (!input.empty() && fs::equivalent(input, golden, ignored)) {
      throw Error(ErrorCode::kUsage, "--golden-update would write over " + input.string(),
                  "give --golden another path");
    }
  }
  const auto by_name = codecs::format_from_name(golden);
  if (!by_name || *by_name != spec.output.format) {
    throw Error(ErrorCode::kUsage,
                "the golden picture " + golden.string() + " would hold " + codecs::to_string(spec.output.format),
                "give it the output's ending");
  }
}

std::string failure_text(const JobSpec& spec, const JobReport& job, const GoldenResult& golden) {
  const std::string output = job.output->empty() ? "the result" : job.output->string();
  if (!golden.metrics) return "the golden picture " + golden.path.string() + " " + golden.note;
  std::array<char, 32> levels{};
  std::snprintf(levels.data(), levels.size(), "%.6g", golden.metrics->max);
  return output + " differs from " + golden.path.string() + " by up to " + levels.data() +
         (golden.metrics->max == 1.0 ? " level" : " levels") + "; the tolerance is " +
         std::to_string(spec.golden_tolerance);
}

}  // namespace

void resolve_golden(const Settings& settings, const JobPlace& place, JobSpec& spec) {
  if (!settings.has("golden")) {
    if (!spec.golden_update) return;
    throw Error(ErrorCode::kUsage, "--golden-update needs a golden picture to write", "give --golden PATH");
  }
  fs::path golden = settings.text("golden");
  if (place.batch && !settings.given_by("golden", Source::kJob))
    golden /= "";  // a folder with the same tree as the results, whether it exists or not
  check_names(spec, golden);
  for (PlannedOutput& output : spec.output.results) {
    output.golden = golden_path(golden, place.subfolder / output.path.filename());
    output.golden = in_other_form(output.golden).value_or(output.golden);
    if (!spec.golden_update && !output.path.empty()) output.difference_path = difference_path(output.path);
    if (spec.golden_update) check_update(spec, output.golden);
    require_golden(check_of(spec, output));
  }
}

std::optional<GoldenResult> check_planned_golden(const JobSpec& spec, const PlannedOutput& output,
                                                 const std::vector<std::uint8_t>& encoded) {
  if (output.golden.empty()) return std::nullopt;
  GoldenResult result = check_golden(encoded, check_of(spec, output));
  if (result.status == GoldenStatus::kUpdated)
    log::notice("golden picture " + printable(result.path.string()) + " written");
  return result;
}

std::optional<Error> judge_golden(const JobSpec& spec, JobReport& job) {
  if (!job.golden || !job.golden->failed()) return std::nullopt;
  const std::string seen = job.golden->difference.empty() ? "" : "see " + job.golden->difference.string() + "; ";
  job.status = "mismatch";
  job.error = Error(ErrorCode::kGolden, failure_text(spec, job, *job.golden),
                    seen + "if the result is right, --golden-update makes it the golden picture");
  return job.error;
}

void warn_of_goldens(const std::vector<GoldenResult>& failed) {
  if (!failed.empty()) log::warning("golden pictures that differ:\n" + golden_table(failed));
}

void finish_goldens(const std::vector<GoldenResult>& failed, const std::optional<Error>& last) {
  if (failed.empty()) return;
  warn_of_goldens(failed);
  if (failed.size() == 1) throw Error(*last);
  throw Error(ErrorCode::kGolden, std::to_string(failed.size()) + " results differ from their golden pictures",
              "if the results are right, --golden-update makes them the golden pictures");
}

}  // namespace zimage::app
