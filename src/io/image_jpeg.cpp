// JPEG through libjpeg-turbo. As with libpng: a function with a setjmp in it holds plain data only.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// jpeglib.h wants <cstdio> before it.
#include <jpeglib.h>
// after jpeglib.h
#include <jerror.h>

#include "io/image_codecs.h"
#include "zimage/error.h"

namespace zimage::io::codec {
namespace {

constexpr int kDefaultQuality = 95;
/// A picture needs some dozens of scans at most; thousands of them, each over all of a large picture, take hours.
constexpr int kMaxScans = 500;

struct JpegError {
  jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

void on_error(j_common_ptr info) {
  auto* error = reinterpret_cast<JpegError*>(info->err);
  info->err->format_message(info, error->message);
  std::longjmp(error->jump, 1);
}

/// A warning (level −1) means data that isn't as the format says, filled in with guesses: no base to inpaint on.
void on_message(j_common_ptr info, int level) {
  if (level < 0) on_error(info);
}

void on_output(j_common_ptr) {}

void prepare(JpegError& error) {
  jpeg_std_error(&error.manager);
  error.manager.error_exit = on_error;
  error.manager.emit_message = on_message;
  error.manager.output_message = on_output;
  error.message[0] = '\0';
}

void on_progress(j_common_ptr info) {
  auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
  if (decoder->input_scan_number <= kMaxScans) return;
  auto* error = reinterpret_cast<JpegError*>(info->err);
  std::snprintf(error->message, sizeof error->message, "it has more than %d scans", kMaxScans);
  std::longjmp(error->jump, 1);
}

struct Decoder {
  JpegError error{};
  jpeg_progress_mgr progress{};
  jpeg_decompress_struct info{};
  ~Decoder() { jpeg_destroy_decompress(&info); }
};

struct Encoder {
  JpegError error{};
  jpeg_compress_struct info{};
  unsigned char* out = nullptr;
  unsigned long size = 0;
  ~Encoder() {
    jpeg_destroy_compress(&info);
    std::free(out);
  }
};

bool read_header(Decoder& decoder, Bytes bytes) {
  prepare(decoder.error);
  decoder.info.err = &decoder.error.manager;
  if (setjmp(decoder.error.jump) != 0) return false;
  jpeg_create_decompress(&decoder.info);
  decoder.progress.progress_monitor = on_progress;
  decoder.info.progress = &decoder.progress;
  jpeg_mem_src(&decoder.info, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&decoder.info, TRUE);
  return true;
}

bool start(Decoder& decoder, J_COLOR_SPACE space) {
  if (setjmp(decoder.error.jump) != 0) return false;
  decoder.info.out_color_space = space;
  decoder.info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&decoder.info);
  return true;
}

bool read_rows(Decoder& decoder, std::uint8_t* pixels, std::size_t row_bytes) {
  if (setjmp(decoder.error.jump) != 0) return false;
  while (decoder.info.output_scanline < decoder.info.output_height) {
    JSAMPROW row = pixels + decoder.info.output_scanline * row_bytes;
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  jpeg_finish_decompress(&decoder.info);
  return true;
}

bool encode(Encoder& encoder, const Image& image, int channels, int quality, std::uint8_t* row_buffer) {
  prepare(encoder.error);
  jpeg_compress_struct& info = encoder.info;
  info.err = &encoder.error.manager;
  if (setjmp(encoder.error.jump) != 0) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &encoder.out, &encoder.size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  info.dct_method = JDCT_ISLOW;
  info.optimize_coding = TRUE;
  for (int c = 0; c < info.num_components; ++c) {
    info.comp_info[c].h_samp_factor = 1;  // 4:4:4
    info.comp_info[c].v_samp_factor = 1;
  }
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    row_to_bytes(image, static_cast<int>(info.next_scanline), channels, row_buffer);
    jpeg_write_scanlines(&info, &row_buffer, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

/// A block of 8x8 pixels takes at least a bit, so a small file can't be a large picture (unless its coding is
/// arithmetic): refused before memory is asked for.
void check_plausible(const jpeg_decompress_struct& info, std::size_t file_size, const std::string& name) {
  const std::uint64_t blocks = std::uint64_t{info.image_width} * info.image_height / 64;
  if (info.arith_code == FALSE && blocks / 8 > file_size) refuse_truncated(name);
}

}  // namespace

ImageFile decode_jpeg(Bytes bytes, const std::string& name) {
  Decoder decoder;
  const auto refuse = [&]() {
    if (decoder.error.manager.msg_code == JWRN_JPEG_EOF) refuse_truncated(name);
    refuse_damaged(name, decoder.error.message);
  };
  if (!read_header(decoder, bytes)) refuse();
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
  check_plausible(info, bytes.size(), name);
  if (!start(decoder, info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB)) refuse();

  ImageFile file;
  file.format = ImageFormat::kJpeg;
  file.image = Image(static_cast<int>(info.output_width), static_cast<int>(info.output_height), info.output_components);
  const std::size_t row_bytes = std::size_t{info.output_width} * static_cast<std::size_t>(info.output_components);
  if (!read_rows(decoder, byte_storage(file.image), row_bytes)) refuse();
  widen_samples(file.image);
  return file;
}

std::vector<std::uint8_t> encode_jpeg(const Image& image, const EncodeOptions& options) {
  const int channels = image.color_channels();
  std::vector<std::uint8_t> row(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(channels));
  Encoder encoder;
  const int quality = options.quality == 0 ? kDefaultQuality : options.quality;
  if (!encode(encoder, image, channels, quality, row.data())) {
    throw Error(ErrorCode::kRuntime, std::string("the JPEG can't be encoded: ") + encoder.error.message,
                "write a PNG instead: --format png");
  }
  return {encoder.out, encoder.out + encoder.size};
}

}  // namespace zimage::io::codec
