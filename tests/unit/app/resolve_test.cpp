#include "app/job/resolve.h"

#include <algorithm>

#include "app/job/inputs.h"
#include "app/job/outputs.h"
#include "support/catch.h"
#include "support/jobs.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

using test::JobFolder;
using test::Values;

JobSpec resolved(const JobFolder& folder, const Values& more = {}) {
  Settings settings = folder.settings(more);
  return resolve(settings);
}

/// Returns the error that options lead to; fails the test if there is none.
Error refusal(const JobFolder& folder, const Values& more) {
  try {
    resolved(folder, more);
  } catch (const Error& e) {
    return e;
  }
  FAIL("taken");
  throw;
}

TEST_CASE("settings are resolved to a spec of typed values") {
  const JobFolder folder;
  const JobSpec spec = resolved(folder, {{"sampler", "euler"},
                                         {"feather", "9"},
                                         {"soft-mask", "true"},
                                         {"padding", "12"},
                                         {"quality", "80"},
                                         {"control-scale", "0.9"},
                                         {"no-metadata", "true"}});
  CHECK(spec.image == folder.path("picture.png"));
  CHECK(spec.mask.path == folder.path("mask.png"));
  CHECK(spec.seed == 7);
  CHECK(spec.seed_given);
  CHECK(spec.sampling.steps == 2);
  CHECK(spec.sampling.sampler == SamplerKind::kEuler);
  CHECK(spec.feather == 9);
  // In a soft mask every value above 0 counts, unless a threshold is given.
  CHECK(spec.mask.reading.soft);
  CHECK(spec.mask.reading.threshold == 0.0);
  CHECK(resolved(folder, {{"soft-mask", "true"}, {"mask-threshold", "0.25"}}).mask.reading.threshold == 0.25);
  CHECK(spec.padding == 12);
  CHECK_FALSE(spec.megapixels);
  CHECK(spec.quality == 80);
  // The control scale does nothing without a ControlNet.
  CHECK_FALSE(spec.sampling.control_scale);
  CHECK(spec.no_metadata);
  CHECK(spec.model_given);
}

TEST_CASE("a seed that isn't given is drawn at random or comes from the batch") {
  const JobFolder folder;
  Settings settings = folder.settings();
  Settings none;
  for (const char* name : {"image", "mask", "prompt", "model"}) {
    none.set(name, {settings.text(name)}, Source::kCommandLine);
  }
  CHECK_FALSE(resolve(none).seed_given);
  CHECK(resolve(none, {.batch = true, .random_seed = 11}).seed == 11);
  CHECK(resolve(none, {.batch = true, .random_seed = 11}).output.results.front().seed == 11);
}

TEST_CASE("options that make no sense are refused with the right code before anything is read") {
  const JobFolder folder;
  test::write(folder.folder / "notes.txt", "not a picture");
  test::write(folder.folder / "latin1.txt", "caf\xE9");
  const std::pair<Values, ErrorCode> wrong[] = {
      {{{"steps", "0"}}, ErrorCode::kUsage},
      {{{"device", "tpu"}}, ErrorCode::kUsage},
      {{{"device", "cuda:x"}}, ErrorCode::kUsage},
      {{{"outpaint", "1,2"}}, ErrorCode::kUsage},
      {{{"seed", "18446744073709551615"}, {"num-images", "2"}}, ErrorCode::kUsage},
      {{{"prompt-file", folder.path("notes.txt")}}, ErrorCode::kUsage},
      {{{"control-image", folder.path("picture.png")}}, ErrorCode::kUsage},
      {{{"output", folder.path("no/such/out.png")}}, ErrorCode::kUsage},
      {{{"save-mask", folder.path("mask.jpg")}}, ErrorCode::kUsage},
      {{{"golden-update", "true"}}, ErrorCode::kUsage},
      {{{"image", folder.path("nothing.png")}}, ErrorCode::kInput},
      {{{"image", folder.path("notes.txt")}}, ErrorCode::kInput},
      {{{"golden", folder.path("nothing.png")}}, ErrorCode::kInput},
      {{{"model", folder.path("no-model")}}, ErrorCode::kModel},
      {{{"controlnet", folder.path("no-controlnet")}}, ErrorCode::kModel}};
  for (const auto& [options, code] : wrong) {
    CAPTURE(options.front().first, options.front().second);
    CHECK(refusal(folder, options).code() == code);
  }
}

