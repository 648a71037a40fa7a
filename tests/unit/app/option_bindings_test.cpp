// An option needs only its row in the table: one that is added there alone works wherever options matter.
#include <nlohmann/json.hpp>
#include <set>

#include "app/job/existing.h"
#include "app/job/job_stages.h"
#include "app/job/resolve.h"
#include "app/options/available.h"
#include "app/options/binding.h"
#include "app/options/option.h"
#include "app/options/special_bindings.h"
#include "app/provenance/provenance.h"
#include "app/provenance/replay.h"
#include "support/catch.h"
#include "support/jobs.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

using test::JobFolder;
using test::Values;

/// Returns the program's table with one more option. It is bound to the field of another option, which comes before it.
std::span<const OptionSpec> table_with_probe() {
  static const std::vector<OptionSpec> table = [] {
    std::vector<OptionSpec> rows(option_table().begin(), option_table().end());
    rows.push_back({.name = "probe",
                    .group = Group::kSampling,
                    .kind = Kind::kInteger,
                    .value_name = "N",
                    .default_value = "3",
                    .min = 0,
                    .max = 9,
                    .bind = bound<&JobSpec::golden_tolerance>(),
                    .recorded = true,
                    .reported = true,
                    .per_job = true,
                    .help = "an option of the tests"});
    return rows;
  }();
  return table;
}

JobSpec spec_with_probe(const JobFolder& folder, const Values& more = {}) {
  Settings settings = folder.settings(more, table_with_probe());
  return resolve(settings);
}

nlohmann::ordered_json provenance_of(const JobSpec& spec) {
  return describe_provenance(spec, spec.seed, ModelInfo{}, nlohmann::ordered_json::object());
}

TEST_CASE("an option that is only added to the table appears in metadata, replays, reports and comparisons") {
  const JobFolder folder;
  const JobSpec by_default = spec_with_probe(folder);
  const JobSpec given = spec_with_probe(folder, {{"probe", "7"}});
  CHECK(by_default.golden_tolerance == 3);
  CHECK(given.golden_tolerance == 7);
  // Metadata records it.
  CHECK(provenance_of(by_default)["options"]["probe"] == 3);
  CHECK(provenance_of(given)["options"]["probe"] == 7);
  // --replay restores it.
  codecs::EncodeOptions options;
  options.text = png_text(given, folder.picture, 7, ModelInfo{}, provenance_of(given));
  test::write(folder.folder / "made.png", codecs::encode_image(folder.picture, options));
  Settings replaying(table_with_probe());
  replaying.set("replay", {folder.path("made.png")}, Source::kCommandLine);
  apply_replay(replaying);
  CHECK(replaying.integer("probe") == 7);
  // --skip-existing compares it.
  CHECK(judge_existing(folder.path("made.png"), provenance_of(given), false) == Existing::kSame);
  CHECK(judge_existing(folder.path("made.png"), provenance_of(by_default), false) == Existing::kOther);
  // --batch-size stacks only jobs that agree in it.
  CHECK(same_sampling(given, spec_with_probe(folder, {{"probe", "7"}, {"seed", "8"}})));
  CHECK_FALSE(same_sampling(given, by_default));
  // Reports hold it, for a resolved job and for one that could not be resolved.
  CHECK(RunningJob(given).report.options["probe"] == 7);
  CHECK(reported_options(folder.settings({{"probe", "8"}}, table_with_probe()))["probe"] == 8);
  // Its range is checked.
  CHECK_THROWS_AS(spec_with_probe(folder, {{"probe", "10"}}), Error);
}

TEST_CASE("every recorded or reported option can be read from a spec") {
  for (const OptionSpec& option : option_table()) {
    INFO(option.name);
    if (option.recorded || option.reported) {
      CHECK(option.bind.get != nullptr);
      CHECK(option.bind.set != nullptr);
    }
  }
}

template <class E>
std::string words_of() {
  std::string out;
  for (const Choice<E>& choice : choices(E{})) {
    if (!out.empty()) out += ' ';
    out += choice.word;
  }
  return out;
}

TEST_CASE("the table's choices are the names of the values they are bound to") {
  CHECK(find_option("sampler")->choices == words_of<SamplerKind>());
  CHECK(find_option("strategy")->choices == words_of<Strategy>());
  CHECK(find_option("crop")->choices == words_of<CropMode>());
}

TEST_CASE("a label of the mask is recorded and comes back") {
  const JobFolder folder;
  for (const char* label : {"=3", "=#ff0080"}) {
    Settings settings = folder.settings({{"mask-threshold", label}});
    const JobSpec spec = resolve(settings);
    REQUIRE(spec.mask.label.has_value());
    CHECK(recorded_options(spec, 1)["mask-threshold"] == label);
  }
  Settings share = folder.settings({{"mask-threshold", "0.25"}});
  const JobSpec spec = resolve(share);
  CHECK_FALSE(spec.mask.label.has_value());
  CHECK(recorded_options(spec, 1)["mask-threshold"] == 0.25);
}

