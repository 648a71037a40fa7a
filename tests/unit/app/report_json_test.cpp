#include "app/report/report_json.h"

#include "support/catch.h"

using namespace zimage;
using namespace zimage::app;

namespace {

const char* kKeys[] = {
    "status",   "output",     "image",          "mask", "prompt",  "seed",           "strength",
    "strategy", "steps",      "sigmas",         "size", "regions", "changed_pixels", "max_change_outside_mask",
    "golden",   "timings_ms", "peak_memory_mb", "model"};

}  // namespace

TEST_CASE("a JSON report is one line with every key") {
  JobReport report;
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

TEST_CASE("a failure's report has every key too, and the error") {
  JobReport report;
  report.error = Error(ErrorCode::kInput, "message", "hint");
  const auto json = nlohmann::json::parse(to_json_line(report));
  for (const char* key : kKeys) CHECK(json.contains(key));
  CHECK(json["status"] == "error");
  CHECK(json["output"].is_null());
  CHECK(json["error"]["code"] == 3);
  CHECK(json["error"]["message"] == "message");
  CHECK(json["error"]["hint"] == "hint");
}

TEST_CASE("every option that a report has is in its JSON") {
  JobReport report;
  report.options = {{"prompt", "hills"}, {"an-option-of-tomorrow", 3}};
  const auto json = nlohmann::json::parse(to_json_line(report));
  CHECK(json["prompt"] == "hills");
  CHECK(json["an-option-of-tomorrow"] == 3);
}
