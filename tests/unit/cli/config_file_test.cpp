#include "cli/config_file.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/catch.h"
#include "zimage/error.h"

using zimage::Error;
using zimage::app::Settings;
using zimage::app::Source;

namespace {

struct ConfigText {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("zimage-config-" + std::to_string(::getpid()) + ".toml");
  explicit ConfigText(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
  ~ConfigText() { std::filesystem::remove(path); }
};

Settings read(const std::string& text) {
  const ConfigText file(text);
  Settings settings;
  zimage::cli::read_config(file.path, settings);
  return settings;
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const Error& e) {
    CHECK(e.code() == zimage::ErrorCode::kUsage);
    CHECK(e.message().find("zimage-config-") != std::string::npos);
    return e.message();
  }
  return "";
}

}  // namespace

TEST_CASE("a configuration gives options") {
  const Settings settings = read(
      "# defaults\nsteps = 4\nprompt = \"a cat, #1 of [two]\" # why\nmodel = '/models/back\\slash'\n"
      "composite = false\nno-color-match = true\nlora = [\"a:1\", \"b\"]\njson = true\nverbose = 2\n");
  CHECK(settings.integer("steps") == 4);
  CHECK(settings.text("prompt") == "a cat, #1 of [two]");
  CHECK(settings.text("model") == "/models/back\\slash");
  CHECK_FALSE(settings.flag("composite"));
  CHECK_FALSE(settings.flag("color-match"));
  CHECK(settings.list("lora") == std::vector<std::string>{"a:1", "b"});
  CHECK(settings.flag("json"));
  CHECK(settings.integer("verbose") == 2);
  CHECK(settings.given_by("steps", Source::kConfig));
}

TEST_CASE("a configuration without a valid meaning is an error") {
  CHECK(error_of("stpes = 4\n").find("unknown option 'stpes'") != std::string::npos);
  CHECK(error_of("no-steps = 4\n").find("unknown option 'no-steps'") != std::string::npos);
  CHECK(error_of("config = 'x'\n").find("command line") != std::string::npos);
  CHECK(error_of("[sampling]\nsteps = 4\n").find("section") != std::string::npos);
  CHECK(error_of("prompt = a red ball\n").find("one value") != std::string::npos);
  CHECK(error_of("prompt = \"open\n").find("quote") != std::string::npos);
  CHECK(error_of("prompt = \"a \\\"b\\\"\"\n").find("backslash") != std::string::npos);
  CHECK_FALSE(error_of(std::string(2 << 20, 'x')).empty());
  for (const char* line : {"[[[", "[", "]", "[]", "= 3", "steps 3", "{ a }"}) {
    CHECK(error_of(std::string("seed = 1\n") + line + "\n").find("line 2 is not `key = value`") != std::string::npos);
  }
  CHECK(error_of("lora = [\n\"a\"\n]\n").find("line 1 has a [ without its ]") != std::string::npos);
  Settings settings;
  CHECK_THROWS_AS(zimage::cli::read_config("/no/such/config", settings), Error);
}

TEST_CASE("a configuration from Windows is read, and one in another encoding is told as such") {
  const Settings settings = read("\xEF\xBB\xBFsteps = 4\r\nprompt = \"a door\"\r\n# the end\r\n");
  CHECK(settings.integer("steps") == 4);
  CHECK(settings.text("prompt") == "a door");
  const std::string utf16(
      "\xFF\xFEs\0t\0e\0p\0s\0 \0=\0 \0"
      "4\0",
      20);
  CHECK(error_of(utf16).find("UTF-16") != std::string::npos);
  CHECK(error_of("prompt = 'T\xFCr'\n").find("not UTF-8") != std::string::npos);
}

TEST_CASE("any bytes give an error or options, never a crash") {
  unsigned state = 1;
  const std::string alphabet = "=[]\"'#,\n a1-.\\\t{}\xFF;";
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = round % 2 == 0 ? "steps=" : "";
    for (int i = 0; i < 12; ++i) {
      state = state * 1664525U + 1013904223U;
      text += alphabet[(state >> 16U) % alphabet.size()];
    }
    try {
      read(text);
    } catch (const Error& e) {
      REQUIRE(e.code() == zimage::ErrorCode::kUsage);
      ++refused;
    }
  }
  CHECK(refused > 1000);
}