TEST_CASE("recorded options come back as the same spec") {
  const JobFolder folder;
  const Values given = {
      {"sampler", "euler"},         {"strategy", "repaint"}, {"crop", "off"},         {"feather", "2"},
      {"mask-invert", "true"},      {"mask-grow", "1"},      {"jump-length", "2"},    {"jump-count", "3"},
      {"guidance-scale", "2.5"},    {"strength", "0.7"},     {"outpaint", "0,8,0,0"}, {"dtype", "fp32"},
      {"negative-prompt", "fog"},   {"steps", "3"},          {"shift", "4.5"},        {"cfg-truncation", "0.5"},
      {"cfg-normalization", "0.75"}};
  Settings settings = folder.settings(given);
  const JobSpec spec = resolve(settings);
  Settings again;
  const auto recorded = recorded_options(spec, spec.seed);
  for (const auto& [name, value] : recorded.items()) {
    again.set(name, {value.is_string() ? value.get<std::string>() : value.dump()}, Source::kReplay);
  }
  CHECK(recorded_options(resolve(again), spec.seed) == recorded);
  for (const auto& [name, value] : given) {
    INFO(name);
    CHECK(recorded.contains(name));
  }
}

TEST_CASE("the settings of guidance are recorded only where they act, so that other runs keep their metadata") {
  const JobFolder folder;
  const Values limits = {{"cfg-truncation", "0.5"}, {"cfg-normalization", "1"}};
  const auto recorded = [&](const Values& more) {
    Settings settings = folder.settings(more);
    RunningJob job(resolve(settings));
    job.follow_model(ModelInfo{});
    return recorded_options(job.spec, job.spec.seed);
  };
  const auto without = recorded(limits);
  CHECK_FALSE(without.contains("cfg-truncation"));
  CHECK_FALSE(without.contains("cfg-normalization"));
  const auto plain = recorded({{"guidance-scale", "4"}});
  CHECK_FALSE(plain.contains("cfg-truncation"));
  CHECK_FALSE(plain.contains("cfg-normalization"));
  Values guided = limits;
  guided.emplace_back("guidance-scale", "4");
  CHECK(recorded(guided)["cfg-truncation"] == 0.5);
  CHECK(recorded(guided)["cfg-normalization"] == 1.0);
}

TEST_CASE("what a job leaves open is the model's, and is recorded and reported like a given value") {
  const JobFolder folder;
  ModelInfo base;
  base.variant = Variant::kBase;
  base.defaults = {30, 6.0, 4.0};
  Settings open;
  Settings all = folder.settings({{"negative-prompt", "fog"}});
  for (const char* name : {"image", "mask", "prompt", "model", "seed", "negative-prompt"}) {
    open.set(name, {all.text(name)}, Source::kCommandLine);
  }
  CHECK(resolve_prompts(open, SamplingDefaults{}) == std::vector<std::string>{"a red fox"});
  CHECK(resolve_prompts(open, base.defaults) == std::vector<std::string>{"a red fox", "fog"});
  RunningJob job(resolve(open));
  CHECK(job.report.options["steps"].is_null());
  CHECK(job.report.sigmas.empty());
  job.follow_model(base);
  CHECK(job.report.options["steps"] == 30);
  CHECK(job.report.options["shift"] == 6.0);
  CHECK(job.report.guidance_scale == 4.0);
  CHECK(job.report.sigmas.size() == 31);
  CHECK(job.report.guided_forwards == 30);
  CHECK(prompts_of(job.spec) == std::vector<std::string>{"a red fox", "fog"});
  CHECK(recorded_options(job.spec, 7)["negative-prompt"] == "fog");
  // A job that gives the same values shares its forwards.
  Settings given = folder.settings({{"steps", "30"}, {"shift", "6"}, {"guidance-scale", "4"}});
  RunningJob same(resolve(given));
  same.follow_model(base);
  CHECK(same_sampling(job.spec, same.spec));
  // A recorded value wins over the model's.
  Settings replayed = open;
  replayed.set("steps", {"8"}, Source::kReplay);
  replayed.set("guidance-scale", {"1"}, Source::kReplay);
  RunningJob again(resolve(replayed));
  again.follow_model(base);
  CHECK(again.report.forwards == 8);
  CHECK(again.report.guided_forwards == 0);
  CHECK(again.report.options["shift"] == 6.0);
}

