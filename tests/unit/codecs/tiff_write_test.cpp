// Tests how TIFF is written: entry by entry, and by reading it back.
#include <algorithm>
#include <initializer_list>

#include "codecs/image_file.h"
#include "codecs/metadata/exif.h"
#include "codecs/metadata/exif_directory.h"
#include "support/catch.h"
#include "unit/codecs/exif_samples.h"
#include "unit/codecs/profile_samples.h"
#include "unit/codecs/tiff_samples.h"

using namespace zimage;
using namespace zimage::test;
using codecs::TiffPacking;
using codecs::exif::Directory;
using codecs::exif::Structure;

namespace {

constexpr TiffPacking kPackings[] = {TiffPacking::kNone, TiffPacking::kPackBits, TiffPacking::kLzw,
                                     TiffPacking::kDeflate};
// This is made only once, because lcms2 puts the time into it.
const Bytes kWide = wide_icc();

/// Reads the entries of a TIFF.
struct Told {
  Structure structure;
  Directory first;

  explicit Told(const Bytes& bytes)
      : structure(Structure::open(bytes).value()), first(structure.directory(structure.first_directory()).value()) {}
  std::uint32_t number(std::uint16_t tag) const {
    const auto* entry = first.find(tag);
    return entry == nullptr ? 0 : structure.number(*entry).value_or(0);
  }
};

/// Returns exif_sample() with a comment and a GPS position, and without orientation and thumbnail, as decode_image()
/// leaves it.
Bytes exif_of(bool big_endian) {
  ExifSample sample;
  sample.big_endian = big_endian;
  Bytes block =
      codecs::exif::with_user_comment(codecs::exif::as_upright(exif_sample(sample)), "a comment of some length");
  const auto structure = Structure::open(block);
  const auto first = structure->directory(structure->first_directory());
  std::vector<codecs::exif::Entry> entries = first->entries;
  // The resolution is 300 dots per inch, appended to the block.
  codecs::exif::Entry resolution =
      codecs::exif::long_entry(0x011a, static_cast<std::uint32_t>(block.size() + block.size() % 2), big_endian);
  resolution.type = 5;
  block.resize(block.size() + block.size() % 2 + 8);
  codecs::exif::put_u32(block, block.size() - 8, 300, big_endian);
  codecs::exif::put_u32(block, block.size() - 4, 1, big_endian);
  codecs::exif::set_entry(entries, resolution);
  const std::size_t gps =
      codecs::exif::append_directory(block, {codecs::exif::long_entry(5, 0x01020304, big_endian)}, 0, big_endian);
  codecs::exif::set_entry(entries, codecs::exif::long_entry(0x8825, static_cast<std::uint32_t>(gps), big_endian));
  const std::size_t at = codecs::exif::append_directory(block, entries, 0, big_endian);
  codecs::exif::put_u32(block, 4, static_cast<std::uint32_t>(at), big_endian);
  return block;
}

codecs::EncodeOptions options_of(TiffPacking packing, bool big_endian) {
  codecs::EncodeOptions options;
  options.format = codecs::ImageFormat::kTiff;
  options.metadata.tiff_packing = packing;
  options.metadata.exif = exif_of(big_endian);
  options.metadata.icc = kWide;
  options.metadata.xmp = "<?xpacket?><x:xmpmeta>caf\xc3\xa9</x:xmpmeta>";
  return options;
}

}  // namespace

TEST_CASE("tiff: every kind, depth and packing is read back as written, in both byte orders", "[codecs]") {
  for (int channels = 1; channels <= 4; ++channels) {
    for (const int depth : {8, 16}) {
      for (const TiffPacking packing : kPackings) {
        for (const bool big_endian : {false, true}) {
          const Image image = noise_image(23, 17, channels, depth);
          const codecs::EncodeOptions options = options_of(packing, big_endian);
          const Bytes bytes = codecs::encode_image(image, options);
          INFO(channels << " channels of " << depth << " bits, packing " << static_cast<int>(packing) << ", "
                        << big_endian);
          CHECK(bytes[0] == (big_endian ? 'M' : 'I'));
          const codecs::ImageFile file = codecs::decode_image(bytes, "x");
          check_same(file.image, image);
          CHECK(file.metadata.icc == options.metadata.icc);
          CHECK(file.metadata.xmp == options.metadata.xmp);
          CHECK(file.metadata.orientation == 1);
          CHECK(file.metadata.tiff_packing == packing);
          CHECK(codecs::exif::user_comment(file.metadata.exif) == "a comment of some length");
          CHECK(codecs::encode_image(image, options) == bytes);
        }
      }
    }
  }
}

TEST_CASE("tiff: the entries describe the picture", "[codecs]") {
  const std::uint32_t codes[] = {1, 32773, 5, 8};
  for (std::size_t i = 0; i < std::size(kPackings); ++i) {
    const Bytes bytes = codecs::encode_image(noise_image(9, 8, 4, 8), options_of(kPackings[i], false));
    const Told told(bytes);
    CHECK(told.number(259) == codes[i]);
    CHECK(told.number(317) == (i >= 2 ? 2u : 0u));  // the predictor
    CHECK(told.number(274) == 1);
    CHECK(told.number(338) == 2);  // alpha that was not multiplied
    CHECK(told.first.find(306) == nullptr);
    CHECK(std::is_sorted(told.first.entries.begin(), told.first.entries.end(),
                         [](const auto& a, const auto& b) { return a.tag < b.tag; }));
    CHECK(told.structure.u32(told.first.next_at) == 0);
  }
}

