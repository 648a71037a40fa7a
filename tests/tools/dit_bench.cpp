// Our side of scripts/bench/dit_forward.py, which says what it is given and prints.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "io/checkpoint.h"
#include "models/dit.h"
#include "nn/linear.h"

namespace {

zimage::DiT load(const std::filesystem::path& folder) {
  const auto source = zimage::io::open_checkpoint(folder);
  std::ifstream file(folder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  zimage::nn::Placement placement;
  placement.packed = zimage::nn::packing_available();
  zimage::nn::WeightLoader loader(*source, placement, zimage::nn::WeightLoader::Mode::kLoad);
  return zimage::DiT::load(loader, zimage::DiTConfig::detect(*source, {folder.string(), text.str()}));
}

void write_raw(const std::string& path, const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(flat.const_data_ptr()), static_cast<std::streamsize>(flat.nbytes()));
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc < 4) {
    std::cerr << "usage: dit_bench TRANSFORMER_DIR INPUTS.safetensors OUTPUT.f32 [--threads N]\n";
    return 2;
  }
  const c10::InferenceMode guard;
  if (argc >= 6) at::set_num_threads(std::atoi(argv[5]));
  const zimage::DiT dit = load(argv[1]);
  const auto inputs = zimage::io::open_checkpoint(argv[2]);
  const at::Tensor latents = inputs->tensor("latents");
  const at::Tensor prompt_embeds = inputs->tensor("prompt_embeds");
  const auto timestep = inputs->tensor("timestep").item<float>();
  bool first = true;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    // The caption is refined anew each time, as the peer does, though a picture needs it once.
    const auto context = dit.prepare(prompt_embeds, latents.size(2), latents.size(3));
    const at::Tensor output = dit.forward(latents, timestep, context);
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    if (first) write_raw(argv[3], output);
    first = false;
    std::cout << elapsed.count() << std::endl;
  }
  return 0;
}
