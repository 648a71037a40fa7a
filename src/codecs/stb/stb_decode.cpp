#include "codecs/stb/stb_decode.h"

#include <algorithm>
#include <memory>
#include <new>

#include "zimage/error.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#define STBI_ONLY_TGA
#define STBI_ONLY_PSD
#define STBI_ONLY_GIF
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS 0x7fffffff  // check_size() has the limit
#include <stb/stb_image.h>

namespace zimage::codecs {
namespace {

struct Stream {
  Bytes header;
  Bytes rest;
  bool ended = false;  ///< bytes beyond the end were asked for
};

/// Returns the next bytes, at most `size`; none at the end.
Bytes take(Stream& stream, std::size_t size) {
  Bytes& part = stream.header.empty() ? stream.rest : stream.header;
  const Bytes taken = part.first(std::min(part.size(), size));
  part = part.subspan(taken.size());
  stream.ended = stream.ended || taken.empty();
  return taken;
}

int read_stream(void* user, char* out, int size) {
  const Bytes taken = take(*static_cast<Stream*>(user), static_cast<std::size_t>(size));
  std::copy(taken.begin(), taken.end(), reinterpret_cast<std::uint8_t*>(out));
  return static_cast<int>(taken.size());
}

void skip_stream(void* user, int size) {
  auto& stream = *static_cast<Stream*>(user);
  for (auto left = static_cast<std::size_t>(size); left > 0 && !stream.ended;) left -= take(stream, left).size();
}

/// stb_image asks only within the header of a PNM, which our reader writes.
int never_at_end(void*) { return 0; }

}  // namespace

Image stb_decode(const StbSource& source, std::uint64_t least, int channels, const std::string& name) {
  if (source.rest.size() < least) refuse_truncated(name);
  Stream stream{source.header, source.rest};
  const stbi_io_callbacks calls{read_stream, skip_stream, never_at_end};
  int width = 0, height = 0, found = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_callbacks(&calls, &stream, &width, &height, &found, channels), stbi_image_free);
  if (stream.ended) refuse_truncated(name);
  if (!pixels) {
    const std::string why = stbi_failure_reason();
    if (why == "outofmem") throw std::bad_alloc();
    refuse_damaged(name, why.empty() ? "its data can't be decoded" : why);
  }
  Image image(width, height, channels != 0 ? channels : found);
  std::copy_n(pixels.get(), image.samples.size(), image.samples.bytes());
  return image;
}

std::uint64_t little_endian(Bytes bytes, std::size_t at, std::size_t count, const std::string& name) {
  return __builtin_bswap64(big_endian(bytes, at, count, name)) >> (64 - 8 * count);
}

std::uint64_t big_endian(Bytes bytes, std::size_t at, std::size_t count, const std::string& name) {
  if (bytes.size() < at + count) refuse_truncated(name);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, count)) value = value << 8 | byte;
  return value;
}

void refuse_kind(const std::string& name, const std::string& kind) {
  throw Error(ErrorCode::kInput, name + " is a " + kind + ", which is not supported", "save it as PNG");
}

}  // namespace zimage::codecs
