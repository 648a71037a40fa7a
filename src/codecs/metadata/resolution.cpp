#include "codecs/metadata/resolution.h"

#include <cmath>

namespace zimage::codecs {
namespace {

constexpr double kInch = 0.0254;
constexpr double kLargestWord = 65535;
constexpr double kLargestLong = 2147483647;

double metres(DotsPer unit) {
  switch (unit) {
    case DotsPer::kInch: return kInch;
    case DotsPer::kCentimetre: return 0.01;
    default: return 1;
  }
}

double converted(double dots, DotsPer from, DotsPer to) {
  const double out = dots / metres(from) * metres(to);
  const double whole = std::round(out);
  // A file with whole dots per metre can't say 300 per inch exactly; the nearest number stands for it.
  const bool stands_for = std::round(whole / metres(to) * metres(from)) == dots;
  return from == DotsPer::kMetre && to != DotsPer::kMetre && stands_for ? whole : out;
}

bool is_whole(double value) { return std::abs(value - std::round(value)) < 1e-6; }

std::optional<Resolution> rounded(const Resolution& resolution, double largest) {
  Resolution out = resolution;
  out.x = std::round(out.x);
  out.y = std::round(out.y);
  if (out.x > largest || out.y > largest) return std::nullopt;
  return make_resolution(out.x, out.y, out.unit);
}

}  // namespace

std::optional<Resolution> make_resolution(double x, double y, DotsPer unit) {
  if (!std::isfinite(x) || !std::isfinite(y) || x <= 0 || y <= 0) return std::nullopt;
  if (unit == DotsPer::kNothing && x == y) return std::nullopt;
  return Resolution{x, y, unit};
}

Resolution in_unit(const Resolution& resolution, DotsPer unit) {
  const DotsPer from = resolution.unit;
  if (from == DotsPer::kNothing || unit == DotsPer::kNothing || from == unit) return resolution;
  return {converted(resolution.x, from, unit), converted(resolution.y, from, unit), unit};
}

std::optional<Resolution> in_whole_dots(const Resolution& resolution) {
  const Resolution inch = in_unit(resolution, DotsPer::kInch);
  const Resolution centimetre = in_unit(resolution, DotsPer::kCentimetre);
  const bool by_centimetre =
      resolution.unit == DotsPer::kCentimetre ||
      (!(is_whole(inch.x) && is_whole(inch.y)) && is_whole(centimetre.x) && is_whole(centimetre.y));
  return rounded(by_centimetre ? centimetre : inch, kLargestWord);
}

std::optional<Resolution> in_whole_metres(const Resolution& resolution) {
  return rounded(in_unit(resolution, DotsPer::kMetre), kLargestLong);
}

Resolution turned(const Resolution& resolution) { return {resolution.y, resolution.x, resolution.unit}; }

}  // namespace zimage::codecs
