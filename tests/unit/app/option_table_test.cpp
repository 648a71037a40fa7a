#include "app/options/option.h"

#include <algorithm>
#include <set>
#include <string>

#include "app/options/available.h"
#include "app/options/settings.h"
#include "support/catch.h"
#include "zimage/error.h"

using namespace zimage::app;
using zimage::Error;
using zimage::ErrorCode;

namespace {

/// Returns the message with which a value is refused, or "" if it is accepted.
std::string refusal(const std::string& name, const std::string& value) {
  Settings settings;
  settings.set(name, {value}, Source::kCommandLine);
  settings.check_values();
  try {
    check_available(settings);
  } catch (const Error& e) {
    REQUIRE(e.code() == ErrorCode::kUsage);
    return e.message();
  }
  return "";
}

}  // namespace

TEST_CASE("names and short names are unique, and every option has help text") {
  std::set<std::string> names;
  std::set<char> letters;
  for (const OptionSpec& spec : option_table()) {
    CHECK(names.insert(spec.name).second);
    if (spec.short_name != 0) CHECK(letters.insert(spec.short_name).second);
    CHECK(std::string(spec.help).size() > 5);
    CHECK(takes_value(spec) == (*spec.value_name != '\0'));
    CHECK((spec.kind == Kind::kChoice) == (*spec.choices != '\0'));
  }
}

TEST_CASE("every default is a value that its option accepts") {
  for (const OptionSpec& spec : option_table()) {
    if (*spec.default_value == '\0') continue;
    INFO(spec.name);
    CHECK(refusal(spec.name, spec.default_value).empty());
  }
}

TEST_CASE("groups stay together") {
  std::set<Group> closed;
  const auto table = option_table();
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i].group != table[i - 1].group) CHECK(closed.insert(table[i - 1].group).second);
    CHECK(closed.count(table[i].group) == 0);
  }
}

TEST_CASE("the ControlNet strategy without a ControlNet says what is missing") {
  CHECK(refusal("strategy", "controlnet").find("needs a ControlNet") != std::string::npos);
}

TEST_CASE("a folder in place of a single picture is refused") {
  CHECK_THROWS_AS(check_available_path("image", "/"), Error);
  CHECK_NOTHROW(check_available_path("model", "/"));
  CHECK_NOTHROW(check_available_path("image", "picture.png"));
}
