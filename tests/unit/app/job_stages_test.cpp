// Runs a job's stages with the parity tests' tiny model, without the command line.
#include "app/job/job_stages.h"

#include "app/job/picture.h"
#include "app/job/resolve.h"
#include "app/provenance/provenance.h"
#include "support/catch.h"
#include "support/jobs.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

using test::JobFolder;
using test::Values;

class Recorder final : public Reporter {
 public:
  explicit Recorder(bool reads_figures) : reads_figures_(reads_figures) {}
  bool wants_figures() const override { return reads_figures_; }
  void job(const JobReport& report) override { reports.push_back(report); }
  void picture(const std::vector<std::uint8_t>& png) override { pictures.push_back(png); }
  std::vector<JobReport> reports;
  std::vector<std::vector<std::uint8_t>> pictures;

 private:
  bool reads_figures_;
};

/// A prepared job.
struct Prepared {
  RunningJob job;
  Session session;

  explicit Prepared(JobSpec spec) : job(std::move(spec)), session(job.spec.model, {"cpu", "fp32", 0}) {
    prepare_job(session, job);
  }
  JobReport finish(std::size_t k, Reporter& reporter) {
    Observer observer;
    return finish_output(session, job, k, compute_output(session, job, k, observer), 1.0, reporter);
  }
};

JobSpec resolved(const JobFolder& folder, const Values& more = {}) {
  Settings settings = folder.settings(more);
  return resolve(settings);
}

TEST_CASE("a prepared job knows its work, and a finished one its file") {
  const JobFolder folder;
  Prepared prepared(resolved(folder, {{"feather", "2"}, {"save-mask", folder.path("effective.png")}}));
  const RunningJob& job = prepared.job;
  CHECK(job.report.strategy == "repaint");
  CHECK(job.work.forwards == 2);
  CHECK(job.work.sigmas.size() == 3);
  CHECK(job.report.regions.size() == 1);
  CHECK(job.makes(0));
  CHECK(job.work_of(0).request.seed == 7);
  Recorder reader(true);
  const JobReport report = prepared.finish(0, reader);
  CHECK(report.status == "ok");
  REQUIRE(reader.reports.size() == 1);
  const codecs::ImageFile made = codecs::read_image(*report.output);
  CHECK(provenance_of(made).has_value());
  const Image editable = codecs::read_image(folder.path("effective.png")).image;
  std::size_t changed = 0;
  for (std::size_t i = 0; i < made.image.samples.size(); ++i) {
    if (made.image.samples[i] == folder.picture.samples[i]) continue;
    ++changed;
    CHECK(editable.samples[i / 3] == 255);
  }
  CHECK(changed > 0);
  CHECK(*report.changed_pixels >= changed / 3);
  CHECK(*report.max_change_outside_mask == 0);
  CHECK(report.timings_ms.contains("write"));
}

TEST_CASE("a result is decoded again only if somebody reads the figures") {
  const JobFolder folder;
  Prepared prepared(resolved(folder, {{"format", "jpeg"}}));
  Recorder nobody(false);
  const JobReport report = prepared.finish(0, nobody);
  CHECK_FALSE(report.changed_pixels);
  CHECK_FALSE(report.max_change_outside_mask);
  CHECK_FALSE(report.mean_change_outside_mask);
}

TEST_CASE("the pictures of one job have different seeds, and a picture for stdout isn't written to a file") {
  const JobFolder folder;
  Prepared several(resolved(folder, {{"num-images", "2"}}));
  Recorder reporter(true);
  const JobReport first = several.finish(0, reporter);
  const JobReport second = several.finish(1, reporter);
  CHECK(first.seed == 7);
  CHECK(second.seed == 8);
  CHECK_FALSE(codecs::read_image(*first.output).image.samples == codecs::read_image(*second.output).image.samples);
  Prepared to_stdout(resolved(folder, {{"output", "-"}}));
  const JobReport piped = to_stdout.finish(0, reporter);
  CHECK(piped.output->empty());
  REQUIRE(reporter.pictures.size() == 1);
  CHECK(codecs::decode_image(reporter.pictures.front(), "x").image.samples ==
        codecs::read_image(*first.output).image.samples);
}

