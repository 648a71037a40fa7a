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
#include <vector>

#include "models/controlnet.h"
#include "models/dit.h"
#include "nn/linear.h"
#include "weights/open_weights.h"

namespace {

using zimage::nn::WeightLoader;

struct Options {
  std::vector<std::string> files;  ///< transformer, inputs, output, and perhaps a ControlNet
  int threads = 1;
  zimage::nn::Placement placement;
  bool valid = true;
};

/// Sets what a dtype's name asks for; returns whether it is one.
bool set_dtype(zimage::nn::Placement& placement, const std::string& name) {
  if (name != "fp32" && name != "bf16" && name != "int8") return false;
  placement.dtype = name == "fp32" ? at::kFloat : at::kBFloat16;
  placement.int8 = name == "int8";
  return true;
}

Options read_options(int argc, char* argv[]) {
  Options options;
  std::optional<bool> packed;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("--")) {
      options.files.push_back(word);
      continue;
    }
    const std::string value = ++i < argc ? argv[i] : "";
    if (word == "--threads") {
      options.threads = std::atoi(value.c_str());
    } else if (word == "--packed" && (value == "0" || value == "1")) {
      packed = value == "1";
    } else if (word != "--dtype" || !set_dtype(options.placement, value)) {
      options.valid = false;
    }
  }
  options.placement.packed = packed.value_or(zimage::nn::packing_available(options.placement.dtype));
  options.valid = options.valid && options.files.size() >= 3 && options.threads >= 1;
  return options;
}

zimage::DiT load_dit(const std::filesystem::path& folder, const zimage::nn::Placement& placement) {
  const auto source = zimage::open_part(folder, zimage::Part::kDiT).weights;
  std::ifstream file(folder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  WeightLoader loader(*source, placement, WeightLoader::Mode::kLoad);
  return zimage::DiT::load(loader, zimage::DiTConfig::detect(*source, {folder.string(), text.str()}));
}

zimage::ControlNet load_controlnet(const std::filesystem::path& path, const zimage::DiTConfig& base,
                                   const zimage::nn::Placement& placement) {
  const auto source = zimage::open_part(path, zimage::Part::kControlNet).weights;
  WeightLoader loader(*source, placement, WeightLoader::Mode::kLoad);
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
  const Options options = read_options(argc, argv);
  if (!options.valid) {
    std::cerr << "usage: dit_bench TRANSFORMER_DIR INPUTS.safetensors OUTPUT.f32 [CONTROLNET] --threads N "
                 "[--dtype fp32|bf16] [--packed 0|1]\n";
    return 2;
  }
  const c10::InferenceMode guard;
  at::set_num_threads(options.threads);
  const zimage::DiT dit = load_dit(options.files[0], options.placement);
  const auto inputs = zimage::open_weights(options.files[1]).weights;
  const at::Tensor latents = inputs->stored("latents").data;
  const at::Tensor prompt_embeds = inputs->stored("prompt_embeds").data;
  const auto timestep = inputs->stored("timestep").data.item<float>();
  std::optional<zimage::ControlNet> controlnet;
  zimage::ControlContext control;
  if (options.files.size() > 3) {
    controlnet = load_controlnet(options.files[3], dit.config(), options.placement);
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
    if (first) write_raw(options.files[2], output);
    first = false;
    std::cout << elapsed << std::endl;
  }
  return 0;
}
