#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/zeros.h"
#include "codecs/jpeg/jpeg_encoder.h"
#include "codecs/jpeg/jpeg_markers.h"
#include "codecs/jpeg/jpeg_source.h"
#include "zimage/error.h"
#include "zimage/geometry.h"

namespace zimage::codecs {
namespace {

using PixelsOf = std::function<Image(const Box& box)>;

/// Encodes a part of the image that starts at a MCU as a small baseline JPEG of its own.
bool encode_part(JpegEncoder& encoder, const JpegSettings& settings, const Image& part,
                 std::vector<std::uint8_t>& row) {
  if (!create(encoder, settings)) return false;
  jpeg_compress_struct& info = encoder.info;
  if (setjmp(encoder.error.jump) != 0) return false;
  jpeg_start_compress(&info, TRUE);
  write_rows(info, part, row);
  jpeg_finish_compress(&info);
  return true;
}

JpegSettings part_settings(const JpegSettings& settings, const Box& box) {
  JpegSettings out = settings;
  out.width = box.width;
  out.height = box.height;
  out.progressive = false;
  out.interleaved = true;
  out.optimized = false;
  out.restart_interval = 0;
  for (JpegPlane& plane : out.plane) limit_divisors(plane);
  return out;
}

bool any_changed(const Mask& changed, const Box& box) {
  const int right = std::max(std::min(box.x + box.width, changed.width), box.x);
  const int bottom = std::min(box.y + box.height, changed.height);
  for (int y = box.y; y < bottom; ++y) {
    const std::uint8_t* row = changed.repaint.data() + changed.index(0, y);
    if (!all_zero(row + box.x, row + right)) return true;
  }
  return false;
}

/// Returns the box from the first to the last touched MCU in the row of MCUs at `y`; its width is 0 if there is none.
Box touched_part(const JpegSettings& settings, const Mask& changed, int y) {
  const int step = settings.mcu_width();
  const int height = std::min(settings.mcu_height(), settings.height - y);
  Box box{0, y, 0, height};
  if (!any_changed(changed, {0, y, settings.width, height})) return box;
  for (int x = 0; x < settings.width; x += step) {
    if (!any_changed(changed, {x, y, step, height})) continue;
    if (box.width == 0) box.x = x;
    box.width = std::min(x + step, settings.width) - box.x;
  }
  return box;
}

/// Copies one row of blocks of plane `p` from `part` into the source; block i is copied if `touched[i]` is set. False:
/// see the decoders' error.message.
bool copy_blocks(JpegDecoder& source, JpegDecoder& part, int p, unsigned from_row, unsigned to_row, unsigned to_column,
                 const std::uint8_t* touched) {
  if (setjmp(part.error.jump) != 0) return false;
  const JBLOCKARRAY from = part.info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&part.info),
                                                             part.coefficients[p], from_row, 1, FALSE);
  if (setjmp(source.error.jump) != 0) return false;
  const JBLOCKARRAY to = source.info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&source.info),
                                                             source.coefficients[p], to_row, 1, TRUE);
  const unsigned count = part.info.comp_info[p].width_in_blocks;
  for (unsigned i = 0; i < count; ++i) {
    if (touched[i] != 0) std::memcpy(to[0][to_column + i], from[0][i], sizeof(JBLOCK));
  }
  return true;
}

[[noreturn]] void fail(const JpegError& error) {
  throw Error(ErrorCode::kRuntime, std::string("the JPEG can't be encoded: ") + error.message,
              "write a PNG instead: --format png");
}

void splice_part(JpegDecoder& source, JpegDecoder& part, const JpegSettings& settings, const Mask& changed,
                 const Box& box) {
  std::vector<std::uint8_t> touched;
  for (int p = 0; p < settings.planes; ++p) {
    const int width = settings.block_width(p);
    const int height = settings.block_height(p);
    const jpeg_component_info& component = part.info.comp_info[p];
    touched.assign(component.width_in_blocks, 0);
    for (unsigned row = 0; row < component.height_in_blocks; ++row) {
      const int y = box.y + static_cast<int>(row) * height;
      for (unsigned i = 0; i < component.width_in_blocks; ++i) {
        touched[i] = any_changed(changed, {box.x + static_cast<int>(i) * width, y, width, height}) ? 1 : 0;
      }
      if (!copy_blocks(source, part, p, row, static_cast<unsigned>(y / height), static_cast<unsigned>(box.x / width),
                       touched.data())) {
        fail(part.error);
      }
    }
  }
}

void check_size(const JpegSettings& settings, const Mask& changed) {
  const std::size_t pixels = static_cast<std::size_t>(settings.width) * static_cast<std::size_t>(settings.height);
  if (changed.width == settings.width && changed.height == settings.height && changed.repaint.size() == pixels) return;
  throw Error(ErrorCode::kRuntime, "the mask of changed pixels doesn't have the JPEG's size");
}

bool write(JpegEncoder& encoder, JpegDecoder& source, const JpegSettings& settings, const ImageMetadata& metadata) {
  if (!create(encoder, settings)) return false;
  jpeg_compress_struct& info = encoder.info;
  if (setjmp(encoder.error.jump) != 0) return false;
  if (setjmp(source.error.jump) != 0) return false;
  jpeg_write_coefficients(&info, source.coefficients);
  write_markers(info, metadata);
  jpeg_finish_compress(&info);
  return true;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> splice_jpeg(const JpegOrigin& origin, const Mask& changed,
                                                     const PixelsOf& pixels, const ImageMetadata& metadata) {
  if (!origin.upright || !origin.settings || changed.all()) return std::nullopt;
  check_size(*origin.settings, changed);
  JpegDecoder source;
  open_header(source, origin.file, kSourceName);
  if (!can_be_spliced(source)) {
    log::warning("the whole JPEG is encoded anew: the source is progressive and lacks scans");
    return std::nullopt;
  }
  const JpegSettings& settings = *origin.settings;
  JpegSettings coding = settings;
  set_density(metadata.resolution, coding);
  coding.optimized = settings.optimized || !coefficients_in_range(source);
  std::vector<std::uint8_t> row;
  for (int y = 0; y < settings.height; y += settings.mcu_height()) {
    const Box box = touched_part(settings, changed, y);
    if (box.width == 0) continue;
    JpegEncoder encoder;
    if (!encode_part(encoder, part_settings(settings, box), pixels(box), row)) fail(encoder.error);
    JpegDecoder part;
    if (!read_header(part, encoder.bytes()) || !read_coefficients(part)) fail(part.error);
    coding.optimized = coding.optimized || !coefficients_in_range(part);
    splice_part(source, part, settings, changed, box);
  }
  JpegEncoder encoder;
  if (!write(encoder, source, coding, writable_markers(metadata))) {
    log::warning(std::string("the whole JPEG is encoded anew: the source's coefficients can't be written (") +
                 encoder.error.message + ")");
    return std::nullopt;
  }
  return encoder.file();
}

}  // namespace zimage::codecs
