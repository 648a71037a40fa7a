#include "image/run_lengths.h"

#include <cstddef>

namespace zimage {

std::optional<std::vector<std::uint32_t>> parse_run_lengths(std::string_view text) {
  constexpr int kBits = 5;
  constexpr int kMostShift = 30;  // seven characters hold 35 bits, more than a run has
  constexpr std::int64_t kMost = std::int64_t{kMaxPixels};
  std::vector<std::uint32_t> runs;
  std::size_t at = 0;
  while (at < text.size()) {
    std::int64_t number = 0;
    int shift = 0;
    bool more = true;
    for (; more; shift += kBits) {
      if (at == text.size() || shift > kMostShift) return std::nullopt;
      const int digit = text[at++] - '0';
      if (digit < 0 || digit > 63) return std::nullopt;
      number |= std::int64_t{digit & 31} << shift;
      more = (digit & 32) != 0;
      if (!more && (digit & 16) != 0) number -= std::int64_t{1} << (shift + kBits);
    }
    if (runs.size() > 2) number += runs[runs.size() - 2];
    if (number < 0 || number > kMost) return std::nullopt;
    runs.push_back(static_cast<std::uint32_t>(number));
  }
  return runs;
}

bool fill_runs(Mask& mask, std::span<const std::uint32_t> runs) {
  const auto height = static_cast<std::size_t>(mask.height);
  const auto width = static_cast<std::size_t>(mask.width);
  std::size_t place = 0;
  bool repaint = false;
  for (const std::uint32_t run : runs) {
    if (run > mask.repaint.size() - place) return false;
    for (std::size_t i = place; repaint && i < place + run; ++i) mask.repaint[i % height * width + i / height] = 1;
    place += run;
    repaint = !repaint;
  }
  return place == mask.repaint.size();
}

}  // namespace zimage
