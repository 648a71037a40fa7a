// Reads GIF (its first frame), PNM (binary PGM and PPM) and TGA through stb_image.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "base/utf8.h"
#include "codecs/stb/gif_blocks.h"
#include "codecs/stb/stb_decode.h"
#include "image/orientation.h"

namespace zimage::codecs {
namespace {

/// Removes the alpha channel if every pixel has the value `nothing` in it.
Image without_alpha(Image image, std::uint8_t nothing) {
  const std::uint8_t* in = image.samples.bytes();
  for (std::size_t i = 3; i < image.samples.size(); i += 4) {
    if (in[i] != nothing) return image;
  }
  Image colors(image.width, image.height, 3);
  std::uint8_t* out = colors.samples.bytes();
  for (std::size_t i = 0; i < image.samples.size(); i += 4, out += 3) std::copy_n(in + i, 3, out);
  return colors;
}

/// Scales a sample of up to `largest` to the whole range, up to `full`.
std::uint32_t scaled(std::uint32_t value, std::uint32_t largest, std::uint32_t full) {
  return (std::min(value, largest) * full + largest / 2) / largest;
}

bool is_space(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Reads a number of a PNM's header after spaces and comments, and moves `at` behind it.
std::uint64_t pnm_number(Bytes bytes, std::size_t& at, const std::string& name, std::vector<std::string>& comments) {
  for (bool comment = false; at < bytes.size(); ++at) {
    const bool within = comment && bytes[at] != '\n' && bytes[at] != '\r';
    if (within) comments.back() += static_cast<char>(bytes[at]);
    if (bytes[at] == '#' && !within) comments.emplace_back();
    comment = bytes[at] == '#' || within;
    if (!comment && !is_space(bytes[at])) break;
  }
  const std::size_t first = at;
  std::uint64_t value = 0;
  for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9'; ++at) {
    value = std::min<std::uint64_t>(10 * value + bytes[at] - '0', 2 * kMaxPixels);
  }
  if (at == bytes.size()) refuse_truncated(name);
  if (at == first) refuse_damaged(name, "its header isn't made of numbers");
  return value;
}

/// Scales samples of up to `largest` to the whole range. If they have two bytes, the high one comes first.
void put_samples(const std::uint8_t* in, std::uint32_t largest, Image& image) {
  const std::uint32_t full = image.max_value();
  image.samples.visit([&]<class Sample>(Sample* out) {
    for (std::size_t i = 0; i < image.samples.size(); ++i) {
      const std::uint32_t value = sizeof(Sample) == 1 ? in[i] : std::uint32_t{in[2 * i]} << 8 | in[2 * i + 1];
      out[i] = static_cast<Sample>(scaled(value, largest, full));
    }
  });
}

constexpr std::size_t kTgaHeader = 18;

struct TgaHeader {
  unsigned palette, type, first_entry, entries, entry_bits, bits, flags;
  std::uint64_t width, height;
};

TgaHeader tga_header(Bytes b) {
  const auto two = [&](std::size_t at) { return unsigned{b[at]} | unsigned{b[at + 1]} << 8; };
  return {b[1], b[2], two(3), two(5), b[7], b[16], b[17], two(12), two(14)};
}

/// Returns a text of at most `size` bytes that ends in a zero, without blanks at the end; "" if it isn't text.
std::string tga_text(Bytes bytes, std::size_t at, std::size_t size) {
  if (at > bytes.size() || bytes.size() - at < size) return "";
  std::string text(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
  text.resize(std::min(text.size(), text.find('\0')));
  const bool control = std::any_of(text.begin(), text.end(), [](char c) { return c >= '\0' && c < ' ' && c != '\n'; });
  return control ? "" : text.substr(0, text.find_last_not_of(' ') + 1);
}

/// Reads the texts of a TGA: the one behind its header, and those of the extension area that a footer points to
/// (Truevision TGA 2.0). The area's small picture shows the old one, and its date is no longer true. A pixel's
/// width for its height is a fraction there; dots per length go the other way round.
void read_tga_texts(Bytes bytes, ImageMetadata& metadata) {
  constexpr std::string_view kSignature("TRUEVISION-XFILE.\0", 18);
  constexpr std::size_t kFooter = 26, kArea = 495, kLine = 81;
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) metadata.text.push_back({key, utf8::is_valid(value) ? value : utf8::from_latin1(value)});
  };
  const auto number = [&](std::size_t at) { return static_cast<double>(little_endian(bytes, at, 2, "")); };
  std::string comment = tga_text(bytes, kTgaHeader, bytes[0]);
  const std::size_t footer = bytes.size() - std::min(bytes.size(), kFooter);
  const std::string_view end(reinterpret_cast<const char*>(bytes.data()) + footer, bytes.size() - footer);
  if (end.size() == kFooter && end.substr(8) == kSignature) {
    const std::size_t area = little_endian(bytes, footer, 4, "");
    if (area != 0 && area <= bytes.size() && bytes.size() - area >= kArea) {
      add("Author", tga_text(bytes, area + 2, 41));
      for (std::size_t line = 0; line < 4; ++line) {
        const std::string text = tga_text(bytes, area + 43 + line * kLine, kLine);
        if (!text.empty()) comment += (comment.empty() ? "" : "\n") + text;
      }
      add("Software", tga_text(bytes, area + 426, 41));
      if (!tga_text(bytes, area + 379, 41).empty()) metadata.dropped.emplace_back("the name of its job");
      const double wide = number(area + 474), high = number(area + 476), gamma = number(area + 478);
      metadata.resolution = make_resolution(high, wide, DotsPer::kNothing);
      if (gamma > 0 && gamma != number(area + 480)) metadata.dropped.emplace_back("its gamma");
    }
    if (little_endian(bytes, footer + 4, 4, "") != 0) metadata.dropped.emplace_back("the developer area");
  }
  add("Comment", comment);
}

}  // namespace

