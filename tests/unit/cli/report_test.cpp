#include "cli/report.h"

#include <nlohmann/json.hpp>

#include "app/options/option.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "support/catch.h"

using namespace zimage;
using namespace zimage::cli;

namespace {

const char* kKeys[] = {
    "status",   "output",     "image",          "mask", "prompt",  "seed",           "strength",
    "strategy", "steps",      "sigmas",         "size", "regions", "changed_pixels", "max_change_outside_mask",
    "golden",   "timings_ms", "peak_memory_mb", "model"};

}  // namespace

TEST_CASE("a JSON report is one line with every key") {
  app::JobReport report;
  report.status = "ok";
  report.output = "a\nb \"c\" \xFF.png";
  report.seed = UINT64_MAX;
  report.sigmas = {1.0, 0.5, 0.0};
  report.width = 32;
  report.height = 16;
  report.regions = {{0, 0, 32, 16, 48, 32}};
  report.model = ModelInfo{};
  report.model->demo = true;
  const std::string line = to_json_line(report);
  CHECK(line.find('\n') == line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  for (const char* key : kKeys) CHECK(json.contains(key));
  CHECK(json["seed"] == UINT64_MAX);
  CHECK(json["size"] == nlohmann::json{32, 16});
  CHECK(json["model"]["demo"] == true);
  CHECK(json["regions"][0]["working_size"] == nlohmann::json{48, 32});
  CHECK(json["peak_memory_mb"].get<double>() > 1);
  CHECK_FALSE(json.contains("error"));
}

TEST_CASE("a failure has the keys too, and the error") {
  app::JobReport report;
  report.error = Error(ErrorCode::kInput, "message", "hint");
  const auto json = nlohmann::json::parse(to_json_line(report));
  for (const char* key : kKeys) CHECK(json.contains(key));
  CHECK(json["status"] == "error");
  CHECK(json["output"].is_null());
  CHECK(json["error"]["code"] == 3);
  CHECK(json["error"]["message"] == "message");
  CHECK(json["error"]["hint"] == "hint");
}

TEST_CASE("help-all has every option, help starts with examples") {
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

TEST_CASE("colour is asked of the user first") {
  CHECK(use_color("always"));
  CHECK_FALSE(use_color("never"));
}
