#include "codecs/metadata/xmp.h"

#include <string_view>

namespace zimage::codecs {

std::string upright_xmp(std::string xmp) {
  // It may be an attribute or an element.
  for (const std::string_view start : {"tiff:Orientation=\"", "tiff:Orientation='", "<tiff:Orientation>"}) {
    const std::size_t at = xmp.find(start);
    if (at == std::string::npos) continue;
    const std::size_t digit = at + start.size();
    const bool single = digit + 1 < xmp.size() && (xmp[digit + 1] == start.back() || xmp[digit + 1] == '<');
    if (single && xmp[digit] >= '2' && xmp[digit] <= '8') xmp[digit] = '1';
  }
  return xmp;
}

}  // namespace zimage::codecs
