#include "codecs/jpeg/jpeg_source.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "codecs/jpeg/jpeg_rows.h"
#include "codecs/jpeg/jpeg_turn.h"

namespace zimage::codecs {
namespace {

/// Of a row of blocks.
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

void open(SpliceSource& source, Bytes bytes) {
  open_header(source.decoder, bytes, kSourceName);
  source.settings = read_settings(source.decoder);
}

/// The pixels that the coefficients stand for.
void visit_pixels(JpegDecoder& decoder, const VisitRows& visit) {
  if (!start_from_coefficients(decoder)) refuse(decoder, kSourceName);
  constexpr int kBand = 32;
  const auto height = static_cast<int>(decoder.info.output_height);
  Image rows(static_cast<int>(decoder.info.output_width), kBand, decoder.info.output_components);
  for (int top = 0; top < height; top += kBand) {
    const int count = std::min(kBand, height - top);
    if (count < kBand) rows = Image(rows.width, count, rows.channels);
    if (!read_rows(decoder, rows.samples.bytes(), rows.index(0, 1), static_cast<JDIMENSION>(count))) {
      refuse(decoder, kSourceName);
    }
    visit(rows, top);
  }
}

/// The source turned upright, with its coefficients. Null where that can't be done without loss.
std::unique_ptr<SpliceSource> turned(SpliceSource& source, int orientation) {
  if (!source.settings) return nullptr;
  const std::optional<JpegSettings> settings = turned_settings(*source.settings, orientation);
  // Of a progressive file the turned one doesn't tell whether scans are missing.
  if (!settings || !can_be_spliced(source.decoder)) return nullptr;
  auto upright = std::make_unique<SpliceSource>();
  upright->settings = settings;
  upright->header = empty_jpeg(*settings);
  JpegDecoder& decoder = upright->decoder;
  if (!read_header(decoder, upright->header) || !turn(source.decoder, decoder, *settings, orientation)) {
    refuse(decoder, kSourceName);
  }
  return upright;
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
  if (source.coefficients == nullptr && !read_coefficients_for_pixels(source)) refuse(source, kSourceName);
  if (source.info.coef_bits == nullptr) return true;  // not progressive
  for (int p = 0; p < source.info.num_components; ++p) {
    // libjpeg-turbo smooths where one of the first ten coefficients isn't known to the last bit.
    const int* bits = source.info.coef_bits[p];
    if (std::any_of(bits, bits + 10, [](int unknown) { return unknown != 0; })) return false;
  }
  return true;
}

std::unique_ptr<SpliceSource> open_source(Bytes bytes, int orientation, const VisitRows& visit) {
  auto source = std::make_unique<SpliceSource>();
  open(*source, bytes);
  if (orientation == 1) return source;
  source->upright = false;
  std::unique_ptr<SpliceSource> upright = turned(*source, orientation);
  if (upright == nullptr) return source;
  source.reset();
  if (visit) visit_pixels(upright->decoder, visit);
  return upright;
}

void read_source(SpliceSource& source) {
  if (source.read) return;
  source.complete = can_be_spliced(source.decoder);
  source.in_range = source.complete && coefficients_in_range(source.decoder);
  source.read = true;
}

}  // namespace zimage::codecs
