#include "unit/codecs/profile_samples.h"

#include <lcms2.h>

namespace zimage::test {
namespace {

Bytes saved(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  cmsSaveProfileToMem(profile, nullptr, &size);
  Bytes out(size);
  cmsSaveProfileToMem(profile, out.data(), &size);
  cmsCloseProfile(profile);
  return out;
}

cmsToneCurve* curve_of(double gamma) {
  constexpr cmsFloat64Number kSrgb[] = {2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045};
  return gamma > 0.0 ? cmsBuildGamma(nullptr, gamma) : cmsBuildParametricToneCurve(nullptr, 4, kSrgb);
}

Bytes rgb_icc(const cmsCIExyYTRIPLE& primaries, double gamma) {
  constexpr cmsCIExyY kD65 = {0.3127, 0.3290, 1.0};
  cmsToneCurve* curve = curve_of(gamma);
  cmsToneCurve* const curves[] = {curve, curve, curve};
  cmsHPROFILE profile = cmsCreateRGBProfile(&kD65, &primaries, curves);
  cmsFreeToneCurve(curve);
  return saved(profile);
}

}  // namespace

Bytes srgb_icc() { return saved(cmsCreate_sRGBProfile()); }

Bytes gamma_icc(double gamma) { return rgb_icc({{0.64, 0.33, 1}, {0.30, 0.60, 1}, {0.15, 0.06, 1}}, gamma); }

Bytes wide_icc() { return rgb_icc({{0.680, 0.320, 1}, {0.265, 0.690, 1}, {0.150, 0.060, 1}}, 0.0); }

Bytes grey_icc(double gamma) {
  cmsToneCurve* curve = curve_of(gamma);
  cmsHPROFILE profile = cmsCreateGrayProfile(cmsD50_xyY(), curve);
  cmsFreeToneCurve(curve);
  return saved(profile);
}

Bytes lab_icc() { return saved(cmsCreateLab4Profile(nullptr)); }

}  // namespace zimage::test
