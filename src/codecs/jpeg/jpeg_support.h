// libjpeg-turbo's objects with their errors as values. As with libpng: a function with a setjmp in it holds plain data
// only, and so does everything between it and libjpeg.
#pragma once

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// jpeglib.h wants <cstdio> before it.
#include <jpeglib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "codecs/image_codecs.h"

namespace zimage::codecs {

/// The name of a JpegOrigin in messages.
inline constexpr const char* kSourceName = "the source JPEG";

struct JpegError {
  jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

struct JpegDecoder {
  JpegError error{};
  jpeg_progress_mgr progress{};
  jpeg_decompress_struct info{};
  jvirt_barray_ptr* coefficients = nullptr;  ///< after read_coefficients()

  JpegDecoder() = default;
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
  ~JpegDecoder() { jpeg_destroy_decompress(&info); }
};

struct JpegEncoder {
  JpegError error{};
  jpeg_compress_struct info{};
  unsigned char* out = nullptr;  ///< libjpeg's memory
  unsigned long size = 0;

  JpegEncoder() = default;
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;
  ~JpegEncoder() {
    jpeg_destroy_compress(&info);
    std::free(out);
  }
  Bytes bytes() const { return {out, size}; }
  /// The file, at the end.
  std::vector<std::uint8_t> file() const { return {out, out + size}; }
};

/// Sets up libjpeg's error manager so that errors, and warnings as well, jump to `error.jump`. A warning means data
/// that isn't as the format says, filled in with guesses: no base to inpaint on.
void prepare(JpegError& error);

/// Everything up to the first scan; APP1 and APP2 are saved. `bytes` must outlive the decoder. False: error.message.
bool read_header(JpegDecoder& decoder, Bytes bytes);
/// After read_header(): all DCT coefficients, as they are in the file. False: error.message.
bool read_coefficients(JpegDecoder& decoder);

/// Throws kInput for what the decoder failed with.
[[noreturn]] void refuse(const JpegDecoder& decoder, const std::string& name);
/// read_header(), with kInput for what fails, for sizes and numbers of components that we don't read, and for large
/// pictures in small files (before memory is asked for).
void open_header(JpegDecoder& decoder, Bytes bytes, const std::string& name);

}  // namespace zimage::codecs
