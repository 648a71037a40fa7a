#include "codecs/metadata/color_profile.h"

#include <lcms2.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "support/catch.h"
#include "support/files.h"
#include "support/samples.h"
#include "unit/codecs/profile_samples.h"

using namespace zimage;
using namespace zimage::test;

namespace {

codecs::ColorProfile opened(const Bytes& icc, bool grey, int depth = 8) {
  std::string why;
  auto profile = codecs::ColorProfile::open(icc, grey, depth, why);
  INFO(why);
  REQUIRE(profile);
  return *profile;
}

/// Converts to sRGB and back, at the picture's depth.
Image round_trip(const codecs::ColorProfile& profile, const Image& picture) {
  Values pixels = values(profile.to_srgb(picture));
  Image out(picture.width, picture.height, picture.channels, picture.bit_depth);
  for (int y = 0; y < out.height; ++y) {
    profile.from_srgb(&pixels[out.index(0, y)], static_cast<std::size_t>(out.width), out.channels);
  }
  fill(out, pixels);
  return out;
}

/// Returns the largest difference of the samples that are at least `from`.
int largest_difference(const Image& a, const Image& b, int from = 0) {
  REQUIRE(a.samples.size() == b.samples.size());
  int largest = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    if (a.samples[i] >= from) largest = std::max(largest, std::abs(a.samples[i] - b.samples[i]));
  }
  return largest;
}

}  // namespace

TEST_CASE("profile: sRGB needs no conversion, others do", "[codecs]") {
  CHECK(opened(srgb_icc(), false).is_srgb());
  CHECK(opened(grey_icc(0.0), true).is_srgb());
  CHECK_FALSE(opened(wide_icc(), false).is_srgb());
  CHECK_FALSE(opened(gamma_icc(1.0), false).is_srgb());
  CHECK_FALSE(opened(grey_icc(1.0), true).is_srgb());
  // This is close to sRGB's curve, but not equal.
  CHECK_FALSE(opened(gamma_icc(2.2), false).is_srgb());
}

TEST_CASE("profile: colours are converted as their definition says", "[codecs]") {
  // sRGB's own curve maps 0.5 in linear light to 0.7354.
  for (const bool grey : {false, true}) {
    for (const int depth : {8, 16}) {
      const codecs::ColorProfile profile = opened(grey ? grey_icc(1.0) : gamma_icc(1.0), grey, depth);
      Image picture(1, 1, grey ? 1 : 3, depth);
      fill(picture, Values(picture.samples.size(), depth == 16 ? 32768 : 128));
      const Image srgb = profile.to_srgb(picture);
      CHECK(srgb.bit_depth == 16);
      const double light = depth == 16 ? 32768.0 / 65535 : 128.0 / 255;
      const double expected = 65535 * (1.055 * std::pow(light, 1 / 2.4) - 0.055);
      for (const std::uint16_t sample : values(srgb)) CHECK(std::abs(sample - expected) < 40);
    }
  }
}

TEST_CASE("profile: a round trip is exact to a level, and alpha is unchanged", "[codecs]") {
  for (const int depth : {8, 16}) {
    for (int channels = 1; channels <= 4; ++channels) {
      const bool grey = channels <= 2;
      // The gamut lies within sRGB's, so that nothing is clipped.
      const codecs::ColorProfile profile = opened(grey ? grey_icc(1.8) : gamma_icc(1.8), grey, depth);
      const Image picture = noise_image(61, 40, channels, depth);
      const Image back = round_trip(profile, picture);
      INFO(channels << " channels of " << depth << " bits");
      // The conversion goes through 16 bits of linear light, where the darkest step is this much at gamma 1.8.
      const int darkest_step = static_cast<int>(65535 * std::pow(1.0 / 65535, 1 / 1.8));
      CHECK(largest_difference(picture, back) <= (depth == 8 ? 1 : darkest_step + 40));
      if (depth == 16) CHECK(largest_difference(picture, back, 65535 / 8) <= 24);
      if (channels != 2 && channels != 4) continue;
      for (std::size_t i = static_cast<std::size_t>(channels) - 1; i < back.samples.size(); i += channels) {
        REQUIRE(back.samples[i] == picture.samples[i]);
      }
    }
  }
}

TEST_CASE("profile: profiles that don't fit are refused with a reason", "[codecs]") {
  const auto why = [](const Bytes& icc, bool grey) {
    std::string reason;
    CHECK_FALSE(codecs::ColorProfile::open(icc, grey, 8, reason));
    return reason;
  };
  CHECK(why({}, false) == "it is damaged");
  CHECK(why(bytes_of("not a profile"), false) == "it is damaged");
  CHECK(why(grey_icc(1.8), false) == "it is for grey pictures, and this one is RGB");
  CHECK(why(wide_icc(), true) == "it is for RGB pictures, and this one is grey");
  CHECK(why(lab_icc(), false) == "it is for Lab pictures, and this one is RGB");
}

TEST_CASE("profile: damaged profiles are refused or used", "[codecs]") {
  std::mt19937 random(5);
  const Image picture = noise_image(9, 7, 3, 8);
  for (const Bytes& good : {srgb_icc(), wide_icc()}) {
    int refused = 0;
    for (int round = 0; round < 80; ++round) {
      Bytes bad = good;
      if (round % 4 == 0) bad.resize(random() % bad.size());
      for (unsigned i = 1 + random() % 5; i > 0 && !bad.empty(); --i) {
        bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
      }
      std::string reason;
      const auto profile = codecs::ColorProfile::open(bad, false, 8, reason);
      if (profile) {
        if (!profile->is_srgb()) round_trip(*profile, picture);
      } else {
        ++refused;
        CHECK_FALSE(reason.empty());
      }
    }
    CHECK(refused > 10);
    CHECK(refused < 80);
  }
}
