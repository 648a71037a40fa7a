#include "app/provenance/provenance.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/job/existing.h"
#include "app/options/mask_source.h"
#include "app/options/option.h"
#include "app/provenance/replay.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::app;
namespace fs = std::filesystem;

namespace {

struct Folder : test::TemporaryFolder {
  Folder() { fs::create_directories(path() / "model" / "vae"); }
  fs::path file(const std::string& name, const std::string& content) const {
    std::ofstream(path() / name) << content;
    return path() / name;
  }
};

struct Job {
  Folder folder;
  JobSpec spec;
  Image picture = Image(16, 16, 3);
  ModelInfo model;

  Job() {
    spec.options = option_table();
    spec.image = folder.file("picture.png", "picture");
    spec.mask.path = folder.file("mask.png", "mask");
    spec.model.model = folder.path() / "model";
    spec.sampling = spec.sampling.resolved({});
    spec.prompt = "a \"door\"\nin the wäll";
    model.name = "toy";
    model.device = "cuda:3";
    model.dtype = "bf16";
    model.files = {folder.file("model/vae/config.json", "{}")};
  }
  nlohmann::ordered_json provenance(std::uint64_t seed = 7) const {
    auto hashes = hash_inputs(spec);
    hashes["model"] = hash_model(model, spec.model.model);
    return describe_provenance(spec, seed, model, hashes);
  }
  fs::path write_png(const std::string& name, const std::map<std::string, std::string>& text) const {
    codecs::EncodeOptions options;
    options.text = text;
    const auto bytes = codecs::encode_image(picture, options);
    std::ofstream(folder.path() / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return folder.path() / name;
  }
};

Settings replaying(const fs::path& path) {
  Settings settings;
  settings.set("replay", {path.string()}, Source::kCommandLine);
  return settings;
}

}  // namespace

TEST_CASE("metadata says how the picture was made, but not where") {
  const Job job;
  const auto provenance = job.provenance();
  CHECK(provenance["options"]["seed"] == 7);
  CHECK(provenance["options"]["steps"] == 8);
  CHECK(provenance["model"]["device"] == "cuda");
  CHECK(provenance["hashes"]["model"].contains("vae/config.json"));
  CHECK(provenance["hashes"]["image"]["sha256"].get<std::string>().size() == 64);
  CHECK_FALSE(provenance["options"].contains("model"));
  for (const auto& [name, value] : provenance["options"].items()) {
    const OptionSpec* spec = find_option(name);
    REQUIRE(spec != nullptr);
    CHECK(spec->recorded);
  }
  const auto text = png_text(job.spec, job.picture, 7, job.model, provenance);
  CHECK(text.at("parameters").find("Steps: 8, Sampler: res_multistep") != std::string::npos);
  for (const char c : text.at(kProvenanceKey)) CHECK(static_cast<unsigned char>(c) < 0x80);
}

TEST_CASE("options that are off are recorded as off, whatever the table's defaults are") {
  Job job;
  const auto replayed = [&] {
    const auto provenance = job.provenance();
    Settings settings = replaying(job.write_png("out.png", png_text(job.spec, job.picture, 7, job.model, provenance)));
    apply_replay(settings);
    return settings;
  };
  const Settings off = replayed();
  for (const char* name : {"feather", "mask-grow", "jump-length"}) CHECK(off.integer(name) == 0);
  for (const char* name : {"color-match", "soft-mask", "mask-fill-holes"}) {
    CHECK(off.has(name));
    CHECK_FALSE(off.flag(name));
  }
  CHECK(off.text("crop") == "off");
  job.spec.feather = 9;
  job.spec.color_match = true;
  job.spec.sampling.jump_length = 2;
  job.spec.sampling.jump_count = 3;
  job.spec.crop = CropMode::kAuto;
  const Settings on = replayed();
  CHECK(on.integer("feather") == 9);
  CHECK(on.flag("color-match"));
  CHECK(on.integer("jump-length") == 2);
  CHECK(on.integer("jump-count") == 3);
  CHECK(on.text("crop") == "auto");
}

TEST_CASE("a replay restores the options") {
  const Job job;
  const auto provenance = job.provenance(UINT64_MAX);
  const fs::path png = job.write_png("out.png", png_text(job.spec, job.picture, UINT64_MAX, job.model, provenance));
  Settings settings = replaying(png);
  settings.set("steps", {"3"}, Source::kCommandLine);
  const std::string metadata = apply_replay(settings);
  CHECK(settings.seed() == UINT64_MAX);
  CHECK(settings.text("prompt") == job.spec.prompt);
  CHECK(settings.integer("steps") == 3);
  CHECK(settings.number("shift") == 3.0);
  CHECK(settings.flag("composite"));
  CHECK(changed_inputs(metadata, provenance["hashes"]).empty());
  job.folder.file("mask.png", "another");
  CHECK(changed_inputs(metadata, job.provenance()["hashes"]).size() == 1);
}

TEST_CASE("a picture that was moved together with its mask is found again") {
  Job job;
  job.spec.image = "/no/such/folder/picture.png";
  nlohmann::ordered_json provenance = describe_provenance(job.spec, 1, job.model, nlohmann::ordered_json::object());
  const fs::path png = job.write_png("out.png", {{kProvenanceKey, provenance.dump()}});
  Settings settings = replaying(png);
  apply_replay(settings);
  CHECK(settings.text("image") == (job.folder.path() / "picture.png").string());
}

TEST_CASE("hostile metadata is an input error") {
  const Job job;
  for (const char* text :
       {"", "{", "[]", "{\"options\": 3}", "{\"options\": {\"output\": \"/etc/x\"}}", "{\"options\": {\"steps\": [1]}}",
        "{\"options\": {\"steps\": 0}}", "{\"options\": {\"overwrite\": true}}", "{\"options\": {\"crop\": \"edge\"}}",
        "{\"options\": {\"seed\": -1}}", "{\"options\": {\"nothing\": 1}}"}) {
    const fs::path png = job.write_png("hostile.png", {{kProvenanceKey, text}});
    Settings settings = replaying(png);
    INFO(text);
    try {
      apply_replay(settings);
      FAIL("taken");
    } catch (const Error& e) {
      CHECK(e.code() == ErrorCode::kInput);
      CHECK(e.message().find("hostile.png") != std::string::npos);
    }
  }
  Settings plain = replaying(job.write_png("plain.png", {}));
  CHECK_THROWS_AS(apply_replay(plain), Error);
}

TEST_CASE("an existing output counts if it is whole and was made from the same inputs") {
  Job job;
  const auto provenance = job.provenance();
  const auto judge = [&](const fs::path& path, bool any_seed = false) {
    return judge_existing(path, job.provenance(), any_seed);
  };
  CHECK(judge(job.folder.path() / "none.png") == Existing::kNone);
  CHECK(judge(job.folder.file("broken.png", "\x89PNG")) == Existing::kDamaged);
  CHECK(judge(job.write_png("plain.png", {})) == Existing::kSame);
  const fs::path same = job.write_png("same.png", png_text(job.spec, job.picture, 7, job.model, provenance));
  CHECK(judge(same) == Existing::kSame);
  const fs::path seed = job.write_png("seed.png", png_text(job.spec, job.picture, 8, job.model, job.provenance(8)));
  CHECK(judge(seed) == Existing::kOther);
  CHECK(judge(seed, true) == Existing::kSame);
  job.spec.sampling.steps = 9;
  CHECK(judge(same) == Existing::kOther);
}

namespace {

/// Returns the options that differ between the record of `made` and the job.
std::vector<std::string> differing(const Job& made, const Job& job) {
  const fs::path png = made.write_png("made.png", png_text(made.spec, made.picture, 7, made.model, made.provenance()));
  std::vector<std::string> names;
  const Existing existing = judge_existing(png, job.provenance(), false, &names);
  CHECK(existing == (names.empty() ? Existing::kSame : Existing::kOther));
  return names;
}

using Names = std::vector<std::string>;

/// Gives the job two LoRAs with these contents.
void add_loras(Job& job, const std::string& first, const std::string& second, const std::string& content_of_first,
               const std::string& content_of_second) {
  for (const auto& [name, content] : {std::pair{first, content_of_first}, {second, content_of_second}}) {
    fs::create_directories((job.folder.path() / name).parent_path());
    job.model.files.push_back(job.folder.file(name, content));
  }
  job.spec.model.loras = {{.file = job.folder.path() / first, .scale = 1.0},
                          {.file = job.folder.path() / second, .scale = 0.5}};
}

}  // namespace

TEST_CASE("an existing output is compared by what its files hold, not by where they lie") {
  // Each job has a temporary folder of its own, so every path differs.
  const Job made;
  Job job;
  CHECK(differing(made, job) == Names{});
  job.spec.mask.path = job.folder.file("renamed.png", "mask");
  CHECK(differing(made, job) == Names{});
  job.spec.mask.path = job.folder.file("renamed.png", "another mask");
  CHECK(differing(made, job) == Names{"--mask"});
  job.spec.image = job.folder.file("picture.png", "another picture");
  job.spec.control_image = job.folder.file("edges.png", "edges");
  job.spec.sampling.steps = 9;
  CHECK(differing(made, job) == Names{"--control-image", "--image", "--mask", "--steps"});
}

TEST_CASE("an existing output is compared by what the model's files hold") {
  Job made;
  made.spec.model_given = true;
  Job job;
  CHECK(differing(made, job) == Names{});
  job.folder.file("model/vae/config.json", "{\"other\": 1}");
  CHECK(differing(made, job) == Names{"--model"});
}

TEST_CASE("the label and the picture's name count in an existing output of annotations") {
  const auto with_label = [](Job& job, const std::string& name, const std::string& label) {
    const fs::path file = job.folder.file(name, "{}");
    static_cast<MaskSource&>(job.spec.mask) = parse_mask_source(file.string() + label);
  };
  Job made;
  with_label(made, "a.json", ":door");
  Job job;
  with_label(job, "b.json", ":door");
  CHECK(differing(made, job) == Names{});
  for (const char* label : {":window", ""}) {
    with_label(job, "b.json", label);
    CHECK(differing(made, job) == Names{"--mask"});
  }
  with_label(job, "b.json", ":door");
  job.spec.image = job.folder.file("other.png", "picture");
  CHECK(differing(made, job) == Names{"--image"});
}

TEST_CASE("shapes of an existing output are compared by their numbers") {
  const auto with_shape = [](Job& job, const std::string& text) {
    static_cast<MaskSource&>(job.spec.mask) = parse_mask_source(text);
  };
  Job made;
  with_shape(made, "rect:1,1,20,20+ellipse:1,1,5,5");
  Job job;
  with_shape(job, "rect:1.0, 1,20,20 + ellipse:1,1,5,5");
  CHECK(differing(made, job) == Names{});
  for (const char* other : {"rect:1,1,20,21+ellipse:1,1,5,5", "rect:1,1,20%,20+ellipse:1,1,5,5", "rect:1,1,20,20",
                            "ellipse:1,1,20,20+ellipse:1,1,5,5", "alpha"}) {
    INFO(other);
    with_shape(job, other);
    CHECK(differing(made, job) == Names{"--mask"});
  }
}

TEST_CASE("LoRAs of an existing output are compared by their content and scale") {
  Job made;
  add_loras(made, "a.safetensors", "b.safetensors", "one", "two");
  Job moved;
  add_loras(moved, "x/c.safetensors", "y/d.safetensors", "one", "two");
  CHECK(differing(made, moved) == Names{});
  moved.spec.model.loras[1].scale = 0.25;
  CHECK(differing(made, moved) == Names{"--lora"});
  Job swapped;
  add_loras(swapped, "a.safetensors", "b.safetensors", "two", "one");
  CHECK(differing(made, swapped) == Names{"--lora"});
  const Job none;
  CHECK(differing(made, none) == Names{"--lora"});
  // Of one name, nothing but the path says which is which.
  Job alike;
  add_loras(alike, "x/a.safetensors", "y/a.safetensors", "one", "two");
  CHECK(differing(alike, alike) == Names{});
  const fs::path png =
      alike.write_png("kept.png", png_text(alike.spec, alike.picture, 7, alike.model, alike.provenance()));
  alike.folder.file("x/a.safetensors", "two");
  alike.folder.file("y/a.safetensors", "one");
  CHECK(judge_existing(png, alike.provenance(), false) == Existing::kOther);
}

TEST_CASE("a hostile record of an existing output is another one's") {
  const Job job;
  for (const char* text : {"[]", "{}", "{\"options\": 3, \"hashes\": []}",
                           "{\"options\": {\"image\": 3, \"mask\": [], "
                           "\"lora\": [3, \"x\"]}, \"hashes\": {\"image\": 3, \"mask\": null, \"model\": {\"x\": 1}}}",
                           "{\"options\": {\"mask\": \"rect:x\"}, \"hashes\": 1}"}) {
    INFO(text);
    CHECK(judge_existing(job.write_png("hostile.png", {{kProvenanceKey, text}}), job.provenance(), false) ==
          Existing::kOther);
  }
}