TEST_CASE("an existing result of the same options is kept, and a dry run makes nothing") {
  const JobFolder folder;
  Recorder reporter(false);
  {
    Prepared once(resolved(folder));
    once.finish(0, reporter);
  }
  Prepared again(resolved(folder, {{"skip-existing", "true"}}));
  CHECK(again.job.all_kept());
  CHECK_FALSE(again.job.makes(0));
  CHECK(again.job.inputs == nullptr);
  CHECK(report_unmade(again.job, 0, reporter).status == "skipped");
  CHECK_THROWS_AS(Prepared(resolved(folder, {{"skip-existing", "true"}, {"steps", "3"}})), Error);
  const Prepared dry(resolved(folder, {{"dry-run", "true"}, {"output", folder.path("dry.png")}}));
  CHECK_FALSE(dry.job.makes(0));
  CHECK(report_unmade(dry.job, 0, reporter).status == "planned");
  CHECK_FALSE(std::filesystem::exists(folder.path("dry.png")));
}

TEST_CASE("of two runs with --skip-existing at once, the second keeps what the first has made") {
  const JobFolder folder;
  Recorder reporter(false);
  const Values options{{"skip-existing", "true"},
                       {"save-mask", folder.path("mask-of-run.png")},
                       {"save-crop", folder.path("crop.png")},
                       {"save-latents", folder.path("latents.safetensors")}};
  Prepared first(resolved(folder, options));
  Prepared second(resolved(folder, options));
  CHECK_FALSE(made_meanwhile(second.session, second.job, 0));
  const JobReport made = first.finish(0, reporter);
  CHECK(made.status == "ok");
  const auto time = std::filesystem::last_write_time(*made.output);
  // Whether it notices before it computes or when it writes:
  CHECK(made_meanwhile(second.session, second.job, 0));
  const JobReport kept = second.finish(0, reporter);
  CHECK(kept.status == "skipped");
  CHECK(*kept.output == *made.output);
  CHECK(std::filesystem::last_write_time(*made.output) == time);
}

TEST_CASE("a run finds the files beside a result that another one is still making") {
  const JobFolder folder;
  Recorder reporter(false);
  const Values options{{"skip-existing", "true"},
                       {"save-mask", folder.path("mask-of-run.png")},
                       {"save-latents", folder.path("latents.safetensors")}};
  {
    Prepared killed(resolved(folder, options));
    std::filesystem::remove(*killed.finish(0, reporter).output);
  }
  Prepared again(resolved(folder, options));
  CHECK(again.finish(0, reporter).status == "ok");
  // A file of somebody else's isn't replaced.
  std::filesystem::remove(*reporter.reports.back().output);
  std::filesystem::copy_file(folder.path("picture.png"), folder.path("mask-of-run.png"),
                             std::filesystem::copy_options::overwrite_existing);
  CHECK_THROWS_AS(Prepared(resolved(folder, options)), Error);
}

TEST_CASE("a result that another run has made with other options is not taken for ours") {
  const JobFolder folder;
  Recorder reporter(false);
  Prepared ours(resolved(folder, {{"skip-existing", "true"}}));
  Prepared other(resolved(folder, {{"skip-existing", "true"}, {"steps", "3"}}));
  CHECK(other.finish(0, reporter).status == "ok");
  CHECK_THROWS_AS(made_meanwhile(ours.session, ours.job, 0), Error);
  CHECK_THROWS_AS(ours.finish(0, reporter), Error);
}

TEST_CASE("patches replace the pixels that they cover, and a raw decode is the whole picture") {
  const JobFolder folder;
  const JobSpec spec = resolved(folder);
  LoadedInputs inputs;
  inputs.picture = std::make_shared<const PixelSource>(PixelSource{folder.picture, {}});
  inputs.mask = std::make_shared<const Mask>(folder.mask);
  Result result;
  Patch patch{{3, 4, 2, 1}, Image(2, 1, 3), {1, 0}};
  for (std::size_t i = 0; i < 6; ++i) patch.pixels.samples.set(i, 200);
  result.patches = {patch};
  Mask editable(folder.picture.width, folder.picture.height);
  const auto made_by = [&](const JobSpec& job) {
    const EncodedResult encoded = encode_result(job, inputs, result.patches, editable, 1, ModelInfo{}, {});
    Image image = codecs::decode_image(encoded.bytes, "the result").image;
    CHECK(encoded.width == image.width);
    return image;
  };
  const Image made = made_by(spec);
  CHECK(made.samples[made.index(3, 4)] == 200);
  CHECK(made.samples[made.index(4, 4)] == folder.picture.samples[folder.picture.index(4, 4)]);
  // Without --composite the picture is the decoded one.
  const Image raw = made_by(resolved(folder, {{"composite", "false"}}));
  CHECK(raw.width == 2);
}

}  // namespace
}  // namespace zimage::app
