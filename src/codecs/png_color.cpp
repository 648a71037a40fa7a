#include "codecs/png_color.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "codecs/metadata/made_profile.h"
#include "codecs/png_chunks.h"

namespace zimage::codecs {
namespace {

/// Drafts of the third edition spelt two of them with a small letter at the end, and programs wrote them so.
constexpr std::string_view kColorChunks[] = {"cICP", "mDCV", "mDCv", "cLLI", "cLLi", "sRGB", "gAMA", "cHRM"};
/// libpng takes a gamma of 1/2.2 with sRGB's primaries for sRGB, as most programs do that write it.
constexpr double kSrgbGamma = 0.45455, kGammaTolerance = 0.05;

const PngChunk* find(const std::vector<PngChunk>& chunks, std::string_view name, std::size_t size) {
  const auto place = std::find_if(chunks.begin(), chunks.end(), [&](const PngChunk& c) { return c.name == name; });
  return place == chunks.end() || place->data.size() != size ? nullptr : &*place;
}

/// Returns the primaries that a number stands for (ITU-T H.273, table 2).
std::optional<Primaries> primaries_of(unsigned number) {
  switch (number) {
    case 1: return kSrgbPrimaries;
    case 4: return Primaries{{0.31, 0.316}, {0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}};
    case 5: return Primaries{kD65, {0.64, 0.33}, {0.29, 0.6}, {0.15, 0.06}};
    case 6:
    case 7: return Primaries{kD65, {0.63, 0.34}, {0.31, 0.595}, {0.155, 0.07}};
    case 8: return Primaries{{0.31, 0.316}, {0.681, 0.319}, {0.243, 0.692}, {0.145, 0.049}};
    case 9: return Primaries{kD65, {0.708, 0.292}, {0.17, 0.797}, {0.131, 0.046}};
    case 10: return Primaries{{1.0 / 3, 1.0 / 3}, {1, 0}, {0, 1}, {0, 0}};
    case 11: return Primaries{{0.314, 0.351}, {0.68, 0.32}, {0.265, 0.69}, {0.15, 0.06}};
    case 12: return Primaries{kD65, {0.68, 0.32}, {0.265, 0.69}, {0.15, 0.06}};
    case 22: return Primaries{kD65, {0.63, 0.34}, {0.295, 0.605}, {0.155, 0.077}};
    default: return std::nullopt;
  }
}

/// Returns the curve that a number stands for (ITU-T H.273, table 3).
std::optional<Transfer> transfer_of(unsigned number) {
  using Kind = Transfer::Kind;
  switch (number) {
    case 1:
    case 6:
    case 11:
    case 12:
    case 14:
    case 15: return Transfer{Kind::kBt709};
    case 4: return Transfer{Kind::kGamma, 2.2};
    case 5: return Transfer{Kind::kGamma, 2.8};
    case 7: return Transfer{Kind::kSmpte240};
    case 8: return Transfer{Kind::kGamma, 1};
    case 13: return Transfer{Kind::kSrgb};
    case 16: return Transfer{Kind::kPq};
    case 17: return Transfer{Kind::kGamma, 2.6};
    case 18: return Transfer{Kind::kHlg};
    default: return std::nullopt;
  }
}

struct Meaning {
  Primaries primaries = kSrgbPrimaries;
  Transfer transfer{};
};

/// Returns the meaning of a cICP chunk of RGB samples in the full range; empty for any other.
std::optional<Meaning> meaning_of_cicp(const PngChunk& chunk) {
  const auto primaries = primaries_of(chunk.data[0]);
  const auto transfer = transfer_of(chunk.data[1]);
  if (!primaries || !transfer || chunk.data[2] != 0 || chunk.data[3] != 1) return std::nullopt;
  return Meaning{*primaries, *transfer};
}

/// Returns the meaning of gAMA and cHRM, of which one may be missing.
std::optional<Meaning> meaning_of_gamma(const PngChunk* gamma, const PngChunk* chromaticities) {
  Meaning meaning;
  if (chromaticities != nullptr) {
    std::array<double, 8> v{};
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = png_number(chromaticities->data, 4 * i) / 100000.0;
    meaning.primaries = {{v[0], v[1]}, {v[2], v[3]}, {v[4], v[5]}, {v[6], v[7]}};
  }
  if (gamma == nullptr) return meaning;
  const double exponent = png_number(gamma->data, 0) / 100000.0;
  if (exponent <= 0) return std::nullopt;
  const bool srgb = exponent > kSrgbGamma * (1 - kGammaTolerance) && exponent < kSrgbGamma * (1 + kGammaTolerance);
  if (!srgb || !is_srgb(meaning.primaries)) meaning.transfer = {Transfer::Kind::kGamma, 1 / exponent};
  return meaning;
}

/// Makes the profile of a meaning, unless that is sRGB. Returns false if there can be none.
bool use(ImageMetadata& metadata, const std::optional<Meaning>& meaning, bool grey) {
  if (!meaning) return false;
  const bool srgb = (grey || is_srgb(meaning->primaries)) && meaning->transfer.kind == Transfer::Kind::kSrgb;
  std::vector<std::uint8_t> icc;
  if (!srgb) icc = make_profile(meaning->primaries, meaning->transfer, grey);
  if (icc.empty() && !srgb) return false;
  metadata.icc_beside_chunks = std::exchange(metadata.icc, std::move(icc));
  metadata.icc_of_chunks = true;
  metadata.hdr_white = diffuse_white(meaning->transfer);
  return true;
}

}  // namespace

std::vector<PngChunk> color_chunks_of(Bytes png) {
  std::vector<PngChunk> out;
  each_png_chunk(png, [&](std::string_view name, Bytes data) {
    const bool wanted = std::find(std::begin(kColorChunks), std::end(kColorChunks), name) != std::end(kColorChunks);
    const bool known = std::any_of(out.begin(), out.end(), [&](const PngChunk& c) { return c.name == name; });
    if (wanted && !known) out.push_back({std::string(name), {data.begin(), data.end()}});
  });
  return out;
}

void apply_color_chunks(ImageMetadata& metadata, bool grey) {
  std::vector<PngChunk>& chunks = metadata.color_chunks;
  if (const PngChunk* cicp = find(chunks, "cICP", 4)) {
    if (use(metadata, meaning_of_cicp(*cicp), grey)) return;
    metadata.left_out.emplace_back(
        "has a cICP chunk for colours of a kind that is not supported: the hole is painted " +
        std::string(metadata.icc.empty() ? "as if they were sRGB" : "by its ICC profile"));
  }
  if (!metadata.icc.empty() || find(chunks, "sRGB", 1) != nullptr) return;
  const PngChunk* gamma = find(chunks, "gAMA", 4);
  const PngChunk* chromaticities = find(chunks, "cHRM", 32);
  if (gamma == nullptr && chromaticities == nullptr) return;
  if (use(metadata, meaning_of_gamma(gamma, chromaticities), grey)) return;
  metadata.left_out.emplace_back("has an invalid gAMA or cHRM chunk, which is left out: its colours are taken as sRGB");
  std::erase_if(chunks, [](const PngChunk& c) { return c.name == "gAMA" || c.name == "cHRM"; });
}

}  // namespace zimage::codecs
