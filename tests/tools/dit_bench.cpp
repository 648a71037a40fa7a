// Our side of bench/dit_forward.py and controlnet_forward.py, which describe its input and output.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>

#include "models/controlnet.h"
#include "models/dit.h"
#include "nn/linear.h"
#include "weights/open_weights.h"

namespace {

using zimage::nn::WeightLoader;

zimage::nn::Placement placement() {
  zimage::nn::Placement packed;
  packed.packed = zimage::nn::packing_available();
  return packed;
}

zimage::DiT load_dit(const std::filesystem::path& folder) {
  const auto source = zimage::open_part(folder, zimage::Part::kDiT).weights;
  std::ifstream file(folder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  WeightLoader loader(*source, placement(), WeightLoader::Mode::kLoad);
  return zimage::DiT::load(loader, zimage::DiTConfig::detect(*source, {folder.string(), text.str()}));
}

zimage::ControlNet load_controlnet(const std::filesystem::path& path, const zimage::DiTConfig& base) {
  const auto source = zimage::open_part(path, zimage::Part::kControlNet).weights;
  WeightLoader loader(*source, placement(), WeightLoader::Mode::kLoad);
  return zimage::ControlNet::load(loader, zimage::ControlNetConfig::detect(*source, {}, base), base);
}

void write_raw(const std::string& path, const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(flat.const_data_ptr()), static_cast<std::streamsize>(flat.nbytes()));
}

template <class Work>
double milliseconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc < 6) {
    std::cerr << "usage: dit_bench TRANSFORMER_DIR INPUTS.safetensors OUTPUT.f32 --threads N [CONTROLNET]\n";
    return 2;
  }
  const c10::InferenceMode guard;
  at::set_num_threads(std::atoi(argv[5]));
  const zimage::DiT dit = load_dit(argv[1]);
  const auto inputs = zimage::open_weights(argv[2]).weights;
  const at::Tensor latents = inputs->stored("latents").data;
  const at::Tensor prompt_embeds = inputs->stored("prompt_embeds").data;
  const auto timestep = inputs->stored("timestep").data.item<float>();
  std::optional<zimage::ControlNet> controlnet;
  zimage::ControlContext control;
  if (argc > 6) {
    controlnet = load_controlnet(argv[6], dit.config());
    control = controlnet->prepare(inputs->stored("control_context").data, dit.x_pad_token(), 0.75);
  }
  const auto prepared = dit.prepare(prompt_embeds, latents.size(2), latents.size(3));
  bool first = true;
  for (std::string line; std::getline(std::cin, line);) {
    at::Tensor output;
    const double elapsed = milliseconds([&] {
      if (line == "forward") {
        output = dit.forward(latents, timestep, prepared);
      } else if (line == "control" && controlnet) {
        zimage::ControlPass hints(*controlnet, control);
        output = dit.forward(latents, timestep, prepared, &hints);
      } else {  // "run": refines the caption each time, like its peer, though a picture needs that only once
        const auto context = dit.prepare(prompt_embeds, latents.size(2), latents.size(3));
        output = dit.forward(latents, timestep, context);
      }
    });
    if (first) write_raw(argv[3], output);
    first = false;
    std::cout << elapsed << std::endl;
  }
  return 0;
}
