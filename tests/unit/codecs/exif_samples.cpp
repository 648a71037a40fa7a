#include "unit/codecs/exif_samples.h"

namespace zimage::test {
namespace {

using codecs::exif::Entry;

/// Returns an entry whose value is appended to the block.
Entry behind(Bytes& block, std::uint16_t tag, std::uint16_t type, std::uint32_t count, const std::string& value,
             bool big_endian) {
  if (block.size() % 2 != 0) block.push_back(0);
  Entry entry = codecs::exif::long_entry(tag, static_cast<std::uint32_t>(block.size()), big_endian);
  entry.type = type;
  entry.count = count;
  block.insert(block.end(), value.begin(), value.end());
  return entry;
}

Entry short_entry(std::uint16_t tag, std::uint16_t value, bool big_endian) {
  Entry entry = codecs::exif::long_entry(tag, big_endian ? std::uint32_t{value} << 16 : value, big_endian);
  entry.type = 3;
  return entry;
}

}  // namespace

Bytes exif_sample(const ExifSample& sample) {
  const bool big = sample.big_endian;
  Bytes block = big ? Bytes{'M', 'M', 0, 42, 0, 0, 0, 0} : Bytes{'I', 'I', 42, 0, 0, 0, 0, 0};
  std::vector<Entry> first = {behind(block, 0x0110, 2, 15, std::string("Cam-1 of tests\0", 15), big),
                              short_entry(0x0112, static_cast<std::uint16_t>(sample.orientation), big)};
  if (sample.exif_directory) {
    std::vector<Entry> inner = {behind(block, 0x927c, 7, 10, "makernote!", big)};
    if (!sample.comment_bytes.empty()) {
      inner.push_back(
          behind(block, 0x9286, 7, static_cast<std::uint32_t>(sample.comment_bytes.size()), sample.comment_bytes, big));
    }
    inner.push_back(short_entry(0xa002, 400, big));
    inner.push_back(codecs::exif::long_entry(0xa003, 300, big));
    const std::size_t at = codecs::exif::append_directory(block, inner, 0, big);
    first.push_back(codecs::exif::long_entry(0x8769, static_cast<std::uint32_t>(at), big));
  }
  const std::size_t first_at = codecs::exif::append_directory(block, first, 0, big);
  codecs::exif::put_u32(block, 4, static_cast<std::uint32_t>(first_at), big);
  if (!sample.thumbnail) return block;
  const std::size_t next_at = block.size() - 4;
  const std::string picture = kThumbnailStart + std::string(40, 'x');
  const auto thumbnail_at = static_cast<std::uint32_t>(block.size() + 2 + 2 * 12 + 4);
  const std::vector<Entry> second = {codecs::exif::long_entry(0x0201, thumbnail_at, big),
                                     codecs::exif::long_entry(0x0202, static_cast<std::uint32_t>(picture.size()), big)};
  const std::size_t second_at = codecs::exif::append_directory(block, second, 0, big);
  codecs::exif::put_u32(block, next_at, static_cast<std::uint32_t>(second_at), big);
  block.insert(block.end(), picture.begin(), picture.end());
  return block;
}

}  // namespace zimage::test
