#include "io/image_codecs.h"

#include "zimage/error.h"

namespace zimage::io::codec {
namespace {

/// Length of the well-formed UTF-8 sequence at `i` and its code point; 0 if there is none (RFC 3629).
std::size_t decode_utf8(const std::string& text, std::size_t i, std::uint32_t& point) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
  const unsigned first = byte(i);
  if (first < 0x80) {
    point = first;
    return 1;
  }
  const std::size_t length = first >= 0xf5 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0) return 0;
  point = first & (0xffu >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xc0u) != 0x80u) return 0;
    point = point << 6 | (byte(i + k) & 0x3fu);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  return overlong || surrogate || point > 0x10ffff ? 0 : length;
}

}  // namespace

void refuse_damaged(const std::string& name, const std::string& why) {
  throw Error(ErrorCode::kInput, name + " is damaged: " + why, "get or export the picture again");
}

void refuse_truncated(const std::string& name) {
  throw Error(ErrorCode::kInput, name + " is truncated", "get or export the picture again");
}

void check_size(std::uint64_t width, std::uint64_t height, const std::string& name) {
  if (width == 0 || height == 0) refuse_damaged(name, "a side of it is 0 pixels");
  if (width > kMaxPixels || height > kMaxPixels || width * height > kMaxPixels) {
    throw Error(ErrorCode::kInput,
                name + " is too large: " + std::to_string(width) + "x" + std::to_string(height) +
                    " pixels, where at most 2^28 in all are read",
                "make it smaller, or cut out the part to work on");
  }
}

const std::uint8_t* row_as_bytes(const Image& image, int x, int y, int count, int channels,
                                 std::vector<std::uint8_t>& buffer) {
  const std::size_t first = image.index(x, y);
  if (image.bit_depth == 8 && image.channels == channels) return image.samples.bytes() + first;
  const bool grey = image.color_channels() == 1;
  const bool alpha = channels == 2 || channels == 4;
  const int colors = alpha ? channels - 1 : channels;
  buffer.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(channels));
  std::uint8_t* out = buffer.data();
  image.samples.visit([&]<class Sample>(const Sample* samples) {
    const auto narrow = [](Sample v) { return static_cast<std::uint8_t>(sizeof(Sample) == 2 ? (v + 128U) / 257U : v); };
    const Sample* in = samples + first;
    for (int i = 0; i < count; ++i, in += image.channels) {
      for (int c = 0; c < colors; ++c) *out++ = narrow(in[grey ? 0 : c]);
      if (alpha) *out++ = narrow(in[image.channels - 1]);
    }
  });
  return buffer.data();
}

std::string latin1_to_utf8(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

bool is_utf8(const std::string& text) {
  std::uint32_t point = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = decode_utf8(text, i, point);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

bool utf8_to_latin1(const std::string& text, std::string& out) {
  out.clear();
  std::uint32_t point = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = decode_utf8(text, i, point);
    if (length == 0 || point > 0xff) return false;
    out += static_cast<char>(point);
    i += length;
  }
  return true;
}

}  // namespace zimage::io::codec
