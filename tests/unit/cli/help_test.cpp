#include "cli/help.h"

#include <algorithm>

#include "app/options/option.h"
#include "cli/terminal.h"
#include "support/catch.h"

using namespace zimage;
using namespace zimage::cli;

TEST_CASE("--help-all has every option, and --help starts with examples") {
  const std::string all = help_text(true);
  const std::string brief = help_text(false);
  for (const auto& spec : app::option_table()) {
    INFO(spec.name);
    CHECK(all.find(spec.name) != std::string::npos);
  }
  CHECK(brief.find("zimage-inpaint --image") < brief.find("Usage:"));
  CHECK(brief.size() < all.size() / 2);
  CHECK(version_text().find("commit ") != std::string::npos);
}

TEST_CASE("the user's choice of colour comes first") {
  CHECK(use_color("always"));
  CHECK_FALSE(use_color("never"));
}

TEST_CASE("help and version are commands as well") {
  REQUIRE(app::find_subcommand("help") != nullptr);
  REQUIRE(app::find_subcommand("version") != nullptr);
  // Every command that there is can be explained.
  const auto& options = app::find_subcommand("help")->options;
  const std::vector<std::string> offered = app::words(options.front().offered);
  for (const auto& spec : app::subcommand_table()) {
    const std::string name = spec.name;
    if (name == "help" || name == "version") continue;
    CAPTURE(name);
    CHECK(std::find(offered.begin(), offered.end(), name) != offered.end());
  }
}
