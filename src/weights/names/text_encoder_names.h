// The names of a Qwen3 text encoder's weights, in the spellings that people's files have.
#pragma once

#include <string>
#include <vector>

#include "weights/formats/gguf.h"
#include "weights/names/mapped_weight.h"

namespace zimage {

/// Returns which of the model's weights (transformers' names without `model.`) a tensor is; `name` is transformers' or
/// llama.cpp's, without a prefix. Empty: the model has no such weight.
/// Sources: transformers, models/qwen3; llama.cpp, gguf-py/gguf/constants.py (QWEN3), which keeps the rows' order.
std::vector<MappedWeight> text_encoder_names(const std::string& name);

/// Returns what a text encoder's GGUF says of its sizes, as the text of a config.json. What the file doesn't say is
/// left out. Empty: the file says nothing. Source of the keys: llama.cpp, gguf-py/gguf/constants.py.
std::string text_encoder_config(const GGUFHeader& header);

}  // namespace zimage
