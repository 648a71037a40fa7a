// Names the model that a LoRA was made for, if it isn't Z-Image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zimage {

/// Returns what the keys of a LoRA, none of which fits, are for: "a Flux model". Empty: they don't show it.
std::string model_of_lora(const std::vector<std::string>& keys);

/// Returns what a width of the token stream says about the model: "a Lumina-2 model, which is 2304 wide".
std::string model_of_width(std::int64_t width);

}  // namespace zimage
