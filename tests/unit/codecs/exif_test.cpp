#include "codecs/metadata/exif.h"

#include <algorithm>
#include <random>

#include "support/catch.h"
#include "unit/codecs/exif_samples.h"

using namespace zimage;
using namespace zimage::test;
namespace exif = codecs::exif;

namespace {

bool holds(const Bytes& block, const std::string& text) {
  return std::string(block.begin(), block.end()).find(text) != std::string::npos;
}

/// Returns a value of IFD0 or of the Exif directory as bytes, or nothing if it isn't there.
std::string value_of(const Bytes& block, std::uint16_t tag) {
  const auto structure = exif::Structure::open(block);
  if (!structure) return "";
  auto directory = structure->directory(structure->first_directory());
  if (!directory) return "";
  if (directory->find(tag) == nullptr) directory = structure->child(*directory, 0x8769);
  const exif::Entry* entry = directory ? directory->find(tag) : nullptr;
  if (entry == nullptr) return "";
  const std::size_t at = structure->value_at(*entry).value();
  return {block.begin() + static_cast<std::ptrdiff_t>(at),
          block.begin() + static_cast<std::ptrdiff_t>(at + structure->value_size(*entry))};
}

void check_all_there(const Bytes& block) {
  CHECK(value_of(block, 0x0110) == std::string("Cam-1 of tests\0", 15));
  CHECK(value_of(block, 0x927c) == "makernote!");
}

const std::string kText = "{\"prompt\":\"a door\"}";
/// This is "né猫🐈".

}  // namespace

TEST_CASE("exif: orientation is read and reset", "[codecs]") {
  for (const bool big_endian : {false, true}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      ExifSample sample;
      sample.big_endian = big_endian;
      sample.orientation = orientation;
      const Bytes block = exif_sample(sample);
      CHECK(exif::orientation(block) == orientation);
      const Bytes upright = exif::as_upright(block);
      CHECK(exif::orientation(upright) == 1);
      check_all_there(upright);
    }
  }
  ExifSample sample;
  sample.orientation = 9;
  CHECK(exif::orientation(exif_sample(sample)) == 1);
  CHECK(exif::orientation({}) == 1);
}

TEST_CASE("exif: the thumbnail and its bytes are removed", "[codecs]") {
  const Bytes block = exif_sample({});
  REQUIRE(holds(block, kThumbnailStart));
  const Bytes upright = exif::as_upright(block);
  CHECK_FALSE(holds(upright, kThumbnailStart));
  CHECK(upright.size() < block.size());
  // A thumbnail that isn't at the end is blanked instead.
  Bytes longer = block;
  longer.insert(longer.end(), {'e', 'n', 'd'});
  const Bytes blanked = exif::as_upright(longer);
  CHECK(blanked.size() == longer.size());
  CHECK_FALSE(holds(blanked, kThumbnailStart));
  CHECK(holds(blanked, "end"));
  const auto structure = exif::Structure::open(blanked);
  const auto first = structure->directory(structure->first_directory());
  CHECK(structure->u32(first->next_at) == 0);
}

TEST_CASE("exif: a JPEG anywhere in the block becomes zeros, and what only begins like one stays", "[codecs]") {
  const std::string frame("\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0", 13), scan("\xff\xda\0\x08\1\1\0\0\x3f\0", 10);
  const std::string jpeg = std::string("\xff\xd8").append(frame).append(scan).append("pixels\xff\xd9");
  const std::string lure = "\xff\xd8\xff\xe1\xff\xff tail \xff\xd8\xff\xd9";
  Bytes block = exif_sample({});
  const Bytes tail = bytes_of(std::string("before").append(lure).append(jpeg).append("behind"));
  block.insert(block.end(), tail.begin(), tail.end());
  const Bytes clean = exif::without_pictures(block);
  CHECK(clean.size() == block.size());
  CHECK(holds(clean, std::string("before").append(lure).append(jpeg.size(), '\0').append("behind")));
  // Without its end it reaches to the end of the block, where it is cut off.
  block.resize(block.size() - 6 - 2);
  CHECK(exif::without_pictures(block).size() == block.size() - jpeg.size() + 2);
}