Palette palette_of_gif(Bytes bytes) {
  ImageMetadata ignored;
  const Bytes entries = read_gif_blocks(bytes, ignored).palette;
  Palette palette;
  for (std::size_t i = 0; i + 2 < entries.size(); i += 3) {
    palette.push_back({entries[i], entries[i + 1], entries[i + 2]});
  }
  return palette;
}

Palette palette_of_pnm(Bytes bytes) {
  const std::string name = "the file";
  std::vector<std::string> ignored;
  std::size_t at = 2;
  pnm_number(bytes, at, name, ignored);
  pnm_number(bytes, at, name, ignored);
  const auto largest = static_cast<std::uint32_t>(pnm_number(bytes, at, name, ignored));
  Palette palette;
  for (std::uint32_t value = 0; largest < 255 && bytes[1] == '5' && value <= largest; ++value) {
    const auto grey = static_cast<std::uint8_t>(largest == 0 ? 0 : scaled(value, largest, 255));
    palette.push_back({grey, grey, grey});
  }
  return palette;
}

ImageFile decode_gif(Bytes bytes, const std::string& name) {
  constexpr std::size_t kHeader = 13, kBackgroundAt = 11;
  const std::uint64_t width = little_endian(bytes, 6, 2, name);
  const std::uint64_t height = little_endian(bytes, 8, 2, name);
  if (bytes.size() < kHeader) refuse_truncated(name);
  check_size(width, height, name);
  StbSource source{{bytes.begin(), bytes.begin() + kHeader}, bytes.subspan(kHeader)};
  // Pixels that a frame leaves out become transparent, as in viewers.
  source.header[kBackgroundAt] = 0;
  ImageFile file;
  file.format = ImageFormat::kGif;
  // A code has at most 12 bits and stands for at most 2^12 pixels: that is 2730 pixels per byte.
  file.image = without_alpha(stb_decode(source, width * height / 2731, 4, name), 255);
  if (read_gif_blocks(bytes, file.metadata).frames > 1) {
    log::notice(printable(name) + " has several frames; only the first is read");
  }
  return file;
}

