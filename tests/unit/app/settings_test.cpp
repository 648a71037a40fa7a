#include "app/options/settings.h"

#include "support/catch.h"
#include "zimage/error.h"

using zimage::Error;
using zimage::ErrorCode;
using zimage::app::Settings;
using zimage::app::Source;

namespace {

Settings with(const std::string& name, const std::string& value) {
  Settings settings;
  settings.set(name, {value}, Source::kCommandLine);
  return settings;
}

bool refused(const std::string& name, const std::string& value) {
  try {
    with(name, value).check_values();
  } catch (const Error& e) {
    REQUIRE(e.code() == ErrorCode::kUsage);
    REQUIRE(e.message().find("--" + name) != std::string::npos);
    REQUIRE(!e.hint().empty());
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("the stronger source keeps its value, whatever the order") {
  Settings settings;
  settings.set("steps", {"3"}, Source::kConfig);
  settings.set("steps", {"4"}, Source::kCommandLine);
  settings.set("steps", {"5"}, Source::kReplay);
  CHECK(settings.integer("steps") == 4);
  settings.set("model", {"env"}, Source::kEnvironment);
  settings.set("model", {"config"}, Source::kConfig);
  CHECK(settings.text("model") == "env");
  settings.set("model", {"replay"}, Source::kReplay);
  CHECK(settings.text("model") == "replay");
  CHECK(settings.given_by("model", Source::kReplay));
}

TEST_CASE("across sources a prompt and a prompt file count as one setting") {
  Settings flag_first;
  flag_first.set("prompt-file", {"file"}, Source::kCommandLine);
  flag_first.set("prompt", {"text"}, Source::kConfig);
  CHECK_FALSE(flag_first.has("prompt"));
  Settings config_first;
  config_first.set("prompt-file", {"file"}, Source::kConfig);
  config_first.set("prompt", {"text"}, Source::kReplay);
  CHECK_FALSE(config_first.has("prompt-file"));
  Settings both;
  both.set("prompt", {"text"}, Source::kCommandLine);
  both.set("prompt-file", {"file"}, Source::kCommandLine);
  CHECK((both.has("prompt") && both.has("prompt-file")));
}

TEST_CASE("an option that isn't given has the table's default") {
  const Settings none;
  CHECK(none.integer("jump-count") == 1);
  CHECK(none.number("cfg-truncation") == 1.0);
  // The model that is found decides these.
  for (const char* name : {"steps", "shift", "guidance-scale"}) CHECK(none.text(name).empty());
  CHECK(none.text("crop") == "auto");
  CHECK(none.flag("composite"));
  CHECK_FALSE(none.flag("json"));
  CHECK_FALSE(none.seed().has_value());
}

TEST_CASE("numbers have their ranges") {
  for (const char* good : {"1", "8", "1000"}) CHECK_FALSE(refused("steps", good));
  for (const char* bad : {"0", "1001", "-1", "8.5", "8 ", " 8", "", "eight", "0x8", "99999999999999999999"}) {
    CHECK(refused("steps", bad));
  }
  for (const char* good : {"1", "0.1", "1e-3"}) CHECK_FALSE(refused("strength", good));
  for (const char* bad : {"0", "1.0001", "-0.5", "nan", "inf", "1e400", "0,5"}) CHECK(refused("strength", bad));
  for (const char* bad : {"0", "-1", "inf"}) CHECK(refused("shift", bad));
  CHECK_FALSE(refused("mask-threshold", "1"));
  CHECK(refused("mask-threshold", "0"));
  for (const char* good : {"=0", "=3", "=65535", "=#ff0000", "=#FFffFF"}) CHECK_FALSE(refused("mask-threshold", good));
  for (const char* bad :
       {"=", "=-1", "=65536", "=3.5", "=3 ", "=#", "=#ff00", "=#ff00000", "=#-f0000", "=red", "==3"}) {
    CHECK(refused("mask-threshold", bad));
  }
  CHECK_FALSE(refused("guidance-scale", "0"));
  for (const char* good : {"0", "0.5", "1"}) CHECK_FALSE(refused("cfg-truncation", good));
  for (const char* bad : {"-0.1", "1.1"}) CHECK(refused("cfg-truncation", bad));
  CHECK_FALSE(refused("cfg-normalization", "0"));
  CHECK(refused("cfg-normalization", "-1"));
  CHECK(refused("guidance-scale", "-0.1"));
  CHECK(refused("quality", "0"));
  CHECK(refused("quality", "101"));
  CHECK_FALSE(refused("megapixels", "0.01"));
  CHECK(refused("megapixels", "4.1"));
}

TEST_CASE("a seed may be any 64-bit number") {
  CHECK(with("seed", "18446744073709551615").seed() == UINT64_MAX);
  CHECK(with("seed", "0").seed() == 0U);
  for (const char* bad : {"18446744073709551616", "-1", "1.5", ""}) CHECK(refused("seed", bad));
}

TEST_CASE("choices, flags and empty texts") {
  CHECK_FALSE(refused("sampler", "euler"));
  CHECK(refused("sampler", "Euler"));
  CHECK_FALSE(refused("overwrite", "false"));
  CHECK(refused("overwrite", "maybe"));
  CHECK_FALSE(refused("prompt", ""));
  CHECK(refused("output", ""));
}