TEST_CASE("jumps that make too many steps are refused before the model is known") {
  const JobFolder folder;
  Settings settings = folder.settings({{"steps", "1000"}, {"jump-length", "1"}, {"jump-count", "1000"}});
  const JobSpec spec = resolve(settings);
  const auto error = test::error_of([&] { RunningJob job(spec); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUsage);
}

TEST_CASE("a LoRA's scale is what follows its last colon, if that is a number") {
  const std::tuple<const char*, const char*, double> cases[] = {
      {"a.safetensors", "a.safetensors", 1.0},
      {"a.safetensors:0.5", "a.safetensors", 0.5},
      {"a:-2", "a", -2.0},
      {"a:0", "a", 0.0},
      {"dir:7/a", "dir:7/a", 1.0},
      {"a:b", "a:b", 1.0},
      {"a:0.5:1e-2", "a:0.5", 0.01},
      {"a:", "a:", 1.0},
      {"a:0x10", "a:0x10", 1.0},
      {"a:1 ", "a:1 ", 1.0},
  };
  for (const auto& [text, file, scale] : cases) {
    INFO(text);
    const LoraPath lora = parse_lora(text);
    CHECK(lora.file == file);
    CHECK(lora.scale == scale);
  }
  for (const char* text : {"a:inf", "a:nan", "a:-inf", "a:1e999", ":0.5", ":1", ""}) {
    INFO(text);
    const auto error = test::error_of([&] { parse_lora(text); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUsage);
    CHECK(!error->hint().empty());
  }
}

TEST_CASE("a size of memory is a number and a unit") {
  const std::pair<const char*, std::uint64_t> cases[] = {
      {"6GB", 6'000'000'000},      {"6gb", 6'000'000'000},  {"6 GB", 6'000'000'000}, {"7.5GiB", 8'053'063'680},
      {"1G", 1'073'741'824},       {"800M", 838'860'800},   {"1MB", 1'000'000},      {"2TB", 2'000'000'000'000},
      {"1TiB", 1'099'511'627'776}, {"512 MiB", 536'870'912}};
  for (const auto& [text, bytes] : cases) {
    INFO(text);
    CHECK(parse_size(text) == bytes);
  }
  for (const char* text :
       {"", "6", "GB", "6 G B X", "0GB", "-1GB", "1e99GB", "nanGB", "infGB", "0.5MB", "6GBB", "6,5GB"}) {
    INFO(text);
    const auto error = test::error_of([&] { parse_size(text); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUsage);
    CHECK(error->hint().find("--max-memory") != std::string::npos);
  }
}

TEST_CASE("LoRAs are recorded in their order with their scales, and replayed; none are not recorded") {
  const JobFolder folder;
  Settings settings = folder.settings({{"lora-allow-unmatched", "true"}});
  settings.set("lora", {"b:0.25", "a:0.5", "c:1"}, Source::kCommandLine);
  const JobSpec spec = resolve(settings);
  const std::vector<LoraPath> wanted = {{"b", 0.25}, {"a", 0.5}, {"c", 1.0}};
  CHECK((spec.model.loras == wanted));
  CHECK(spec.model.lora_allow_unmatched);
  const auto recorded = recorded_options(spec, spec.seed);
  CHECK(recorded["lora"] == nlohmann::ordered_json{"b:0.25", "a:0.5", "c:1.0"});
  CHECK(recorded["lora-allow-unmatched"] == true);

  codecs::EncodeOptions options;
  options.text = png_text(spec, folder.picture, 7, ModelInfo{}, provenance_of(spec));
  test::write(folder.folder / "made.png", codecs::encode_image(folder.picture, options));
  Settings replaying;
  replaying.set("replay", {folder.path("made.png")}, Source::kCommandLine);
  apply_replay(replaying);
  CHECK(replaying.list("lora") == std::vector<std::string>{"b:0.25", "a:0.5", "c:1.0"});
  JobSpec again;
  bind_options(replaying, again);
  CHECK((again.model.loras == wanted));

  Settings plain = folder.settings();
  const JobSpec none = resolve(plain);
  CHECK(!recorded_options(none, none.seed).contains("lora"));
  CHECK(!recorded_options(none, none.seed).contains("lora-allow-unmatched"));
  CHECK(judge_existing(folder.path("made.png"), provenance_of(spec), false) == Existing::kSame);
  CHECK(judge_existing(folder.path("made.png"), provenance_of(none), false) == Existing::kOther);
}

TEST_CASE("a report may not be written over a LoRA") {
  Settings settings;
  settings.set("lora", {"style.safetensors:0.5", "other.safetensors"}, Source::kCommandLine);
  settings.set("report", {"style.safetensors"}, Source::kCommandLine);
  CHECK_THROWS_AS(check_own_file(settings, "report"), Error);
  settings.set("report", {"other.safetensors"}, Source::kCommandLine);
  CHECK_THROWS_AS(check_own_file(settings, "report"), Error);
  settings.set("report", {"report.jsonl"}, Source::kCommandLine);
  CHECK_NOTHROW(check_own_file(settings, "report"));
}

}  // namespace
}  // namespace zimage::app
