// Calls stb_image, which reads BMP, PNM, TGA, PSD and GIF. It trusts what a header says, reads zeros beyond the end of
// a file, and silently misreads some kinds. So each reader checks the file's header itself and gives stb_image one that
// it reads correctly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "codecs/image_codecs.h"

namespace zimage::codecs {

/// The bytes that stb_image reads as a file: a header, followed by bytes of the real file.
struct StbSource {
  std::vector<std::uint8_t> header;
  Bytes rest;
};

/// Decodes to 8-bit samples with `channels` per pixel; 0 means as many as stb_image finds. The pixels take at least
/// `least` bytes of `rest`; if there are fewer, nothing is allocated. Errors: kInput for a file that ends early or
/// can't be decoded; std::bad_alloc.
Image stb_decode(const StbSource& source, std::uint64_t least, int channels, const std::string& name);

/// Return the number in `count` bytes at `at`. Errors: kInput if the file ends before them.
std::uint64_t little_endian(Bytes bytes, std::size_t at, std::size_t count, const std::string& name);
std::uint64_t big_endian(Bytes bytes, std::size_t at, std::size_t count, const std::string& name);

/// Throws kInput: "NAME is a KIND, which is not supported", with a hint.
[[noreturn]] void refuse_kind(const std::string& name, const std::string& kind);

}  // namespace zimage::codecs
