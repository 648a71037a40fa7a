// Files whose headers look like a model's parts, but for their sizes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/files.h"

namespace zimage::test {

/// Names and shapes.
using Tensors = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

/// Returns a safetensors file of zeros in BF16.
Bytes zeros_of(const Tensors& tensors);

Tensors dit_tensors(std::int64_t caption_width, const std::string& prefix);
Tensors text_tensors(std::int64_t width, std::int64_t tokens, const std::string& prefix);
Tensors vae_tensors(std::int64_t channels, const std::string& prefix);
Tensors joined(Tensors first, const Tensors& second);

Bytes dit_file(std::int64_t caption_width = 2560);
Bytes text_file(std::int64_t width = 2560, std::int64_t tokens = 1);
/// Returns a GGUF of a text encoder with one row, and with a vocabulary of one token if it is wanted.
Bytes text_gguf(std::int64_t width, bool vocabulary);
Bytes vae_file(std::int64_t channels = 16);
Bytes lora_file();
Bytes controlnet_file();
/// Returns a file that is known, and isn't Z-Image's.
Bytes flux_file();

}  // namespace zimage::test
