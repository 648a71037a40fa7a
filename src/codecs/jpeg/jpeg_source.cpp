#include "codecs/jpeg/jpeg_source.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "codecs/jpeg/jpeg_rotate.h"
#include "image/orientation.h"

namespace zimage::codecs {
namespace {

/// Returns whether standard Huffman tables have codes for a row of blocks.
bool in_range(const JBLOCK* blocks, unsigned count) {
  bool beyond = false;
  for (unsigned i = 0; i < count; ++i) {
    const JCOEF* block = blocks[i];
    beyond |= block[0] < -1024 || block[0] > 1023;
    int largest = 0;
    for (int k = 1; k < DCTSIZE2; ++k) largest = std::max<int>(largest, std::abs(int{block[k]}));
    beyond |= largest > 1023;
  }
  return !beyond;
}

std::optional<JpegSettings> settings_of(JpegDecoder& decoder, Bytes file) {
  open_header(decoder, file, kSourceName);
  return read_settings(decoder);
}

/// Rotates the file upright, keeping its coding. Returns false, with `origin` unchanged, if that would lose anything.
bool rotate(JpegOrigin& origin, JpegDecoder& decoder, int orientation) {
  if (!origin.settings) return false;
  // The rotated file doesn't show whether scans of a progressive one are missing.
  if (origin.settings->progressive && !can_be_spliced(decoder)) return false;
  auto file = rotate_upright(origin.file, orientation);
  if (!file) return false;
  JpegDecoder rotated;
  std::optional<JpegSettings> settings = settings_of(rotated, *file);
  if (!settings) return false;
  const JpegSettings& coding = *origin.settings;
  settings->progressive = coding.progressive;
  settings->interleaved = coding.interleaved;
  settings->optimized = coding.optimized;
  settings->restart_interval = coding.restart_interval;
  settings->density_unit = coding.density_unit;
  settings->density_x = coding.density_x;
  settings->density_y = coding.density_y;
  origin.file = *std::move(file);
  origin.settings = settings;
  return true;
}

}  // namespace

bool coefficients_in_range(JpegDecoder& source) {
  if (setjmp(source.error.jump) != 0) return false;
  for (int p = 0; p < source.info.num_components; ++p) {
    const jpeg_component_info& component = source.info.comp_info[p];
    for (unsigned row = 0; row < component.height_in_blocks; ++row) {
      const JBLOCKARRAY blocks = source.info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&source.info),
                                                                     source.coefficients[p], row, 1, FALSE);
      if (!in_range(blocks[0], component.width_in_blocks)) return false;
    }
  }
  return true;
}

bool can_be_spliced(JpegDecoder& source) {
  if (source.coefficients == nullptr && !read_coefficients(source)) refuse(source, kSourceName);
  if (source.info.coef_bits == nullptr) return true;  // not progressive
  for (int p = 0; p < source.info.num_components; ++p) {
    // libjpeg-turbo smooths if one of the first ten coefficients isn't known to the last bit.
    const int* bits = source.info.coef_bits[p];
    if (std::any_of(bits, bits + 10, [](int unknown) { return unknown != 0; })) return false;
  }
  return true;
}

std::shared_ptr<const JpegOrigin> open_jpeg_origin(std::vector<std::uint8_t> file, int orientation) {
  auto origin = std::make_shared<JpegOrigin>();
  origin->file = std::move(file);
  JpegDecoder decoder;
  origin->settings = settings_of(decoder, origin->file);
  if (origin->settings && turns_sides(orientation)) std::swap(origin->settings->density_x, origin->settings->density_y);
  if (orientation != 1) origin->upright = rotate(*origin, decoder, orientation);
  return origin;
}

}  // namespace zimage::codecs
