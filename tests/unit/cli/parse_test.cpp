#include "cli/parse.h"

#include "app/options/option.h"
#include "cli/subcommands.h"
#include "support/catch.h"
#include "zimage/error.h"

using namespace zimage::cli;
using zimage::Error;
using zimage::ErrorCode;
using zimage::app::Settings;

namespace {

using Args = std::vector<std::string>;

Settings parsed(const Args& args) {
  Settings settings;
  parse_arguments(args, settings);
  return settings;
}

std::string error_of(const Args& args) {
  try {
    parsed(args);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::kUsage);
    return e.message() + " | " + e.hint();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("every option of the table parses") {
  for (const auto& spec : zimage::app::option_table()) {
    INFO(spec.name);
    Args args{"--" + std::string(spec.name)};
    if (zimage::app::takes_value(spec)) args.emplace_back("v");
    const Settings settings = parsed(args);
    REQUIRE(settings.has(spec.name));
    if (zimage::app::takes_value(spec)) {
      CHECK(settings.text(spec.name) == "v");
      CHECK(parsed({"--" + std::string(spec.name) + "=v=w"}).text(spec.name) == "v=w");
      CHECK(contains(error_of({"--" + std::string(spec.name)}), "--" + std::string(spec.name) + " needs a value"));
    }
    if (spec.short_name != 0) {
      args[0] = std::string("-") + spec.short_name;
      CHECK(parsed(args).has(spec.name));
    }
  }
}

TEST_CASE("values are used unchanged") {
  CHECK(parsed({"-p", "--version"}).text("prompt") == "--version");
  CHECK(parsed({"-p", ""}).text("prompt").empty());
  CHECK(parsed({"--prompt="}).has("prompt"));
  CHECK(parsed({"--prompt=", "--json"}).flag("json"));
  CHECK(parsed({"-o", "-"}).text("output") == "-");
  CHECK(parsed({"-p", "a, [b] {c} \"d\" #e"}).text("prompt") == "a, [b] {c} \"d\" #e");
  CHECK(parsed({"-p", "{}"}).text("prompt") == "{}");
  CHECK(parsed({"-p", "%%"}).text("prompt") == "%%");
  CHECK(parsed({"--seed", "-1"}).text("seed") == "-1");
  CHECK(parsed({"-ipicture.png"}).text("image") == "picture.png");
}

TEST_CASE("the last of several values counts, but a list keeps all") {
  CHECK(parsed({"--steps", "3", "--steps", "5"}).integer("steps") == 5);
  CHECK_FALSE(parsed({"--composite", "--no-composite"}).flag("composite"));
  CHECK(parsed({"--no-composite", "--composite"}).flag("composite"));
  CHECK(parsed({"--lora", "a:1", "--lora", "b"}).list("lora") == Args{"a:1", "b"});
  CHECK(parsed({"-vv"}).integer("verbose") == 2);
  CHECK(parsed({"-v", "--json", "-v"}).integer("verbose") == 2);
}

TEST_CASE("errors name the mistake and the nearest option") {
  CHECK(contains(error_of({"--stpes", "3"}), "unknown option --stpes | did you mean --steps?"));
  CHECK(contains(error_of({"--mask-treshold=3"}), "did you mean --mask-threshold?"));
  CHECK(contains(error_of({"--xyzzyplugh"}), "--help-all"));
  CHECK(contains(error_of({"-z"}), "unknown option -z"));
  CHECK(contains(error_of({"picture.png"}), "unexpected argument 'picture.png'"));
  CHECK(contains(error_of({"--", "picture.png"}), "unexpected argument 'picture.png'"));
  CHECK(contains(error_of({"--no-json"}), "unknown option --no-json"));
  CHECK_THROWS_AS(parsed({"--json=maybe"}).check_values(), Error);
}

TEST_CASE("subcommands come first, and misspelt ones get a suggestion") {
  CHECK(zimage::cli::find_subcommand({"--json", "compare"}) == nullptr);
  CHECK(zimage::cli::find_subcommand({}) == nullptr);
  CHECK(contains(error_of({"comapre", "a"}), "unexpected argument 'comapre' | did you mean zimage-inpaint compare?"));
  CHECK(contains(error_of({"-v", "compare", "a"}), "the subcommand comes first"));
  CHECK(zimage::cli::find_subcommand({"compare"}) != nullptr);
  bool json = false;
  for (const char* name : {"inspect", "convert"}) {
    const auto* spec = zimage::cli::find_subcommand({name});
    REQUIRE(spec != nullptr);
    CHECK_THROWS_AS(zimage::cli::run_subcommand(*spec, {name, "--json"}, true, json), Error);
    CHECK(json);
  }
}

TEST_CASE("an option that implies a value takes the next argument only if that is no option") {
  const auto& table = zimage::app::find_subcommand("bench")->options;
  const auto shape = [&](const Args& args) {
    Settings settings(table);
    parse_arguments(args, settings);
    CHECK(zimage::cli::wants_json(args, table) == settings.flag("json"));
    return settings.text("random-weights");
  };
  CHECK(shape({"--random-weights"}) == "published");
  CHECK(shape({"--random-weights", "--json"}) == "published");
  CHECK(shape({"--random-weights", "-q", "--json"}) == "published");
  CHECK(shape({"--random-weights", "mid", "--json"}) == "mid");
  CHECK(shape({"--random-weights=mid", "--json"}) == "mid");
  CHECK(shape({"--json"}).empty());
}

TEST_CASE("a subcommand has positional arguments and its own options") {
  const auto& table = zimage::app::find_subcommand("compare")->options;
  const auto compare = [&](const Args& args) {
    Settings settings(table);
    parse_arguments(args, settings);
    settings.check_values();
    return settings;
  };
  const auto refusal = [&](const Args& args) {
    try {
      compare(args);
    } catch (const Error& e) {
      return e.message() + " | " + e.hint();
    }
    return std::string();
  };
  const Settings settings = compare({"--tolerance", "2", "a.png", "-vv", "b.png", "--json"});
  CHECK(settings.text("A") == "a.png");
  CHECK(settings.text("B") == "b.png");
  CHECK(settings.integer("tolerance") == 2);
  CHECK(settings.integer("verbose") == 2);
  CHECK(settings.flag("json"));
  CHECK(compare({"a", "--", "--b"}).text("B") == "--b");
  CHECK(compare({"-", "b"}).text("A") == "-");
  CHECK(contains(refusal({"a"}), "B is missing"));
  CHECK(contains(refusal({"a", "b", "c"}), "unexpected argument 'c' | --help"));
  CHECK(contains(refusal({"a", "b", "--tolerence", "1"}), "unknown option --tolerence | did you mean --tolerance?"));
  CHECK(contains(refusal({"a", "b", "--A", "x"}), "unknown option --A"));
  CHECK(contains(refusal({"a", "b", "--steps", "4"}), "unknown option --steps"));
  CHECK(contains(refusal({"a", "b", "--tolerance", "300"}), "--tolerance can't be '300'"));
  CHECK(contains(refusal({"", "b"}), "A can't be ''"));
  CHECK(find_early({"a", "--mask", "-h"}, table) == Early::kNone);
  CHECK(find_early({"a", "-h"}, table) == Early::kHelp);
}

TEST_CASE("--version and --help win, unless they are an option's value") {
  CHECK(find_early({"--nonsense", "--version"}) == Early::kVersion);
  CHECK(find_early({"-h", "--version"}) == Early::kVersion);
  CHECK(find_early({"--image", "x", "-h"}) == Early::kHelp);
  CHECK(find_early({"--help-all"}) == Early::kHelpAll);
  CHECK(find_early({"--prompt", "--version"}) == Early::kNone);
  CHECK(find_early({"--prompt=x", "--version"}) == Early::kVersion);
  CHECK(find_early({"-p", "-h"}) == Early::kNone);
  CHECK(find_early({"--", "--version"}) == Early::kNone);
  CHECK(wants_json({"--bad", "--json"}));
  CHECK_FALSE(wants_json({"--prompt", "--json"}));
}
