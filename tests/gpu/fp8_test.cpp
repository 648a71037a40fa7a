// Multiplies in fp8 on a CUDA device, where it can.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <array>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

#include "models/dit.h"
#include "nn/fp8/fp8_product.h"
#include "support/catch.h"
#include "weights/open_weights.h"

namespace zimage {
namespace {

const at::Device kDevice(at::kCUDA, 0);

bool missing() {
  if (nn::fp8_available(kDevice)) return false;
  WARN("this card doesn't multiply fp8, so nothing was compared");
  return true;
}

double apart(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor difference = a.cpu().to(at::kDouble) - b.cpu().to(at::kDouble);
  return (difference.norm() / b.cpu().to(at::kDouble).norm()).item<double>();
}

TEST_CASE("a product in fp8 on CUDA is its twin's, but for bf16's last bit") {
  const c10::InferenceMode guard;
  if (missing()) return;
  at::manual_seed(1);
  for (const auto& [rows, columns, out] : std::vector<std::array<std::int64_t, 3>>{
           {1, 16, 16}, {32, 64, 48}, {100, 256, 160}, {1056, 3840, 11520}, {1056, 10240, 3840}}) {
    CAPTURE(rows, columns, out);
    const at::Tensor x = (at::randn({rows, columns}) * at::randn({rows, 1}).exp()).to(at::kBFloat16);
    const at::Tensor w = (at::randn({out, columns}) * at::randn({out, 1}).exp()).to(at::kBFloat16);
    const nn::Fp8Rows a = nn::quantise_fp8_rows(x.to(kDevice)), b = nn::quantise_fp8_rows(w.to(kDevice));
    CHECK(at::equal(a.codes.cpu().view(at::kByte), nn::twin::quantise_fp8(x).codes.view(at::kByte)));
    CHECK(at::equal(a.scales.cpu(), nn::twin::quantise_fp8(x).scales));
    const at::Tensor made = nn::multiply_fp8(a, b, at::kBFloat16);
    CHECK(made.scalar_type() == at::kBFloat16);
    CHECK(apart(made, nn::twin::multiply_fp8(a, b, at::kFloat)) < 4e-3);
  }
}

TEST_CASE("a row that isn't finite spoils itself alone in fp8 on CUDA, and a row of zeros stays one") {
  const c10::InferenceMode guard;
  if (missing()) return;
  at::Tensor x = at::randn({32, 256}, at::TensorOptions(at::kBFloat16).device(kDevice));
  x[3].zero_();
  x[5][7] = std::numeric_limits<double>::infinity();
  x[6][8] = std::numeric_limits<double>::quiet_NaN();
  const at::Tensor w = at::randn({64, 256}, x.options());
  const at::Tensor out = nn::multiply_fp8(nn::quantise_fp8_rows(x), nn::quantise_fp8_rows(w), at::kBFloat16).cpu();
  CHECK(out[3].eq(0).all().item<bool>());
  for (const int row : {5, 6}) CHECK_FALSE(out[row].isfinite().any().item<bool>());
  for (const int row : {4, 7}) CHECK(out[row].isfinite().all().item<bool>());
}

TEST_CASE("a DiT in fp8 on CUDA is near its twin on the CPU, and streamed it is the same to the bit") {
  const c10::InferenceMode guard;
  if (missing()) return;
  const std::filesystem::path folder =
      std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures" / "models" / "b" / "transformer";
  const auto source = open_part(folder, Part::kDiT).weights;
  std::ifstream file(folder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  const DiTConfig config = DiTConfig::detect(*source, {folder.string(), text.str()});
  at::manual_seed(2);
  const at::Tensor latents = at::randn({1, config.in_channels, 32, 32});
  const at::Tensor prompt = at::randn({1, 40, config.cap_feat_dim});
  const auto output = [&](at::Device device, bool fp8, std::int64_t resident) {
    nn::Placement placement{.device = device, .dtype = at::kBFloat16, .fp8 = fp8};
    placement.resident_layers = resident;
    nn::WeightLoader weights(*source, placement, nn::WeightLoader::Mode::kLoad);
    const DiT dit = DiT::load(weights, config);
    return dit.forward(latents, 0.5F, dit.prepare(prompt, 32, 32));
  };
  const at::Tensor made = output(kDevice, true, config.n_layers);
  CHECK(apart(made, output(at::kCPU, true, config.n_layers)) < 0.05);
  CHECK_FALSE(at::equal(made, output(kDevice, false, config.n_layers)));
  CHECK(at::equal(output(kDevice, true, 0), made));
}

}  // namespace
}  // namespace zimage
