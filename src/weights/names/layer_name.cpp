#include "weights/names/layer_name.h"

#include <charconv>

namespace zimage {

std::optional<LayerName> layer_name(std::string_view name, std::string_view group) {
  constexpr std::size_t kMostDigits = 3;  // a hostile name must not make anybody count to billions
  if (!name.starts_with(group)) return {};
  const std::string_view tail = name.substr(group.size());
  const std::size_t digits = tail.find('.');
  if (digits == std::string_view::npos || digits == 0 || digits > kMostDigits) return {};
  if (digits > 1 && tail.front() == '0') return {};  // "07" would be a second spelling of "7"
  LayerName layer;
  const auto parsed = std::from_chars(tail.data(), tail.data() + digits, layer.index);
  if (parsed.ec != std::errc() || parsed.ptr != tail.data() + digits || layer.index < 0) return {};
  layer.rest = tail.substr(digits + 1);
  return layer;
}

}  // namespace zimage
