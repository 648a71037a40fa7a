// Takes the names of a model's layers apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zimage {

/// A name such as "layers.12.mlp.up_proj.weight".
struct LayerName {
  std::int64_t index = 0;  ///< 12
  std::string_view rest;   ///< "mlp.up_proj.weight"; a part of the name
};

/// Returns what follows `group` (such as "layers."), or nothing if the name doesn't begin with it and a number of up to
/// three digits.
std::optional<LayerName> layer_name(std::string_view name, std::string_view group);

}  // namespace zimage