TEST_CASE("exif: a block of nothing but JPEG's starts isn't searched again from each", "[codecs]") {
  Bytes block = exif_sample({});
  const std::size_t size = block.size();
  block.resize(size + 6 * 200'000);
  constexpr std::uint8_t kSegment[] = {0xff, 0xe0, 0x00, 0x04, 0xff, 0xd8};
  for (std::size_t i = size; i < block.size(); ++i) block[i] = kSegment[(i - size) % 6];
  CHECK(exif::without_pictures(block).size() == block.size());
}

TEST_CASE("exif: a block that only tells the picture's form says nothing", "[codecs]") {
  CHECK_FALSE(exif::says_anything({}));
  CHECK_FALSE(exif::says_anything(exif::with_resolution({}, {300, 300, codecs::DotsPer::kInch}, true)));
  const Bytes commented = exif::with_user_comment({}, "text");
  CHECK(exif::says_anything(commented));
  CHECK_FALSE(exif::says_anything(exif::without_user_comment(commented)));
  CHECK(exif::says_anything(exif_sample({})));
  CHECK(exif::says_anything({'n', 'o', 'n', 'e'}));
  CHECK(exif::has_maker_notes(exif_sample({})));
  CHECK_FALSE(exif::has_maker_notes(commented));
}

TEST_CASE("exif: comments are read in their encodings", "[codecs]") {
  const auto comment = [](const std::string& bytes, bool big_endian) {
    ExifSample sample;
    sample.big_endian = big_endian;
    sample.comment_bytes = bytes;
    return exif::user_comment(exif_sample(sample));
  };
  CHECK(comment(std::string("ASCII\0\0\0", 8) + "hello", false) == "hello");
  CHECK(comment(std::string("ASCII\0\0\0hello\0\0\0", 16), true) == "hello");
  CHECK(comment(std::string("UNICODE\0h\0i\0", 12), false) == "hi");
  CHECK(comment(std::string("UNICODE\0\0h\0i", 12), true) == "hi");
  CHECK_FALSE(comment(std::string("JIS\0\0\0\0\0xy", 10), false));
  CHECK_FALSE(comment("ASCII", false));
  CHECK_FALSE(exif::user_comment(exif_sample({})));
  CHECK_FALSE(exif::user_comment({}));
}

TEST_CASE("exif: adding a comment changes nothing else", "[codecs]") {
  for (const bool big_endian : {false, true}) {
    for (const std::string& old : {std::string(), std::string("ASCII\0\0\0", 8) + "an old one"}) {
      for (const bool thumbnail : {false, true}) {
        for (const std::string& text : {kText, std::string()}) {
          ExifSample sample;
          sample.big_endian = big_endian;
          sample.comment_bytes = old;
          sample.thumbnail = thumbnail;
          const Bytes block = exif::with_user_comment(exif_sample(sample), text);
          CHECK(exif::user_comment(block) == text);
          CHECK(exif::orientation(block) == 6);
          check_all_there(block);
        }
      }
    }
  }
}

TEST_CASE("exif: adding a comment without an Exif directory or any EXIF", "[codecs]") {
  ExifSample sample;
  sample.exif_directory = false;
  const Bytes block = exif::with_user_comment(exif_sample(sample), kText);
  CHECK(exif::user_comment(block) == kText);
  CHECK(value_of(block, 0x0110) == std::string("Cam-1 of tests\0", 15));
  for (const Bytes& nothing : {Bytes{}, bytes_of("garbage, not EXIF"), Bytes{'I', 'I', 42, 0, 255, 255, 255, 255}}) {
    CHECK(exif::user_comment(exif::with_user_comment(nothing, kText)) == kText);
    CHECK(exif::as_upright(nothing) == nothing);
  }
}

TEST_CASE("exif: replacing a comment again and again doesn't make the block grow", "[codecs]") {
  for (const bool directory : {true, false}) {
    ExifSample sample;
    sample.exif_directory = directory;
    Bytes block = exif::with_user_comment(exif::with_user_comment(exif_sample(sample), kText), kText);
    const std::size_t size = block.size();
    for (int i = 0; i < 5; ++i) block = exif::with_user_comment(std::move(block), kText);
    CHECK(block.size() == size);
    CHECK(exif::user_comment(block) == kText);
  }
}

TEST_CASE("exif: a comment is removed", "[codecs]") {
  const Bytes block = exif::without_user_comment(exif::with_user_comment(exif_sample({}), kText));
  CHECK(exif::user_comment(block).value_or("").empty());
  CHECK_FALSE(holds(block, "a door"));
  check_all_there(block);
}

TEST_CASE("exif: the size follows the picture", "[codecs]") {
  const Bytes block = exif::with_size(exif_sample({}), 640, 70000);
  const auto structure = exif::Structure::open(block);
  const auto first = structure->directory(structure->first_directory());
  const auto inner = structure->child(*first, 0x8769);
  CHECK(structure->number(*inner->find(0xa002)) == 640u);
  CHECK(structure->number(*inner->find(0xa003)) == 70000u);
}

TEST_CASE("exif: any bytes are safe", "[codecs]") {
  std::mt19937 random(11);
  const auto all = [](const Bytes& block) {
    exif::orientation(block);
    exif::user_comment(block);
    exif::as_upright(block);
    exif::without_user_comment(block);
    exif::with_size(block, 3, 4);
    exif::from_tiff(block);
    exif::says_anything(block);
    exif::left_by_tiff(block);
    // Whatever the block held before, a comment that was written can be read.
    CHECK(exif::user_comment(exif::with_user_comment(exif::as_upright(block), kText)) == kText);
  };
  for (const bool big_endian : {false, true}) {
    ExifSample sample;
    sample.big_endian = big_endian;
    sample.comment_bytes = std::string("UNICODE\0h\0i\0", 12);
    const Bytes good = exif::with_user_comment(exif_sample(sample), "own");
    for (std::size_t size = 0; size < good.size(); ++size) {
      all({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
    }
    for (int round = 0; round < 20000; ++round) {
      Bytes bad = good;
      for (unsigned count = 1 + random() % 6; count > 0; --count) {
        // Offsets are small numbers; those that still fall into the block do the most harm.
        const std::uint8_t value = random() % 2 == 0 ? random() % 256 : random() % bad.size();
        bad[random() % bad.size()] = value;
      }
      all(bad);
    }
  }
}

TEST_CASE("exif: directories that point at themselves", "[codecs]") {
  Bytes block = exif_sample({});
  const auto structure = exif::Structure::open(block);
  const auto first = structure->directory(structure->first_directory());
  exif::put_u32(block, first->next_at, static_cast<std::uint32_t>(first->at), false);
  exif::put_u32(block, first->find(0x8769)->at + 8, static_cast<std::uint32_t>(first->at), false);
  CHECK(exif::orientation(exif::as_upright(block)) == 1);
  CHECK(exif::user_comment(exif::with_user_comment(block, kText)) == kText);
}
