#include "codecs/metadata/tiff_tags.h"

#include <random>

#include "support/catch.h"
#include "support/files.h"

using namespace zimage::test;
using namespace zimage::codecs;

namespace {

struct Tag {
  std::uint16_t number;
  std::uint16_t type;
  std::uint64_t count;
  Bytes value;  ///< in the file's byte order
};

void put(Bytes& out, std::uint64_t value, int size, bool big_endian) {
  for (int i = 0; i < size; ++i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * (big_endian ? size - 1 - i : i))));
  }
}

/// Returns a TIFF structure of one directory.
Bytes structure(const std::vector<Tag>& tags, bool big_endian, bool big_tiff) {
  const int word = big_tiff ? 8 : 4;
  Bytes out(2, big_endian ? 'M' : 'I'), values;
  put(out, big_tiff ? 43 : 42, 2, big_endian);
  if (big_tiff) put(out, 8, 2, big_endian);
  if (big_tiff) put(out, 0, 2, big_endian);
  put(out, big_tiff ? 16 : 8, word, big_endian);
  const std::size_t end = out.size() + (big_tiff ? 8 : 2) + tags.size() * (big_tiff ? 20 : 12) + word;
  put(out, tags.size(), big_tiff ? 8 : 2, big_endian);
  for (const Tag& tag : tags) {
    put(out, tag.number, 2, big_endian);
    put(out, tag.type, 2, big_endian);
    put(out, tag.count, word, big_endian);
    Bytes place = tag.value;
    if (place.size() > static_cast<std::size_t>(word)) {
      place.clear();
      put(place, end + values.size(), word, big_endian);
      values.insert(values.end(), tag.value.begin(), tag.value.end());
    }
    place.resize(static_cast<std::size_t>(word));
    out.insert(out.end(), place.begin(), place.end());
  }
  put(out, 0, word, big_endian);
  out.insert(out.end(), values.begin(), values.end());
  return out;
}

Bytes numbers(const std::vector<std::uint64_t>& values, int size, bool big_endian) {
  Bytes out;
  for (const std::uint64_t value : values) put(out, value, size, big_endian);
  return out;
}

std::vector<Tag> samples(bool big_endian) {
  return {{0x100, 3, 1, numbers({7}, 2, big_endian)},
          {0x10e, 2, 6, bytes_of(std::string("hello\0", 6))},
          {0x11e, 5, 1, numbers({7, 2}, 4, big_endian)},
          {0x830e, 12, 2, numbers({0x3fe0000000000000, 0x4000000000000000}, 8, big_endian)},
          {0x87af, 3, 4, numbers({1, 2, 3, 4}, 2, big_endian)},
          {0x87b0, 3, 1, numbers({9}, 2, big_endian)},
          {0xa481, 2, 3, bytes_of(std::string("-1\0", 3))},
          {50000, 4, 1, numbers({5}, 4, big_endian)}};
}

/// Returns the value's bytes of an entry that was made for the file.
Bytes value_of(const Bytes& file, const exif::Entry& entry, bool big_endian) {
  const std::size_t size = exif::Structure::open(file)->value_size(entry);
  if (size <= 4) return {entry.value.begin(), entry.value.begin() + static_cast<std::ptrdiff_t>(size)};
  std::size_t at = 0;
  for (std::size_t i = 0; i < 4; ++i) at = at << 8 | entry.value[big_endian ? i : 3 - i];
  REQUIRE(at + size <= file.size());
  const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

TEST_CASE("tiff tags: its own are taken out, and put in in any byte order") {
  for (const bool from : {false, true}) {
    for (const bool big : {false, true}) {
      const Bytes file = structure(samples(from), from, big);
      const Bytes classic = tiff::as_classic(file);
      CHECK(classic.empty() == !big);
      const Bytes tags = tiff::own_tags(big ? classic : file);
      CHECK(tiff::names_of(tags) ==
            std::vector<std::string>{"its place on the page", "GeoTIFF tags", "GDAL's value for no data"});
      for (const bool to : {false, true}) {
        // The values lie in the file that the entries are made for.
        Bytes target = structure({{0x100, 3, 1, numbers({7}, 2, to)}}, to, false);
        const std::vector<exif::Entry> entries = tiff::own_entries(tags, to, target);
        REQUIRE(entries.size() == 5);
        std::vector<Bytes> values;
        for (const exif::Entry& entry : entries) values.push_back(value_of(target, entry, to));
        CHECK(values ==
              std::vector<Bytes>{numbers({7, 2}, 4, to), numbers({0x3fe0000000000000, 0x4000000000000000}, 8, to),
                                 numbers({1, 2, 3, 4}, 2, to), numbers({9}, 2, to), bytes_of(std::string("-1\0", 3))});
      }
      std::vector<std::string> names;
      CHECK(tiff::names_of(tiff::without_places(tags, names)) == std::vector<std::string>{"GDAL's value for no data"});
      CHECK(names == std::vector<std::string>{"its place on the page", "GeoTIFF tags"});
      CHECK(exif::left_by_tiff(big ? classic : file) == std::vector<std::string>{"TIFF tag 50000"});
      CHECK_FALSE(exif::from_tiff(big ? classic : file).empty());
    }
  }
}

TEST_CASE("tiff tags: any bytes are safe") {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes = structure(samples(round % 2 == 0), round % 2 == 0, round % 3 == 0);
    for (int i = 0; i < 3; ++i) {
      bytes[random() % bytes.size()] =
          static_cast<std::uint8_t>(random() % 2 == 0 ? random() : random() % bytes.size());
    }
    bytes.resize(random() % (bytes.size() + 1));
    const Bytes classic = tiff::as_classic(bytes);
    for (const Bytes& block : {bytes, classic}) {
      const Bytes tags = tiff::own_tags(block);
      Bytes file = bytes;
      std::vector<std::string> names;
      tiff::own_entries(tags, round % 5 == 0, file);
      tiff::names_of(tiff::without_places(tags, names));
      exif::left_by_tiff(block);
      bool differs = false;
      exif::photoshop_of_tiff(block, differs);
    }
  }
}
