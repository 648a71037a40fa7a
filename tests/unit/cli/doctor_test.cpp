// What doctor says of a CUDA device, which the machine that runs this need not have.
#include "cli/doctor.h"

#include <nlohmann/json.hpp>

#include "support/catch.h"

namespace zimage::cli {
namespace {

app::Diagnosis with_device(const DeviceFacts& device) {
  app::Diagnosis diagnosis;
  diagnosis.compute = ChosenCompute{.device = device.device, .threads = 8};
  diagnosis.device = device;
  return diagnosis;
}

DeviceFacts good_device() {
  DeviceFacts device;
  device.device = "cuda:1";
  device.name = "NVIDIA H200";
  device.capability = 90;
  device.driver = "580.95.05";
  device.cuda = "13.0";
  device.bf16 = device.fp8 = true;
  device.attention = {"flash", "cudnn", "efficient"};
  device.kernels_checked = device.kernels_agree = 66;
  device.kernels_compiler = "13.0";
  return device;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("doctor says what a CUDA device can do") {
  const std::string text = doctor_text(with_device(good_device()));
  CAPTURE(text);
  CHECK(has_line(text, "card          NVIDIA H200, compute capability 9.0"));
  CHECK(has_line(text, "driver        580.95.05, for CUDA up to 13.0"));
  CHECK(has_line(text, "matrix units  fp16, bf16, fp8"));
  CHECK(has_line(text, "attention     flash, cudnn, efficient"));
  CHECK(has_line(text, "own kernels   66 of 66 agree with libtorch, compiled by NVRTC 13.0"));
  const auto json = nlohmann::json::parse(doctor_json(with_device(good_device())));
  CHECK(json["device"]["compute_capability"] == "9.0");
  CHECK(json["device"]["fp8"] == true);
  CHECK(json["device"]["kernels"]["agree"] == 66);
  CHECK(json["device"]["kernels"]["absent"] == nullptr);
}

TEST_CASE("doctor names the kernels that aren't used, and why") {
  DeviceFacts device = good_device();
  device.capability = 120;
  device.kernels_agree = 65;
  device.kernels_failures = {"norm in bf16: 3 of 5 numbers differ from libtorch's"};
  const std::string text = doctor_text(with_device(device));
  CAPTURE(text);
  CHECK(has_line(text, "card          NVIDIA H200, compute capability 12.0"));
  CHECK(has_line(text, "own kernels   65 of 66 agree with libtorch, compiled by NVRTC 13.0"));
  CHECK(has_line(text, "              not used: norm in bf16: 3 of 5 numbers differ from libtorch's"));
}

TEST_CASE("doctor says it of an old device too") {
  DeviceFacts device;
  device.device = "cuda:0";
  device.capability = 75;
  device.attention = {"efficient"};
  device.kernels_absent = "NVRTC isn't there";
  const std::string text = doctor_text(with_device(device));
  CAPTURE(text);
  CHECK(has_line(text, "card          name unknown, compute capability 7.5"));
  CHECK(text.find("driver") == std::string::npos);
  CHECK(has_line(text, "matrix units  fp16"));
  CHECK(has_line(text, "attention     efficient"));
  CHECK(has_line(text, "own kernels   none: NVRTC isn't there"));
  const auto json = nlohmann::json::parse(doctor_json(with_device(device)));
  CHECK(json["device"]["name"] == nullptr);
  CHECK(json["device"]["kernels"]["absent"] == "NVRTC isn't there");
}

TEST_CASE("doctor says nothing of a device if the CPU does the work") {
  app::Diagnosis diagnosis;
  diagnosis.compute = ChosenCompute{.device = "cpu", .threads = 8};
  CHECK(doctor_text(diagnosis).find("own kernels") == std::string::npos);
  CHECK(nlohmann::json::parse(doctor_json(diagnosis))["device"] == nullptr);
}

}  // namespace
}  // namespace zimage::cli
