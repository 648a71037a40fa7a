// libjpeg-turbo's objects, with errors as values. As with libpng, a function with a setjmp in it holds only plain data,
// and so does everything between it and libjpeg.
#pragma once

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "codecs/image_codecs.h"

namespace zimage::codecs {

/// The name of a JpegOrigin's file in messages.
inline constexpr const char* kSourceName = "the source JPEG";

struct JpegError {
  jpeg_error_mgr manager;  // it must be first: libjpeg hands back a pointer to it
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

struct JpegDecoder {
  JpegError error{};
  jpeg_progress_mgr progress{};
  jpeg_decompress_struct info{};
  jvirt_barray_ptr* coefficients = nullptr;  ///< set by read_coefficients()

  JpegDecoder() = default;
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
  ~JpegDecoder() { jpeg_destroy_decompress(&info); }
};

struct JpegEncoder {
  JpegError error{};
  jpeg_compress_struct info{};
  unsigned char* out = nullptr;  ///< allocated by libjpeg
  unsigned long size = 0;

  JpegEncoder() = default;
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;
  ~JpegEncoder() {
    jpeg_destroy_compress(&info);
    std::free(out);
  }
  Bytes bytes() const { return {out, size}; }
  /// Returns the finished file.
  std::vector<std::uint8_t> file() const { return {out, out + size}; }
};

/// Sets up libjpeg's error manager so that errors, and warnings too, jump to `error.jump`. A warning means that the
/// data breaks the format and was filled in with guesses, which is no basis for inpainting.
void prepare(JpegError& error);

/// Reads up to the first scan, and saves APP1, APP2, APP13, comments and the start of other segments. `bytes` must
/// outlive the decoder. False: see error.message.
bool read_header(JpegDecoder& decoder, Bytes bytes);
/// Reads, after read_header(), all DCT coefficients as they are in the file. False: see error.message.
bool read_coefficients(JpegDecoder& decoder);

/// Throws kInput for the decoder's error.
[[noreturn]] void refuse(const JpegDecoder& decoder, const std::string& name);
/// Calls read_header() and throws kInput if it fails, for unsupported sizes and numbers of components, and for pictures
/// too large for their file's size (before memory is allocated).
void open_header(JpegDecoder& decoder, Bytes bytes, const std::string& name);

}  // namespace zimage::codecs
