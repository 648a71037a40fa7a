#include "codecs/jpeg/jpeg_rows.h"

#include "base/large_pages.h"

namespace zimage::codecs {
namespace {

void choose_pixels(jpeg_decompress_struct& info) {
  info.out_color_space = info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
}

bool start(JpegDecoder& decoder) {
  if (setjmp(decoder.error.jump) != 0) return false;
  choose_pixels(decoder.info);
  jpeg_start_decompress(&decoder.info);
  return true;
}

/// Asks for large pages for the coefficients, none of which has been touched.
void prefer_large_pages_for(jpeg_decompress_struct& info, jvirt_barray_ptr* coefficients) {
  for (int p = 0; p < info.num_components; ++p) {
    const jpeg_component_info& component = info.comp_info[p];
    JBLOCKROW first =
        info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info), coefficients[p], 0, 1, TRUE)[0];
    prefer_large_pages(first, std::size_t{component.width_in_blocks} * component.height_in_blocks * sizeof(JBLOCK));
  }
}

}  // namespace

void start_pixels(JpegDecoder& decoder, const std::string& name) {
  if (!start(decoder)) refuse(decoder, name);
}

bool read_coefficients_for_pixels(JpegDecoder& decoder) {
  if (setjmp(decoder.error.jump) != 0) return false;
  jpeg_decompress_struct& info = decoder.info;
  info.buffered_image = TRUE;
  choose_pixels(info);
  jpeg_start_decompress(&info);
  decoder.coefficients = jpeg_read_coefficients(&info);
  if (decoder.coefficients == nullptr) return false;
  prefer_large_pages_for(info, decoder.coefficients);
  while (jpeg_consume_input(&info) != JPEG_REACHED_EOI)
    decoder.progress.progress_monitor(reinterpret_cast<j_common_ptr>(&info));
  return true;
}

bool start_from_coefficients(JpegDecoder& decoder) {
  if (setjmp(decoder.error.jump) != 0) return false;
  jpeg_start_output(&decoder.info, decoder.info.input_scan_number);
  return true;
}

bool read_rows(JpegDecoder& decoder, std::uint8_t* pixels, std::size_t stride, JDIMENSION count) {
  if (setjmp(decoder.error.jump) != 0) return false;
  const JDIMENSION first = decoder.info.output_scanline;
  while (decoder.info.output_scanline < first + count) {
    JSAMPROW row = pixels + stride * (decoder.info.output_scanline - first);
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  return true;
}

bool crop_columns(JpegDecoder& decoder, JDIMENSION& left, JDIMENSION& width) {
  if (width == decoder.info.output_width) return true;
  if (setjmp(decoder.error.jump) != 0) return false;
  jpeg_crop_scanline(&decoder.info, &left, &width);
  return true;
}

bool skip_rows(JpegDecoder& decoder, int count) {
  if (setjmp(decoder.error.jump) != 0) return false;
  jpeg_skip_scanlines(&decoder.info, static_cast<JDIMENSION>(count));
  return true;
}

bool finish(JpegDecoder& decoder) {
  if (setjmp(decoder.error.jump) != 0) return false;
  jpeg_finish_decompress(&decoder.info);
  return true;
}

}  // namespace zimage::codecs