TEST_CASE("prompts come from their options, and the negative one counts only with guidance") {
  const JobFolder folder;
  CHECK(prompts_of(resolved(folder)) == std::vector<std::string>{"a red fox"});
  const JobSpec guided = resolved(folder, {{"guidance-scale", "2"}, {"negative-prompt", "fog"}});
  CHECK(prompts_of(guided) == std::vector<std::string>{"a red fox", "fog"});
  test::write(folder.folder / "prompt.txt",
              "\xEF\xBB\xBF"
              "a blue door\r\n");
  Settings from_file;
  for (const auto& [name, value] : Values{{"image", folder.path("picture.png")},
                                          {"mask", folder.path("mask.png")},
                                          {"prompt-file", folder.path("prompt.txt")},
                                          {"model", std::string(ZIMAGE_SOURCE_DIR) + "/tests/fixtures/models/a"}}) {
    from_file.set(name, {value}, Source::kCommandLine);
  }
  CHECK(resolve(from_file).prompt == "a blue door");
}

TEST_CASE("outputs have names, seeds and formats, and no two share a path") {
  const JobFolder folder;
  const JobSpec spec = resolved(folder, {{"num-images", "3"}, {"save-latents", folder.path("l.safetensors")}});
  REQUIRE(spec.output.results.size() == 3);
  CHECK(spec.output.results[2].path == folder.path("picture-inpainted-2.png"));
  CHECK(spec.output.results[2].seed == 9);
  CHECK(spec.output.results[2].latents_path == folder.path("l-2.safetensors"));
  CHECK(all_output_paths(spec.output).size() == 6);
  CHECK(resolved(folder, {{"format", "jpeg"}}).output.results.front().path == folder.path("picture-inpainted.jpg"));
  CHECK(resolved(folder, {{"output", "-"}}).output.results.front().path.empty());
  const std::string same = folder.path("same.png");
  CHECK(refusal(folder, {{"output", same}, {"save-mask", same}}).code() == ErrorCode::kUsage);
  CHECK(refusal(folder, {{"output", same}, {"golden", same}, {"golden-update", "true"}}).code() == ErrorCode::kUsage);
  test::write(folder.folder / "there.png", "x");
  CHECK(refusal(folder, {{"output", folder.path("there.png")}}).code() == ErrorCode::kUsage);
  CHECK_NOTHROW(resolved(folder, {{"output", folder.path("there.png")}, {"overwrite", "true"}}));
  // A batch creates the folders of its tree when it writes to them.
  Settings settings = folder.settings();
  const JobSpec in_tree = resolve(settings, {.batch = true, .folder = folder.path("tree/a"), .random_seed = {}});
  CHECK(in_tree.output.results.front().path == folder.path("tree/a/picture.png"));
}

TEST_CASE("a preview is the one result of a job, and in a batch it follows the tree") {
  const JobFolder folder;
  const Values drawn = {{"preview", folder.path("p.png")}, {"num-images", "3"}, {"output", folder.path("no/such.png")}};
  const JobSpec spec = resolved(folder, drawn);
  CHECK(spec.output.preview);
  REQUIRE(spec.output.results.size() == 1);
  CHECK(spec.output.results.front().path == folder.path("p.png"));
  CHECK(all_output_paths(spec.output).size() == 1);
  Settings settings = folder.settings({{"preview", folder.path("drawn")}});
  const JobPlace place{.batch = true, .folder = folder.path("out/a"), .subfolder = "a", .random_seed = {}};
  CHECK(resolve(settings, place).output.results.front().path == folder.path("drawn/a/picture.png"));
  settings.set("preview", {folder.path("own.png")}, Source::kJob);
  CHECK(resolve(settings, place).output.results.front().path == folder.path("own.png"));
  CHECK(refusal(folder, {{"preview", folder.path("picture.png")}, {"overwrite", "true"}}).code() == ErrorCode::kUsage);
}

