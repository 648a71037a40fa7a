#include "codecs/jpeg/jpeg_encoder.h"

namespace zimage::codecs {

bool create(JpegEncoder& encoder, const JpegSettings& settings) {
  prepare(encoder.error);
  jpeg_compress_struct& info = encoder.info;
  info.err = &encoder.error.manager;
  if (setjmp(encoder.error.jump) != 0) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &encoder.out, &encoder.size);
  apply_settings(info, settings);
  return true;
}

void write_rows(jpeg_compress_struct& info, const Image& image, std::vector<std::uint8_t>& row) {
  const int width = static_cast<int>(info.image_width);
  while (info.next_scanline < info.image_height) {
    const int line = static_cast<int>(info.next_scanline);
    // libjpeg doesn't write to the row.
    auto* samples = const_cast<JSAMPROW>(row_as_bytes(image, 0, line, width, info.input_components, row));
    jpeg_write_scanlines(&info, &samples, 1);
  }
}

}  // namespace zimage::codecs
