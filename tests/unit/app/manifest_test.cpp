#include "app/batch/manifest.h"

#include <fstream>

#include "app/options/option.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::app;
namespace fs = std::filesystem;

namespace {

Settings command() {
  Settings settings;
  settings.set("prompt", {"of the command"}, Source::kCommandLine);
  settings.set("steps", {"4"}, Source::kCommandLine);
  settings.set("feather", {"3"}, Source::kCommandLine);
  return settings;
}

Settings parse(const std::string& line) { return parse_manifest_line(line, command(), "lists"); }

std::string refusal(const std::string& line) {
  try {
    parse(line);
  } catch (const Error& e) {
    REQUIRE(e.code() == ErrorCode::kInput);
    return e.message();
  }
  return "";
}

bool says(const std::string& line, const std::string& part) { return refusal(line).find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a line's values win over the command's, and its paths start from the manifest's folder") {
  const Settings job = parse(
      R"({"image": "a b/ü.png", "mask": "alpha", "prompt": "a\nb", "seed": 18446744073709551615, "steps": 6,
          "output": "/x/out.png", "mask-invert": true, "no-color-match": true, "strength": 0.5, "padding": null})");
  CHECK(job.text("image") == "lists/a b/ü.png");
  CHECK(job.text("mask") == "alpha");
  CHECK(job.text("prompt") == "a\nb");
  CHECK(job.seed() == UINT64_MAX);
  CHECK(job.integer("steps") == 6);
  CHECK(job.text("output") == "/x/out.png");
  CHECK(job.flag("mask-invert"));
  CHECK_FALSE(job.flag("color-match"));
  CHECK(job.number("strength") == 0.5);
  CHECK(job.integer("feather") == 3);
  CHECK_FALSE(job.has("padding"));
}

TEST_CASE("a prompt file of a job replaces the command's prompt") {
  const Settings job = parse(R"({"prompt-file": "p.txt"})");
  CHECK_FALSE(job.has("prompt"));
  CHECK(job.text("prompt-file") == "lists/p.txt");
}

TEST_CASE("lines that can't be a job are refused with a reason") {
  CHECK(says("{", "not valid JSON"));
  CHECK(says("[1]", "not a JSON object"));
  CHECK(says(R"({"image": "a", "image": "b"})", "twice"));
  CHECK(says(R"({"imge": "a"})", "unknown key 'imge'"));
  CHECK(says(R"({"no-image": true})", "unknown key"));
  CHECK(says(R"({"model": "m"})", "can't differ between jobs"));
  CHECK(says(R"({"device": "cpu"})", "can't differ between jobs"));
  CHECK(says(R"({"image": ["a"]})", "wrong type"));
  CHECK(says(R"({"steps": 0})", "--steps can't be '0'"));
  CHECK(says(R"({"steps": 1.5})", "--steps"));
  CHECK(says(R"({"seed": -1})", "--seed"));
  CHECK(says(R"({"image": ""})", "--image"));
  CHECK(says(R"({"output": "-"})", "can't be -"));
  CHECK(says(R"({"image": "-"})", "can't be -"));
  CHECK(says(R"({"mask-threshold": "=x"})", "--mask-threshold"));
  CHECK(says(R"({"image": "a\u0000.png"})", "'image' holds a zero character"));
  CHECK(says("{\"prompt\": \"T\xFCr\"}", "not UTF-8"));
}

TEST_CASE("jobs may differ in every recorded option except those of the model, which is loaded once") {
  const std::set<std::string> shared{"model", "text-encoder",         "tokenizer", "vae", "controlnet",
                                     "lora",  "lora-allow-unmatched", "dtype"};
  for (const OptionSpec& spec : option_table()) {
    if (!spec.recorded) continue;
    CAPTURE(spec.name);
    CHECK(spec.per_job == !shared.contains(spec.name));
  }
}

TEST_CASE("a manifest file is read whole, and a bad line is named") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "jobs.jsonl";
  std::ofstream(path) << "\xEF\xBB\xBF{\"image\": \"a.png\"}\r\n\n  \n{\"image\": \"b.png\"}";
  const auto jobs = list_manifest_jobs(path, command());
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0].settings.text("image") == (folder / "a.png").string());
  CHECK(jobs[1].index == 1);
  CHECK(jobs[1].name == path.string() + " line 4");

  std::ofstream(path) << "{\"image\": \"a.png\"}\n{\"x\": 1}\n";
  CHECK_THROWS_WITH(list_manifest_jobs(path, command()), Catch::Contains("line 2: unknown key 'x'"));
  std::ofstream(path) << "{\"image\": \"a.png\"}\n{\"image\": \"\xFC.png\"}\n";
  CHECK_THROWS_WITH(list_manifest_jobs(path, command()), Catch::Contains("line 2: it is not UTF-8 text"));
  std::ofstream(path) << std::string("\xFF\xFE{\0}\0\n\0", 8);
  CHECK_THROWS_WITH(list_manifest_jobs(path, command()), Catch::Contains("jobs.jsonl is UTF-16 text"));
  std::ofstream(path) << "\n\n";
  CHECK_THROWS_AS(list_manifest_jobs(path, command()), Error);
}
