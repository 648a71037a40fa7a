#include <set>

#include "app/options/option.h"
#include "app/tools/get_plan.h"
#include "app/tools/get_run.h"
#include "base/bytes_text.h"
#include "support/catch.h"
#include "support/files.h"

using namespace zimage::app;
using zimage::Error;
using zimage::ErrorCode;

namespace {

GetPlan plan_of(const std::string& name, const std::filesystem::path& folder, bool overwrite = false) {
  return plan_get({.name = name, .folder = folder, .downloader = "curl", .overwrite = overwrite},
                  {.endpoint = "https://hub.example"}, {.name = "curl", .program = "/usr/bin/curl"});
}

}  // namespace

TEST_CASE("the names that the option takes are those of the sets") {
  const OptionSpec* name = find_option(find_subcommand("get")->options, "NAME");
  std::vector<std::string> names = {"list"};
  for (const PublishedSet& set : published_sets()) names.push_back(set.name);
  CHECK(words(name->choices) == names);
}

TEST_CASE("a set's files have different places, and each an option that takes it") {
  for (const PublishedSet& set : published_sets()) {
    std::set<std::string> paths;
    std::set<std::string> options;
    for (const PublishedFile& file : set.files) {
      INFO(file.path);
      CHECK(paths.insert(file.path).second);
      CHECK(options.insert(file.option).second);
      REQUIRE(find_option(file.option) != nullptr);
      CHECK(find_option(file.option)->group == Group::kModel);
    }
    CHECK((options.count("model") == 0 || options.size() == 3));
  }
}

TEST_CASE("what is there with its size, and what an earlier run began, isn't counted as missing") {
  const zimage::test::TemporaryFolder folder;
  const GetPlan before = plan_of("controlnet-2.1", folder.path());
  REQUIRE(before.files.size() == 1);
  const std::uint64_t bytes = before.files[0].file->bytes;
  CHECK(before.missing_bytes() == bytes);
  CHECK(before.files[0].url ==
        "https://hub.example/alibaba-pai/Z-Image-Turbo-Fun-Controlnet-Union-2.1/resolve/main/"
        "Z-Image-Turbo-Fun-Controlnet-Union-2.1-2602-8steps.safetensors");
  const auto resize = [](const std::filesystem::path& path, std::uint64_t size) {
    zimage::test::write(path, std::string());
    std::filesystem::resize_file(path, size);
  };
  resize(before.files[0].part, 1000);
  CHECK(plan_of("controlnet-2.1", folder.path()).missing_bytes() == bytes - 1000);
  resize(before.files[0].part, bytes);
  CHECK(plan_of("controlnet-2.1", folder.path()).files[0].complete());
  resize(before.files[0].part, bytes + 1);
  CHECK(plan_of("controlnet-2.1", folder.path()).missing_bytes() == bytes);
  resize(before.files[0].target, bytes);
  CHECK(plan_of("controlnet-2.1", folder.path()).missing_bytes() == 0);
  resize(before.files[0].target, bytes - 1);
  const auto refused = zimage::test::error_of([&] { plan_of("controlnet-2.1", folder.path()); });
  REQUIRE(refused.has_value());
  CHECK(refused->code() == ErrorCode::kUsage);
  CHECK_FALSE(plan_of("controlnet-2.1", folder.path(), /*overwrite=*/true).files[0].there);
}

TEST_CASE("a disk must have room for what is missing") {
  const zimage::test::TemporaryFolder folder;
  const GetPlan plan = plan_of("turbo-int8", folder.path());
  CHECK_FALSE(zimage::test::error_of([&] { check_space(plan, plan.missing_bytes()); }).has_value());
  const auto error = zimage::test::error_of([&] { check_space(plan, plan.missing_bytes() - 1); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::kRuntime);
  CHECK(error->message().find("needs 12.2 GB") != std::string::npos);
}

TEST_CASE("words are quoted for a shell where they need it") {
  CHECK(shell_word("a/b-c_1.x") == "a/b-c_1.x");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("a b") == "'a b'");
  CHECK(shell_word("~") == "'~'");
  CHECK(shell_word("it's $x") == "'it'\\''s $x'");
}

TEST_CASE("sizes of downloads are decimal") {
  CHECK(zimage::decimal_bytes_text(999'999) == "999999 bytes");
  CHECK(zimage::decimal_bytes_text(335'304'388) == "335 MB");
  CHECK(zimage::decimal_bytes_text(6'201'001'296) == "6.2 GB");
}