TEST_CASE("tiff: EXIF's entries and directories are written and read back", "[codecs]") {
  for (const bool big_endian : {false, true}) {
    const codecs::EncodeOptions options = options_of(TiffPacking::kLzw, big_endian);
    const Bytes bytes = codecs::encode_image(noise_image(9, 8, 3, 16), options);
    const Bytes block = codecs::decode_image(bytes, "x").metadata.exif;
    for (const Bytes& holder : {bytes, block}) {
      const Told told(holder);
      CHECK(told.structure.big_endian() == big_endian);
      const auto at = told.structure.value_at(*told.first.find(0x0110));
      REQUIRE(at);
      CHECK(std::equal(holder.begin() + static_cast<std::ptrdiff_t>(*at),
                       holder.begin() + static_cast<std::ptrdiff_t>(*at + 15), "Cam-1 of tests"));
      const auto resolution = told.structure.value_at(*told.first.find(0x011a));
      REQUIRE(resolution);
      CHECK(told.structure.u32(*resolution) == 300);
      const auto inner = told.structure.child(told.first, 0x8769);
      REQUIRE(inner);
      CHECK(told.structure.number(*inner->find(0xa002)) == 400u);
      const auto gps = told.structure.child(told.first, 0x8825);
      REQUIRE(gps);
      CHECK(told.structure.number(gps->entries.at(0)) == 0x01020304u);
      // A maker note's own offsets would be wrong.
      CHECK(inner->find(0x927c) == nullptr);
    }
    CHECK(codecs::exif::is_big_endian(block) == big_endian);
  }
}

TEST_CASE("tiff: many strips of a sensible size, the last one shorter", "[codecs]") {
  for (const auto& [channels, depth] : {std::pair{3, 8}, {4, 16}, {1, 8}}) {
    for (const TiffPacking packing : kPackings) {
      for (const bool big_endian : {false, true}) {
        const Image image = noise_image(1201, 1003, channels, depth);
        const Bytes bytes = codecs::encode_image(image, options_of(packing, big_endian));
        check_same(codecs::decode_image(bytes, "x").image, image);
        const Told told(bytes);
        const std::uint32_t strip = told.number(278) * 1201 * static_cast<std::uint32_t>(channels * depth / 8);
        CHECK(strip > 256 << 10);
        CHECK(strip <= 1 << 20);
        CHECK(told.first.find(273)->count > 1);
      }
    }
  }
  // A row may be larger than a strip's size.
  const Image wide = noise_image(300000, 3, 3, 8);
  check_same(codecs::decode_image(codecs::encode_image(wide, options_of(TiffPacking::kDeflate, false)), "x").image,
             wide);
}

TEST_CASE("tiff: without metadata, and with bytes that are no EXIF", "[codecs]") {
  const Image image = noise_image(5, 4, 2, 16);
  codecs::EncodeOptions options;
  options.format = codecs::ImageFormat::kTiff;
  const Bytes plain = codecs::encode_image(image, options);
  const codecs::ImageFile file = codecs::decode_image(plain, "x");
  check_same(file.image, image);
  CHECK(file.metadata.exif.empty());
  CHECK(file.metadata.icc.empty());
  CHECK(file.metadata.xmp.empty());
  for (const Bytes& nothing : {bytes_of("garbage, not EXIF"), Bytes{'I', 'I', 42, 0, 255, 255, 255, 255}}) {
    options.metadata.exif = nothing;
    CHECK(codecs::encode_image(image, options) == plain);
  }
}

TEST_CASE("tiff: a comment of a mebibyte fits, and rewriting doesn't make the file grow", "[codecs]") {
  const Image image = noise_image(5, 4, 3, 8);
  codecs::EncodeOptions options = options_of(TiffPacking::kNone, false);
  const std::string text(std::size_t{1} << 20, 'x');
  options.metadata.exif = codecs::exif::with_user_comment(options.metadata.exif, text);
  CHECK(codecs::exif::user_comment(codecs::decode_image(codecs::encode_image(image, options), "x").metadata.exif) ==
        text);
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) {
    options.metadata.exif = codecs::exif::with_user_comment(options.metadata.exif, "short");
    const Bytes bytes = codecs::encode_image(image, options);
    options.metadata = codecs::decode_image(bytes, "x").metadata;
    if (i > 0) CHECK(bytes.size() == size);
    size = bytes.size();
  }
  CHECK(size < 10000);
}

TEST_CASE("tiff: a file's packing is recognised if it is one that we write", "[codecs]") {
  const Image image = noise_image(16, 16, 3, 8);
  for (const auto& [code, packing] : {std::pair{1, TiffPacking::kNone},
                                      {5, TiffPacking::kLzw},
                                      {8, TiffPacking::kDeflate},
                                      {32946, TiffPacking::kDeflate},
                                      {32773, TiffPacking::kPackBits},
                                      {7, TiffPacking::kDeflate}}) {
    TiffKind kind;
    kind.compression = code;
    kind.rows_per_strip = 16;
    INFO(code);
    CHECK(codecs::decode_image(tiff_of(image, kind), "x").metadata.tiff_packing == packing);
  }
}
