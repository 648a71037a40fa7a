#include "codecs/jpeg/jpeg_support.h"

// It must come after jpeglib.h.
#include <jerror.h>

#include "zimage/error.h"

namespace zimage::codecs {
namespace {

/// A picture needs a few dozen scans at most; decoding thousands of scans of a large picture would take hours.
constexpr int kMaxScans = 500;
constexpr unsigned kMaxMarkerBytes = 0xffff;
/// What tells the kind of a segment, also that of a JUMBF box in APP11.
constexpr unsigned kStart = 64;

void on_error(j_common_ptr info) {
  auto* error = reinterpret_cast<JpegError*>(info->err);
  info->err->format_message(info, error->message);
  std::longjmp(error->jump, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level < 0) on_error(info);
}

void on_output(j_common_ptr) {}

void on_progress(j_common_ptr info) {
  auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
  if (decoder->input_scan_number <= kMaxScans) return;
  auto* error = reinterpret_cast<JpegError*>(info->err);
  std::snprintf(error->message, sizeof error->message, "it has more than %d scans", kMaxScans);
  std::longjmp(error->jump, 1);
}

/// Returns whether the file can hold so large a picture: a block of 8x8 pixels takes at least a bit (unless its coding
/// is arithmetic).
bool plausible(const jpeg_decompress_struct& info, std::size_t file_size) {
  const std::uint64_t blocks = std::uint64_t{info.image_width} * info.image_height / 64;
  return info.arith_code != FALSE || blocks / 8 <= file_size;
}

void check_header(const JpegDecoder& decoder, std::size_t file_size, const std::string& name) {
  const jpeg_decompress_struct& info = decoder.info;
  check_size(info.image_width, info.image_height, name);
  if (info.num_components == 4) {
    throw Error(ErrorCode::kInput, name + " is a CMYK JPEG, which is not supported", "convert it to RGB");
  }
  if (info.num_components != 1 && info.num_components != 3) {
    throw Error(ErrorCode::kInput,
                name + " is a JPEG of " + std::to_string(info.num_components) + " components, which is not supported",
                "convert it to RGB");
  }
  if (!plausible(info, file_size)) refuse_truncated(name);
}

}  // namespace

void prepare(JpegError& error) {
  jpeg_std_error(&error.manager);
  error.manager.error_exit = on_error;
  error.manager.emit_message = on_message;
  error.manager.output_message = on_output;
  error.message[0] = '\0';
}

bool read_header(JpegDecoder& decoder, Bytes bytes) {
  prepare(decoder.error);
  decoder.info.err = &decoder.error.manager;
  if (setjmp(decoder.error.jump) != 0) return false;
  jpeg_create_decompress(&decoder.info);
  decoder.progress.progress_monitor = on_progress;
  decoder.info.progress = &decoder.progress;
  for (const int marker : {JPEG_APP0 + 1, JPEG_APP0 + 2, JPEG_APP0 + 13, JPEG_COM}) {
    jpeg_save_markers(&decoder.info, marker, kMaxMarkerBytes);
  }
  // The start of the others tells what they are.
  for (const int number : {0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15}) {
    jpeg_save_markers(&decoder.info, JPEG_APP0 + number, kStart);
  }
  jpeg_mem_src(&decoder.info, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&decoder.info, TRUE);
  return true;
}

bool read_coefficients(JpegDecoder& decoder) {
  if (setjmp(decoder.error.jump) != 0) return false;
  decoder.coefficients = jpeg_read_coefficients(&decoder.info);
  return decoder.coefficients != nullptr;
}

void refuse(const JpegDecoder& decoder, const std::string& name) {
  if (decoder.error.manager.msg_code == JWRN_JPEG_EOF) refuse_truncated(name);
  refuse_damaged(name, decoder.error.message);
}

void open_header(JpegDecoder& decoder, Bytes bytes, const std::string& name) {
  if (!read_header(decoder, bytes)) refuse(decoder, name);
  check_header(decoder, bytes.size(), name);
}

}  // namespace zimage::codecs
