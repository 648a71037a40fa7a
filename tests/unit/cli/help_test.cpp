#include "cli/help.h"

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
