#include "codecs/metadata/made_profile.h"

#include <cmath>

#include "codecs/metadata/color_profile.h"
#include "support/catch.h"
#include "support/samples.h"

using namespace zimage;
using namespace zimage::test;
using namespace zimage::codecs;
using Kind = Transfer::Kind;

namespace {

constexpr Primaries kBt2020{kD65, {0.708, 0.292}, {0.17, 0.797}, {0.131, 0.046}};

ColorProfile opened(const std::vector<std::uint8_t>& icc, bool grey, std::uint16_t white = 0xffff) {
  std::string why;
  auto profile = ColorProfile::open(icc, grey, 16, why, white);
  INFO(why);
  REQUIRE(profile);
  return *profile;
}

/// Returns a 16-bit sRGB sample as light.
double light_of_srgb(double sample) {
  const double v = sample / 65535;
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

}  // namespace

TEST_CASE("made profiles: curves are the standards'") {
  const struct {
    Transfer transfer;
    double sample, light;
  } cases[] = {{{Kind::kGamma, 2.2}, 0.5, std::pow(0.5, 2.2)},
               {{Kind::kGamma, 1}, 0.25, 0.25},
               {{Kind::kBt709}, 0.5, std::pow((0.5 + 0.099) / 1.099, 1 / 0.45)},
               {{Kind::kBt709}, 0.05, 0.05 / 4.5},
               {{Kind::kSmpte240}, 0.5, std::pow((0.5 + 0.1115) / 1.1115, 1 / 0.45)},
               // The levels of ITU-R BT.2408: HLG 75 % and PQ 58 % are diffuse white, PQ 38 % is 26 cd/m².
               {{Kind::kPq}, 0.38, 26.0 / 203},
               {{Kind::kHlg}, 0.38, 26.0 / 203}};
  for (const auto& c : cases) {
    for (const bool grey : {false, true}) {
      const auto profile = opened(make_profile(kSrgbPrimaries, c.transfer, grey), grey);
      Image picture(1, 1, grey ? 1 : 3, 16);
      fill(picture, Values(picture.samples.size(), static_cast<std::uint16_t>(std::lround(c.sample * 65535))));
      const double light = light_of_srgb(values(profile.to_srgb(picture))[0]);
      INFO("kind " << static_cast<int>(c.transfer.kind) << ", sample " << c.sample);
      const bool hdr = c.transfer.kind == Kind::kPq || c.transfer.kind == Kind::kHlg;
      CHECK(std::abs(light - c.light) < (hdr ? 0.02 : 0.001));
    }
  }
}

TEST_CASE("made profiles: diffuse white is 58 % of PQ and 75 % of HLG") {
  CHECK(std::abs(diffuse_white({Kind::kPq}) / 65535.0 - 0.58) < 0.005);
  CHECK(std::abs(diffuse_white({Kind::kHlg}) / 65535.0 - 0.75) < 0.005);
  CHECK(diffuse_white({Kind::kSrgb}) == 0xffff);
  for (const Kind kind : {Kind::kPq, Kind::kHlg}) {
    const Transfer transfer{kind};
    const std::uint16_t white = diffuse_white(transfer);
    for (const bool grey : {false, true}) {
      const auto profile = opened(make_profile(kBt2020, transfer, grey), grey, white);
      const std::size_t channels = grey ? 1 : 3;
      Values pixel(channels, 0xffff);
      profile.from_srgb(pixel.data(), 1, static_cast<int>(channels));
      CHECK((pixel[0] <= white && pixel[0] > white - 400));
      // What is brighter than white looks white to the model.
      Image bright(1, 1, static_cast<int>(channels), 16);
      fill(bright, Values(channels, 0xffff));
      CHECK(values(profile.to_srgb(bright))[0] > 65500);
    }
  }
}

TEST_CASE("made profiles: the same values give the same bytes, and impossible ones none") {
  CHECK(make_profile(kAdobeRgbPrimaries, {Kind::kGamma, kAdobeRgbGamma}, false) ==
        make_profile(kAdobeRgbPrimaries, {Kind::kGamma, kAdobeRgbGamma}, false));
  CHECK(make_profile(kSrgbPrimaries, {Kind::kGamma, 0}, false).empty());
  CHECK(make_profile(kSrgbPrimaries, {Kind::kGamma, 1e9}, true).empty());
  CHECK(make_profile({kD65, {0.3, 0.3}, {0.3, 0.3}, {0.3, 0.3}}, {}, false).empty());
  CHECK(make_profile({{0.3, 0}, {0.64, 0.33}, {0.3, 0.6}, {0.15, 0.06}}, {}, false).empty());
  CHECK(make_profile({kD65, {42949, 0.33}, {0.3, 0.6}, {0.15, 0.06}}, {}, false).empty());
  CHECK(is_srgb(kSrgbPrimaries));
  CHECK_FALSE(is_srgb(kAdobeRgbPrimaries));
}
