#include "codecs/metadata/color_profile.h"

#include <lcms2.h>
#include "base/parallel.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "zimage/error.h"

namespace zimage::codecs {
namespace {

/// The number of rows that makes a thread worthwhile.
constexpr std::int64_t kRowsEach = 64;

/// If lcms2 makes a table of a transform, it is a fine one: a coarse one puts dark colours off by two 8-bit levels.
constexpr cmsUInt32Number kFlags =
    cmsFLAGS_NOCACHE | cmsFLAGS_CLUT_PRE_LINEARIZATION | cmsFLAGS_CLUT_POST_LINEARIZATION | cmsFLAGS_HIGHRESPRECALC;
constexpr cmsUInt32Number kIntent = INTENT_RELATIVE_COLORIMETRIC;

struct Profile {
  cmsHPROFILE handle = nullptr;
  explicit Profile(cmsHPROFILE h) : handle(h) {}
  ~Profile() {
    if (handle != nullptr) cmsCloseProfile(handle);
  }
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;
};

struct Transform {
  cmsHTRANSFORM handle = nullptr;
  Transform(const Profile& from, cmsUInt32Number in, const Profile& to, cmsUInt32Number out,
            cmsUInt32Number flags = kFlags)
      : handle(cmsCreateTransform(from.handle, in, to.handle, out, kIntent, flags)) {}
  ~Transform() {
    if (handle != nullptr) cmsDeleteTransform(handle);
  }
  Transform(const Transform&) = delete;
  Transform& operator=(const Transform&) = delete;
};

cmsHPROFILE srgb_profile(bool grey) {
  if (!grey) return cmsCreate_sRGBProfile();
  // The curve of each sRGB colour, by IEC 61966-2-1.
  constexpr cmsFloat64Number kCurve[] = {2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045};
  cmsToneCurve* curve = cmsBuildParametricToneCurve(nullptr, 4, kCurve);
  cmsHPROFILE profile = curve == nullptr ? nullptr : cmsCreateGrayProfile(cmsD50_xyY(), curve);
  if (curve != nullptr) cmsFreeToneCurve(curve);
  return profile;
}

std::string kind_of(cmsColorSpaceSignature space) {
  switch (space) {
    case cmsSigGrayData: return "grey";
    case cmsSigRgbData: return "RGB";
    case cmsSigCmykData: return "CMYK";
    case cmsSigLabData: return "Lab";
    default: return "other";
  }
}

cmsUInt32Number format_of(bool grey, int bit_depth) {
  if (grey) return bit_depth == 16 ? TYPE_GRAY_16 : TYPE_GRAY_8;
  return bit_depth == 16 ? TYPE_RGB_16 : TYPE_RGB_8;
}

std::uint16_t to_8_bits(std::uint16_t value) { return static_cast<std::uint16_t>((value + 128u) / 257u); }

/// Returns whether `to_srgb`, from 8 bits to 16, keeps every colour of a coarse grid within one 8-bit level.
bool is_identity(const Transform& to_srgb, bool grey) {
  constexpr int kStep = 15;
  std::vector<std::uint8_t> in;
  for (int r = 0; r < 256; r += kStep) {
    for (int g = 0; g < 256; g += grey ? 256 : kStep) {
      for (int b = 0; b < 256; b += grey ? 256 : kStep) {
        in.push_back(static_cast<std::uint8_t>(r));
        if (!grey) in.insert(in.end(), {static_cast<std::uint8_t>(g), static_cast<std::uint8_t>(b)});
      }
    }
  }
  std::vector<std::uint16_t> out(in.size());
  cmsDoTransform(to_srgb.handle, in.data(), out.data(), static_cast<cmsUInt32Number>(in.size() / (grey ? 1 : 3)));
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (std::abs(in[i] - to_8_bits(out[i])) > 1) return false;
  }
  return true;
}

/// Returns whether make_way_back() will succeed, by making the same transform without its table.
bool has_way_back(const Profile& profile, const Profile& srgb, bool grey) {
  const cmsUInt32Number format = format_of(grey, 16);
  return Transform(srgb, format, profile, format, cmsFLAGS_NOOPTIMIZE | cmsFLAGS_NOCACHE).handle != nullptr;
}

/// Makes the transform from sRGB, with profile handles of its own because threads can't share them.
std::unique_ptr<Transform> make_way_back(const std::vector<std::uint8_t>& icc, bool grey) {
  const Profile profile(cmsOpenProfileFromMem(icc.data(), static_cast<cmsUInt32Number>(icc.size())));
  const Profile srgb(srgb_profile(grey));
  if (profile.handle == nullptr || srgb.handle == nullptr) return nullptr;
  return std::make_unique<Transform>(srgb, format_of(grey, 16), profile, format_of(grey, 16));
}

}  // namespace

class ColorProfile::Transforms {
 public:
  Transforms(std::unique_ptr<Transform> there, std::vector<std::uint8_t> icc, bool grey)
      : there_(std::move(there)), icc_(std::move(icc)), grey_(grey) {}

  /// Returns the transform to 16-bit sRGB.
  cmsHTRANSFORM there() const { return there_->handle; }

