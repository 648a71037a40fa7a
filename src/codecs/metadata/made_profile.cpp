#include "codecs/metadata/made_profile.h"

#include <lcms2.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "zimage/error.h"

namespace zimage::codecs {
namespace {

struct CurveDeleter {
  void operator()(cmsToneCurve* curve) const { cmsFreeToneCurve(curve); }
};
using Curve = std::unique_ptr<cmsToneCurve, CurveDeleter>;

struct ProfileDeleter {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, ProfileDeleter>;

/// In cd/m².
constexpr double kDiffuseWhite = 203;
constexpr int kTableSize = 4096;

/// Returns the light of a PQ sample in cd/m² (SMPTE ST 2084).
double pq_light(double sample) {
  constexpr double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128;
  constexpr double c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32, c3 = 2392.0 / 4096 * 32;
  const double power = std::pow(sample, 1 / m2);
  return 10000 * std::pow(std::max(power - c1, 0.0) / (c2 - c3 * power), 1 / m1);
}

/// Returns the light of a grey HLG sample on a display of 1000 cd/m², in cd/m² (ITU-R BT.2100, system gamma 1.2).
double hlg_light(double sample) {
  constexpr double a = 0.17883277, b = 1 - 4 * a;
  const double c = 0.5 - a * std::log(4 * a);
  const double scene = sample <= 0.5 ? sample * sample / 3 : (std::exp((sample - c) / a) + b) / 12;
  return 1000 * std::pow(scene, 1.2);
}

double hdr_light(Transfer::Kind kind, double sample) {
  return kind == Transfer::Kind::kPq ? pq_light(sample) : hlg_light(sample);
}

bool is_hdr(const Transfer& transfer) {
  return transfer.kind == Transfer::Kind::kPq || transfer.kind == Transfer::Kind::kHlg;
}

Curve hdr_curve(Transfer::Kind kind) {
  std::vector<cmsUInt16Number> table(kTableSize);
  for (int i = 0; i < kTableSize; ++i) {
    const double light = hdr_light(kind, static_cast<double>(i) / (kTableSize - 1)) / kDiffuseWhite;
    table[static_cast<std::size_t>(i)] = static_cast<cmsUInt16Number>(std::lround(std::clamp(light, 0.0, 1.0) * 65535));
  }
  return Curve(cmsBuildTabulatedToneCurve16(nullptr, kTableSize, table.data()));
}

/// Returns a curve through the table's entries, or through as many of them as a profile should have.
Curve table_curve(const std::vector<std::uint16_t>& table) {
  const std::size_t last = table.size() - 1;
  std::vector<cmsUInt16Number> out(std::min<std::size_t>(table.size(), kTableSize));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = table[i * last / (out.size() - 1)];
  return Curve(cmsBuildTabulatedToneCurve16(nullptr, static_cast<cmsUInt32Number>(out.size()), out.data()));
}

/// Returns the curve that is (sample + offset) / (1 + offset) to the power of `power` from `knee` on, and a line of
/// 1/slope below.
Curve two_part_curve(double power, double offset, double slope, double knee) {
  const cmsFloat64Number values[] = {power, 1 / (1 + offset), offset / (1 + offset), 1 / slope, knee};
  return Curve(cmsBuildParametricToneCurve(nullptr, 4, values));
}

Curve curve_of(const Transfer& transfer) {
  switch (transfer.kind) {
    case Transfer::Kind::kSrgb: return two_part_curve(2.4, 0.055, 12.92, 0.04045);
    case Transfer::Kind::kBt709: return two_part_curve(1 / 0.45, 0.099, 4.5, 0.081);
    case Transfer::Kind::kSmpte240: return two_part_curve(1 / 0.45, 0.1115, 4, 0.0912);
    case Transfer::Kind::kPq:
    case Transfer::Kind::kHlg: return hdr_curve(transfer.kind);
    case Transfer::Kind::kTable: return table_curve(transfer.table);
    case Transfer::Kind::kGamma: break;
  }
  return Curve(cmsBuildGamma(nullptr, transfer.gamma));
}

bool inside(const Chromaticity& c) { return c.x >= 0 && c.y >= 0 && c.x <= 1 && c.y <= 1; }

bool is_usable(const Primaries& p) {
  if (!inside(p.white) || !inside(p.red) || !inside(p.green) || !inside(p.blue) || p.white.y < 0.01) return false;
  const double area = (p.green.x - p.red.x) * (p.blue.y - p.red.y) - (p.blue.x - p.red.x) * (p.green.y - p.red.y);
  return std::abs(area) > 0.001;
}

void put_title(cmsHPROFILE profile) {
  const std::unique_ptr<cmsMLU, void (*)(cmsMLU*)> title(cmsMLUalloc(nullptr, 1), cmsMLUfree);
  if (title == nullptr || !cmsMLUsetASCII(title.get(), "en", "US", "colours of the source picture")) return;
  cmsWriteTag(profile, cmsSigProfileDescriptionTag, title.get());
}

std::vector<std::uint8_t> bytes_of(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  if (!cmsSaveProfileToMem(profile, nullptr, &size) || size < 128) return {};
  std::vector<std::uint8_t> out(size);
  if (!cmsSaveProfileToMem(profile, out.data(), &size)) return {};
  // The date of its making (ICC.1:2010, 7.2.8) would make two runs differ.
  constexpr std::uint8_t kDate[] = {0x07, 0xe8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0};
  std::copy(std::begin(kDate), std::end(kDate), out.begin() + 24);
  return out;
}

bool near(const Chromaticity& a, const Chromaticity& b) {
  constexpr double kRounding = 0.002;
  return std::abs(a.x - b.x) < kRounding && std::abs(a.y - b.y) < kRounding;
}

}  // namespace

bool is_srgb(const Primaries& primaries) {
  const Primaries& srgb = kSrgbPrimaries;
  return near(primaries.white, srgb.white) && near(primaries.red, srgb.red) && near(primaries.green, srgb.green) &&
         near(primaries.blue, srgb.blue);
}

std::vector<std::uint8_t> make_profile(const Primaries& primaries, const Transfer& transfer, bool grey) {
  const bool positive = transfer.kind != Transfer::Kind::kGamma || (transfer.gamma > 0.05 && transfer.gamma < 20);
  if (transfer.kind == Transfer::Kind::kTable && transfer.table.size() < 2) return {};
  if (!positive || (!grey && !is_usable(primaries))) return {};
  const Curve curve = curve_of(transfer);
  if (curve == nullptr) return {};
  const auto full = [](const Chromaticity& c) { return cmsCIExyY{c.x, c.y, 1}; };
  const cmsCIExyY white = full(primaries.white);
  const cmsCIExyYTRIPLE colors{full(primaries.red), full(primaries.green), full(primaries.blue)};
  cmsToneCurve* const curves[] = {curve.get(), curve.get(), curve.get()};
  const Profile profile(grey ? cmsCreateGrayProfile(cmsD50_xyY(), curve.get())
                             : cmsCreateRGBProfile(&white, &colors, curves));
  if (profile == nullptr) return {};
  put_title(profile.get());
  return bytes_of(profile.get());
}

std::uint16_t diffuse_white(const Transfer& transfer) {
  if (!is_hdr(transfer)) return 0xffff;
  int low = 0, high = 0xffff;
  while (low < high) {  // find the first sample that is at least as light
    const int middle = (low + high) / 2;
    if (hdr_light(transfer.kind, middle / 65535.0) < kDiffuseWhite) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<std::uint16_t>(low);
}

}  // namespace zimage::codecs