TEST_CASE("each result has its own names for its steps") {
  const JobFolder folder;
  const JobSpec spec = resolved(folder, {{"num-images", "2"}, {"save-previews", folder.path("steps")}});
  CHECK(spec.output.results[1].steps_path == folder.path("steps/picture-inpainted-1-step"));
  const auto paths = all_output_paths(spec.output);
  CHECK(std::count(paths.begin(), paths.end(), folder.path("steps/picture-inpainted-1-step-01.png")) == 1);
  test::write(folder.folder / "file", "x");
  CHECK(refusal(folder, {{"save-previews", folder.path("file")}}).code() == ErrorCode::kUsage);
  CHECK(refusal(folder, {{"save-previews", folder.path("no/such")}}).code() == ErrorCode::kUsage);
}

TEST_CASE("the folder of the steps is in the place of no other output") {
  const JobFolder folder;
  const std::string one = folder.path("one"), png = folder.path("x.png"), tensors = folder.path("x.safetensors");
  const Values alike[] = {{{"save-previews", png}, {"output", folder.path("./y/../x.png")}},
                          {{"save-previews", png}, {"save-mask", png}},
                          {{"save-previews", png}, {"save-crop", png}},
                          {{"save-previews", tensors}, {"save-latents", tensors}}};
  for (const Values& options : alike) {
    const Error error = refusal(folder, options);
    CHECK(error.code() == ErrorCode::kUsage);
    CHECK(error.message().find("--save-previews writes into a folder") == 0);
  }
  CHECK_NOTHROW(resolved(folder, {{"save-previews", one}, {"output", png}}));
}

TEST_CASE("stdout takes a result and nothing else") {
  const JobFolder folder;
  for (const char* option : {"save-mask", "save-crop", "save-latents", "save-previews", "preview"}) {
    CAPTURE(option);
    CHECK(refusal(folder, {{option, "-"}}).code() == ErrorCode::kUsage);
  }
  const Settings alone = folder.settings({{"save-mask", "-"}});
  CHECK_THROWS_AS(resolve_mask_alone(alone), Error);
}

TEST_CASE("in a batch a job's own output names its preview, and the ending of a result tells its steps apart") {
  const JobFolder folder;
  Settings settings = folder.settings({{"preview", folder.path("drawn")}});
  settings.set("output", {folder.path("made.jpg")}, Source::kJob);
  CHECK(shared_preview_path(settings, "") == folder.path("drawn/made.png"));
  CHECK(preview_source(settings) == folder.path("made.jpg"));
  settings.set("output", {folder.path("")}, Source::kJob);  // a folder has no name for it
  CHECK(shared_preview_path(settings, "a") == folder.path("drawn/a/picture.png"));

  Settings steps = folder.settings({{"save-previews", folder.path("steps")}, {"format", "jpeg"}});
  const JobPlace place{.batch = true, .folder = folder.path("out"), .subfolder = {}, .random_seed = {}};
  CHECK(resolve(steps, place).output.results.front().steps_path == folder.path("steps/picture.jpg-step"));
  steps.set("format", {"png"}, Source::kCommandLine);
  CHECK(resolve(steps, place).output.results.front().steps_path == folder.path("steps/picture-step"));
}

TEST_CASE("inputs are read once, and a request shares them") {
  const JobFolder folder;
  const JobSpec spec = resolved(folder, {{"mask-grow", "2"}, {"outpaint", "0,0,16,0"}});
  const auto inputs = read_inputs(spec);
  CHECK(inputs->image().width == 80);
  CHECK(inputs->mask->width == 80);
  CHECK(inputs->mask->repaint[inputs->mask->index(70, 40)] == 1);  // the painted border
  CHECK(inputs->mask->repaint[inputs->mask->index(19, 15)] == 1);  // grown
  CHECK(inputs->mask->repaint[inputs->mask->index(17, 15)] == 0);
  const Request request = make_request(spec, *inputs);
  CHECK(request.picture == inputs->picture);
  CHECK(request.mask == inputs->mask);
  CHECK(request.sampling == spec.sampling);
  CHECK(request.control_image == nullptr);
  test::write(folder.folder / "black.png", codecs::encode_image(Image(64, 48, 1), {}));
  test::write(folder.folder / "wide.png", codecs::encode_image(Image(64, 20, 1), {}));
  for (const char* mask : {"black.png", "wide.png"}) {
    const JobSpec bad = resolved(folder, {{"mask", folder.path(mask)}});
    const auto error = test::error_of([&] { read_inputs(bad); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInput);
  }
}

}  // namespace
}  // namespace zimage::app
