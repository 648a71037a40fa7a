#include "codecs/picture_size.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

namespace zimage::codecs {
namespace {

/// A file's header, read piece by piece.
class Header {
 public:
  explicit Header(const std::filesystem::path& path) : in_(path, std::ios::binary) {
    in_.read(start_.data(), static_cast<std::streamsize>(start_.size()));
    size_ = static_cast<std::size_t>(in_.gcount());
  }

  bool starts(std::string_view with) const { return std::string_view(start_.data(), with.size()) == with; }
  std::string_view text(std::size_t at, std::size_t size) const { return {start_.data() + at, size}; }

  /// Return a number at the beginning of the file; 0 if the file ends before.
  std::uint32_t big(std::size_t at, int bytes) const { return at_start(at, bytes, true); }
  std::uint32_t little(std::size_t at, int bytes) const { return at_start(at, bytes, false); }
  bool has(std::size_t bytes) const { return size_ >= bytes; }

  /// Reads `out` from any place. Returns false if the file ends before.
  bool read(std::uint64_t at, std::span<char> out) {
    in_.clear();
    in_.seekg(static_cast<std::streamoff>(at));
    in_.read(out.data(), static_cast<std::streamsize>(out.size()));
    return static_cast<std::size_t>(in_.gcount()) == out.size();
  }

  static std::uint32_t number(std::span<const char> from, int bytes, bool big) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      const auto at = static_cast<std::size_t>(big ? i : bytes - 1 - i);
      value = value << 8U | static_cast<unsigned char>(from[at]);
    }
    return value;
  }

 private:
  std::uint32_t at_start(std::size_t at, int bytes, bool big) const {
    return has(at + static_cast<std::size_t>(bytes)) ? number(std::span(start_).subspan(at), bytes, big) : 0;
  }

  std::ifstream in_;
  std::size_t size_ = 0;
  std::array<char, 32> start_{};
};

/// Goes from marker to marker up to the frame header.
std::optional<PictureSize> jpeg_size(Header& file) {
  constexpr int kMostSegments = 1000;
  std::uint64_t at = 2;
  std::array<char, 9> segment{};
  for (int i = 0; i < kMostSegments && file.read(at, segment) && segment[0] == '\xff'; ++i) {
    const auto marker = static_cast<unsigned char>(segment[1]);
    const bool tables = marker == 0xC4 || marker == 0xC8 || marker == 0xCC;
    if (marker >= 0xC0 && marker <= 0xCF && !tables) {
      return PictureSize{Header::number(std::span(segment).subspan(7), 2, true),
                         Header::number(std::span(segment).subspan(5), 2, true)};
    }
    if (marker == 0xFF) {
      ++at;  // a byte of padding
    } else {
      at += 2 + Header::number(std::span(segment).subspan(2), 2, true);
    }
  }
  return std::nullopt;
}

std::optional<PictureSize> webp_size(const Header& file) {
  const std::string_view kind = file.text(12, 4);
  if (!file.has(30)) return std::nullopt;
  if (kind == "VP8X") return PictureSize{file.little(24, 3) + 1, file.little(27, 3) + 1};
  if (kind == "VP8L") {
    const std::uint32_t bits = file.little(21, 4);
    return PictureSize{(bits & 0x3FFFU) + 1, ((bits >> 14U) & 0x3FFFU) + 1};
  }
  if (kind == "VP8 ") return PictureSize{file.little(26, 2) & 0x3FFFU, file.little(28, 2) & 0x3FFFU};
  return std::nullopt;
}

std::optional<PictureSize> bmp_size(const Header& file) {
  if (file.little(14, 4) == 12) return PictureSize{file.little(18, 2), file.little(20, 2)};
  const auto height = static_cast<std::int32_t>(file.little(22, 4));  // negative: from the top
  return PictureSize{file.little(18, 4), static_cast<std::uint32_t>(height < 0 ? -std::int64_t{height} : height)};
}

/// Looks into a classic TIFF's first directory.
std::optional<PictureSize> tiff_size(Header& file, bool big) {
  constexpr std::uint32_t kMostTags = 200;
  const auto number = [big](std::span<const char> from, int bytes) { return Header::number(from, bytes, big); };
  const std::uint64_t directory = big ? file.big(4, 4) : file.little(4, 4);
  std::array<char, 2> count{};
  if (!file.read(directory, count)) return std::nullopt;
  PictureSize size;
  std::array<char, 12> tag{};
  for (std::uint32_t i = 0; i < std::min(number(count, 2), kMostTags); ++i) {
    if (!file.read(directory + 2 + 12 * std::uint64_t{i}, tag)) break;
    const int bytes = number(std::span(tag).subspan(2), 2) == 3 ? 2 : 4;
    const std::uint32_t value = number(std::span(tag).subspan(8), bytes);
    if (number(tag, 2) == 256) size.width = value;
    if (number(tag, 2) == 257) size.height = value;
  }
  return size;
}

/// Reads the two numbers after "P5" or "P6". Comments between them are rare, and leave the size unknown.
std::optional<PictureSize> pnm_size(const Header& file) {
  PictureSize size;
  const std::string start(file.text(2, 30));
  if (std::sscanf(start.c_str(), "%u %u", &size.width, &size.height) != 2) return std::nullopt;
  return size;
}

std::optional<PictureSize> read_size(Header& file) {
  if (file.starts("\x89PNG")) return PictureSize{file.big(16, 4), file.big(20, 4)};
  if (file.starts("\xff\xd8\xff")) return jpeg_size(file);
  if (file.starts("RIFF") && file.text(8, 4) == "WEBP") return webp_size(file);
  if (file.starts("GIF8")) return PictureSize{file.little(6, 2), file.little(8, 2)};
  if (file.starts("8BPS")) return PictureSize{file.big(18, 4), file.big(14, 4)};
  if (file.starts("BM")) return bmp_size(file);
  if (file.starts(std::string_view("II*\0", 4))) return tiff_size(file, false);
  if (file.starts(std::string_view("MM\0*", 4))) return tiff_size(file, true);
  if (file.starts("P5") || file.starts("P6")) return pnm_size(file);
  return std::nullopt;
}

}  // namespace

std::optional<PictureSize> picture_size(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;  // a pipe would wait for a writer
  Header file(path);
  std::optional<PictureSize> size = read_size(file);
  if (size && (size->width == 0 || size->height == 0)) return std::nullopt;
  return size;
}

}  // namespace zimage::codecs
