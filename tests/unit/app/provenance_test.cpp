#include "app/provenance/provenance.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/job/existing.h"
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