ImageFile decode_pnm(Bytes bytes, const std::string& name) {
  if (bytes[1] != '5' && bytes[1] != '6') {
    const std::string kind = bytes[1] < '4' ? "text PNM" : bytes[1] == '4' ? "PBM" : bytes[1] == '7' ? "PAM" : "PFM";
    refuse_kind(name, kind);
  }
  std::size_t at = 2;
  ImageFile file;
  std::vector<std::string>& comments = file.metadata.comments;
  const std::uint64_t width = pnm_number(bytes, at, name, comments);
  const std::uint64_t height = pnm_number(bytes, at, name, comments);
  const std::uint64_t largest = pnm_number(bytes, at, name, comments);
  check_size(width, height, name);
  if (!is_space(bytes[at])) refuse_damaged(name, "its header isn't made of numbers");
  if (largest == 0 || largest > 65535) refuse_damaged(name, "its largest value is not from 1 to 65535");
  const int channels = bytes[1] == '5' ? 1 : 3;
  // The header for stb_image always says 8-bit grey, because it ignores the largest value and the order of two bytes.
  const std::uint64_t row = width * static_cast<std::uint64_t>(channels) * (largest > 255 ? 2 : 1);
  const std::string header = "P5 " + std::to_string(row) + " " + std::to_string(height) + " 255\n";
  const Image raw = stb_decode({{header.begin(), header.end()}, bytes.subspan(at + 1)}, row * height, 1, name);
  for (std::string& comment : comments) comment.erase(0, comment.find_first_not_of(' '));
  std::erase(comments, "");
  file.format = ImageFormat::kPnm;
  file.image = Image(static_cast<int>(width), static_cast<int>(height), channels, largest > 255 ? 16 : 8);
  put_samples(raw.samples.bytes(), static_cast<std::uint32_t>(largest), file.image);
  // Another picture may follow.
  tell_bytes_behind(bytes.subspan(std::min(bytes.size(), at + 1 + row * height)), file.metadata);
  return file;
}

bool is_tga(Bytes start) {
  if (start.size() < kTgaHeader) return false;
  const TgaHeader header = tga_header(start);
  if (header.width == 0 || header.height == 0 || header.palette > 1 || (header.flags & 0xc0) != 0) return false;
  const unsigned bits = header.bits;
  switch (header.type >= 32 ? 1 : header.type & ~8U) {  // 8: packed; 32 and 33: indices, by Huffman coding
    case 1: return header.type <= 33 && header.palette == 1 && (bits == 8 || bits == 16);
    case 2: return bits == 15 || bits == 16 || bits == 24 || bits == 32;
    case 3: return bits == 8 || bits == 16;
    default: return false;
  }
}

ImageFile decode_tga(Bytes bytes, const std::string& name) {
  const TgaHeader header = tga_header(bytes);
  const bool indexed = header.type % 8 == 1, packed = header.type >= 8;
  const unsigned entry = header.entry_bits;
  check_size(header.width, header.height, name);
  if (header.type >= 32) refuse_kind(name, "TGA with Huffman coding");
  if (!indexed && header.palette != 0) refuse_kind(name, "TGA with a palette beside its colours");
  if (indexed && header.first_entry != 0) refuse_kind(name, "TGA with a palette that doesn't begin at 0");
  if (indexed && entry != 15 && entry != 16 && entry != 24 && entry != 32) {
    refuse_kind(name, "TGA with a palette of " + std::to_string(entry) + " bits per colour");
  }
  const std::uint64_t pixel = (header.bits + 7) / 8;
  const std::uint64_t pixels = header.width * header.height;
  const std::uint64_t before = kTgaHeader + bytes[0] + (indexed ? header.entries * ((entry + 7) / 8) : 0);
  // A packet has one byte and one pixel, and stands for at most 128 pixels.
  ImageFile file;
  file.format = ImageFormat::kTga;
  file.image = stb_decode({{}, bytes}, before + (packed ? pixels / 128 * (pixel + 1) : pixels * pixel), 0, name);
  // An alpha that is 0 everywhere is only padding, which older programs write.
  if (file.image.channels == 4) file.image = without_alpha(std::move(file.image), 0);
  if ((header.flags & 0x10) != 0) file.image = upright(std::move(file.image), 2);  // rows run from right to left
  read_tga_texts(bytes, file.metadata);
  return file;
}

}  // namespace zimage::codecs