  /// Returns the transform from sRGB to the profile, 16 bits. The first call makes it, and its table takes a while.
  cmsHTRANSFORM back() {
    std::call_once(made_, [this] { back_ = make_way_back(icc_, grey_); });
    if (back_ != nullptr && back_->handle != nullptr) return back_->handle;
    throw Error(ErrorCode::kMemory, "there is not enough memory for a colour profile");
  }

 private:
  std::unique_ptr<Transform> there_;
  std::vector<std::uint8_t> icc_;
  bool grey_;
  std::once_flag made_;
  std::unique_ptr<Transform> back_;
};

std::optional<ColorProfile> ColorProfile::open(const std::vector<std::uint8_t>& icc, bool grey, int bit_depth,
                                               std::string& why, std::uint16_t white) {
  const Profile profile(cmsOpenProfileFromMem(icc.data(), static_cast<cmsUInt32Number>(icc.size())));
  if (profile.handle == nullptr) {
    why = "it is damaged";
    return std::nullopt;
  }
  const cmsColorSpaceSignature space = cmsGetColorSpace(profile.handle);
  if (space != (grey ? cmsSigGrayData : cmsSigRgbData)) {
    why = "it is for " + kind_of(space) + " pictures, and this one is " + (grey ? "grey" : "RGB");
    return std::nullopt;
  }
  const cmsProfileClassSignature kind = cmsGetDeviceClass(profile.handle);
  if (kind == cmsSigLinkClass || kind == cmsSigAbstractClass || kind == cmsSigNamedColorClass) {
    why = "it isn't the profile of a device or a colour space";
    return std::nullopt;
  }
  const Profile srgb(srgb_profile(grey));
  if (srgb.handle == nullptr) throw Error(ErrorCode::kMemory, "there is not enough memory for a colour profile");
  ColorProfile out;
  out.grey_ = grey;
  out.bit_depth_ = bit_depth;
  out.white_ = white;
  auto there = std::make_unique<Transform>(profile, format_of(grey, 8), srgb, format_of(grey, 16));
  out.srgb_ = there->handle != nullptr && is_identity(*there, grey);
  if (out.srgb_) return out;
  if (bit_depth == 16) there = std::make_unique<Transform>(profile, format_of(grey, 16), srgb, format_of(grey, 16));
  if (there->handle == nullptr || !has_way_back(profile, srgb, grey)) {
    why = "it is damaged, or can't convert from sRGB";
    return std::nullopt;
  }
  out.transforms_ = std::make_shared<Transforms>(std::move(there), icc, grey);
  return out;
}

Image ColorProfile::to_srgb(const Image& picture) const {
  Image srgb(picture.width, picture.height, picture.channels, 16);
  const auto colors = static_cast<std::size_t>(grey_ ? 1 : 3);
  const auto channels = static_cast<std::size_t>(picture.channels);
  const auto count = static_cast<std::size_t>(picture.width);
  picture.samples.visit([&]<class Sample>(const Sample* samples) {
    constexpr unsigned kScale = sizeof(Sample) == 2 ? 1 : 257;
    parallel_for(0, picture.height, kRowsEach, [&](std::int64_t begin, std::int64_t end) {
      std::vector<Sample> row(count * colors);
      std::vector<std::uint16_t> words(count * colors);
      for (auto i = static_cast<int>(begin); i < end; ++i) {
        const Sample* from = samples + picture.index(0, i);
        std::uint16_t* to = srgb.samples.words() + srgb.index(0, i);
        if (channels == colors) {
          cmsDoTransform(transforms_->there(), from, to, static_cast<cmsUInt32Number>(count));
          continue;
        }
        for (std::size_t k = 0; k < count; ++k) std::copy_n(from + k * channels, colors, row.data() + k * colors);
        cmsDoTransform(transforms_->there(), row.data(), words.data(), static_cast<cmsUInt32Number>(count));
        for (std::size_t k = 0; k < count; ++k) {
          std::copy_n(words.data() + k * colors, colors, to + k * channels);
          to[k * channels + colors] = static_cast<std::uint16_t>(from[k * channels + colors] * kScale);
        }
      }
    });
  });
  return srgb;
}

void ColorProfile::prepare_from_srgb() const { transforms_->back(); }

void ColorProfile::from_srgb(std::uint16_t* pixels, std::size_t count, int channels) const {
  const auto colors = static_cast<std::size_t>(grey_ ? 1 : 3);
  const auto step = static_cast<std::size_t>(channels);
  std::vector<std::uint16_t> words(count * colors);
  for (std::size_t x = 0; x < count; ++x) std::copy_n(pixels + x * step, colors, words.data() + x * colors);
  cmsDoTransform(transforms_->back(), words.data(), words.data(), static_cast<cmsUInt32Number>(count));
  if (white_ != 0xffff)
    std::transform(words.begin(), words.end(), words.begin(), [this](auto v) { return std::min(v, white_); });
  for (std::size_t x = 0; x < count; ++x) std::copy_n(words.data() + x * colors, colors, pixels + x * step);
  if (bit_depth_ == 16) return;
  for (std::size_t i = 0; i < count * step; ++i) pixels[i] = to_8_bits(pixels[i]);
}

}  // namespace zimage::codecs
