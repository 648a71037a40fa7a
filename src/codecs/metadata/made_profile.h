// Makes ICC profiles of what files say about their colours without one, through lcms2.
#pragma once

#include <cstdint>
#include <vector>

namespace zimage::codecs {

struct Chromaticity {
  double x = 0;
  double y = 0;
};

struct Primaries {
  Chromaticity white;
  Chromaticity red;
  Chromaticity green;
  Chromaticity blue;
};

inline constexpr Chromaticity kD65{0.3127, 0.329};
inline constexpr Primaries kSrgbPrimaries{kD65, {0.64, 0.33}, {0.3, 0.6}, {0.15, 0.06}};
inline constexpr Primaries kAdobeRgbPrimaries{kD65, {0.64, 0.33}, {0.21, 0.71}, {0.15, 0.06}};

/// The curve from a picture's samples to light.
struct Transfer {
  enum class Kind { kGamma, kSrgb, kBt709, kSmpte240, kPq, kHlg, kTable };
  Kind kind = Kind::kSrgb;
  double gamma = 1;                    ///< kGamma: light is the sample to this power
  std::vector<std::uint16_t> table{};  ///< kTable: the light of samples from the least to the largest
};

inline constexpr double kAdobeRgbGamma = 563.0 / 256;

/// Returns whether primaries are sRGB's, within what files round them to.
bool is_srgb(const Primaries& primaries);

/// Returns a profile, the same bytes for the same values; empty if there can be none (no triangle, no positive gamma).
/// PQ and HLG are scaled so that diffuse white is the profile's white, and what is brighter is white too.
std::vector<std::uint8_t> make_profile(const Primaries& primaries, const Transfer& transfer, bool grey);

/// Returns the 16-bit code of diffuse white, 203 cd/m² (ITU-R BT.2408): below the largest for PQ and HLG.
std::uint16_t diffuse_white(const Transfer& transfer);

}  // namespace zimage::codecs
