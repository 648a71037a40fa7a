// Tests of GIF, PNM, PSD and TGA, which stb_image reads with our headers. BMP has tests of its own.
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "codecs/image_file.h"
#include "support/catch.h"
#include "support/samples.h"
#include "unit/codecs/picture_samples.h"
#include "unit/codecs/stb_samples.h"

using namespace zimage;
using namespace zimage::test;
using codecs::ImageFormat;

namespace {

Image decoded(const Bytes& bytes) { return codecs::decode_image(bytes, "x.tga").image; }

std::string refusal_of(const Bytes& bytes, const std::string& name = "x.tga") {
  const auto error = error_of([&] { codecs::decode_image(bytes, name); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInput);
  CHECK_FALSE(error->hint().empty());
  return error->message();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Sections of layers that say that the first plane behind the colours is the transparency, or that it isn't.
const Bytes kTransparent = {0, 0, 0, 2, 0xff, 0xff}, kOpaque = {0, 0, 0, 2, 0, 1};

std::vector<std::pair<std::string, Bytes>> samples() {
  const Bytes row = {1, 2, 3, 4, 5, 6, 7, 8};
  return {{"pgm", pnm("P5\n# two\n2 4 255\n", row)},
          {"ppm of 16 bits", pnm("P6 1 1 65535\n", {1, 2, 3, 4, 5, 6})},
          {"tga", tga({.width = 4, .height = 1, .bits = 16, .pixels = row})},
          {"packed tga", tga({.type = 10, .width = 3, .height = 1, .pixels = {0, 1, 2, 3, 0x81, 4, 5, 6}})},
          {"tga with a palette", tga({.type = 1,
                                      .width = 3,
                                      .height = 1,
                                      .bits = 8,
                                      .palette = {1, 2, 3},
                                      .entry_bits = 24,
                                      .pixels = {0, 0, 0}})},
          {"gif", gif(2, 2, {{.indices = {0, 1, 2, 0}}})},
          {"psd", psd({.planes = {{1, 2}, {3, 4}, {5, 6}}, .resources = {{1039, {7, 7}}}})},
          {"packed psd", psd({.depth = 16, .compression = 1, .planes = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 0, 1, 2}}})},
          {"psd with layers", psd({.planes = {{1, 2}, {3, 4}, {5, 6}}, .layers = kTransparent})}};
}

}  // namespace

TEST_CASE("pnm: bytes and words, grey and colours", "[codecs]") {
  CHECK(values(decoded(pnm("P5 3 1 255\n", {1, 2, 255}))) == Values{1, 2, 255});
  const codecs::ImageFile color = codecs::decode_image(pnm("P6#c 9\n1\t2\r\n#x\n255\n", {1, 2, 3, 10, 35, 6}), "x");
  CHECK(color.format == ImageFormat::kPnm);
  CHECK(color.image.channels == 3);
  CHECK(values(color.image) == Values{1, 2, 3, 10, 35, 6});
  const Image deep = decoded(pnm("P5 2 1 65535\n", {0x12, 0x34, 0xff, 0}));
  CHECK(deep.bit_depth == 16);
  CHECK(values(deep) == Values{0x1234, 0xff00});
  CHECK(values(decoded(pnm("P6 1 1 65535\n", {0, 1, 2, 3, 4, 5}))) == Values{1, 0x203, 0x405});
}

TEST_CASE("pnm: a largest value other than the whole range", "[codecs]") {
  CHECK(values(decoded(pnm("P5 3 1 1\n", {0, 1, 9}))) == Values{0, 255, 255});
  CHECK(values(decoded(pnm("P5 4 1 100\n", {0, 1, 50, 100}))) == Values{0, 3, 128, 255});
  const Image deep = decoded(pnm("P5 3 1 1000\n", {0, 1, 1, 0xf4, 3, 0xe8}));
  CHECK(deep.bit_depth == 16);
  CHECK(values(deep) == Values{66, 32768, 65535});
  CHECK(values(decoded(pnm("P5 1 1 256\n", {1, 0}))) == Values{65535});
}

TEST_CASE("pnm: what isn't read is named", "[codecs]") {
  for (const auto& [start, kind] : {std::pair{"P1", "text PNM"},
                                    {"P2", "text PNM"},
                                    {"P3", "text PNM"},
                                    {"P4", "PBM"},
                                    {"P7", "PAM"},
                                    {"PF", "PFM"},
                                    {"Pf", "PFM"}}) {
    CHECK(contains(refusal_of(pnm(start, {'\n', '1', ' '})), "is a " + std::string(kind)));
  }
  CHECK(contains(refusal_of(pnm("P5 100000 100000 255\n", {0})), "too large"));
  CHECK(contains(refusal_of(pnm("P5 99999999999999999999 1 255\n", {0})), "too large"));
  CHECK(contains(refusal_of(pnm("P5 0 1 255\n", {0})), "0 pixels"));
  CHECK(contains(refusal_of(pnm("P5 1 1 0\n", {0})), "largest value"));
  CHECK(contains(refusal_of(pnm("P5 1 1 65536\n", {0, 0})), "largest value"));
  CHECK(contains(refusal_of(pnm("P5 1 x 255\n", {0})), "numbers"));
  CHECK(contains(refusal_of(pnm("P5 1 -1 255\n", {0})), "numbers"));
  CHECK(contains(refusal_of(bytes_of("Please 1 1 255")), "is not a picture"));
}

TEST_CASE("tga: every kind, each way up", "[codecs]") {
  TgaParts parts;
  parts.pixels = {3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10};
  CHECK(values(decoded(tga(parts))) == Values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  parts.flags = 0;
  CHECK(values(decoded(tga(parts))) == Values{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
  parts.flags = 0x30;
  CHECK(values(decoded(tga(parts))) == Values{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9});
  CHECK(values(decoded(tga({.type = 3, .height = 1, .bits = 8, .pixels = {5, 9}}))) == Values{5, 9});
  CHECK(values(decoded(tga({.height = 1, .bits = 16, .pixels = {0x1f, 0x7c, 0, 0}}))) == Values{255, 0, 255, 0, 0, 0});
  CHECK(values(decoded(tga({.type = 10, .width = 3, .height = 1, .pixels = {0, 3, 2, 1, 0x81, 6, 5, 4}}))) ==
        Values{1, 2, 3, 4, 5, 6, 4, 5, 6});
  const Bytes palette = {3, 2, 1, 6, 5, 4};
  CHECK(values(decoded(
            tga({.type = 1, .height = 1, .bits = 8, .palette = palette, .entry_bits = 24, .pixels = {1, 0}}))) ==
        Values{4, 5, 6, 1, 2, 3});
  // A fourth byte that is 0 everywhere is padding.
  CHECK(values(decoded(tga({.height = 1, .bits = 32, .pixels = {3, 2, 1, 0, 6, 5, 4, 7}}))) ==
        Values{1, 2, 3, 0, 4, 5, 6, 7});
  CHECK(values(decoded(tga({.height = 1, .bits = 32, .pixels = {3, 2, 1, 0, 6, 5, 4, 0}}))) ==
        Values{1, 2, 3, 4, 5, 6});
}

TEST_CASE("tga: what isn't read is named", "[codecs]") {
  const Bytes palette = {3, 2, 1, 6, 5, 4};
  TgaParts parts{.type = 1, .bits = 8, .palette = palette, .entry_bits = 24, .pixels = Bytes(4)};
  CHECK(decoded(tga(parts)).channels == 3);
  parts.first_entry = 1;
  CHECK(contains(refusal_of(tga(parts)), "palette that doesn't begin at 0"));
  parts.first_entry = 0;
  parts.entry_bits = 8;
  CHECK(contains(refusal_of(tga(parts)), "palette of 8 bits"));
  parts.type = 32;
  CHECK(contains(refusal_of(tga(parts)), "Huffman"));
  parts.type = 3;
  CHECK(contains(refusal_of(tga(parts)), "palette beside"));
  CHECK(contains(refusal_of(tga({.width = 65535, .height = 65535})), "too large"));
}

TEST_CASE("tga: only bytes and name together tell it", "[codecs]") {
  const Bytes good = tga({.height = 1, .pixels = Bytes(6)});
  CHECK(codecs::decode_image(good, "a/X.TGA").format == ImageFormat::kTga);
  CHECK(contains(refusal_of(good, "x.png"), "x.png is not a picture"));
  Bytes damaged = png(2, 1, 8, 0, 0, {}, {0, 7, 9});
  damaged[0] ^= 1;
  CHECK(contains(refusal_of(damaged), "x.tga is not a picture"));
  CHECK(contains(refusal_of(bytes_of("a text that is long enough to be one")), "x.tga is not a picture"));
  std::mt19937 random(3);
  int taken = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(64);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::uint8_t>(random()); });
    taken += contains(refusal_of(bytes), "is not a picture") ? 0 : 1;
  }
  CHECK(taken < 20);
}

TEST_CASE("gif: the first frame, with what is transparent", "[codecs]") {
  const codecs::ImageFile plain = codecs::decode_image(gif(2, 2, {{.indices = {0, 1, 2, 0}}}), "x");
  CHECK(plain.format == ImageFormat::kGif);
  CHECK(values(plain.image) == Values{10, 20, 30, 40, 50, 60, 70, 80, 90, 10, 20, 30});
  const GifFrame clear{.height = 1, .indices = {2, 1}, .transparent = 1};
  CHECK(values(decoded(gif(2, 1, {clear}))) == Values{70, 80, 90, 255, 0, 0, 0, 0});
  // Neither a second frame nor the background, which is colour 3, may show.
  CHECK(values(decoded(
            gif(3, 1, {{.x = 1, .width = 1, .height = 1, .indices = {0}}, {.height = 1, .indices = {1, 1}}}))) ==
        Values{0, 0, 0, 0, 10, 20, 30, 255, 0, 0, 0, 0});
  CHECK(values(decoded(gif(1, 4, {{.width = 1, .height = 4, .indices = {0, 1, 2, 3}, .flags = 0x40}}))) ==
        Values{10, 20, 30, 70, 80, 90, 40, 50, 60, 1, 2, 3});
  CHECK(contains(refusal_of(gif(65535, 65535, {{.indices = {0, 0, 0, 0}}})), "too large"));
  CHECK(contains(refusal_of(gif(2, 2, {})), "damaged"));
}

TEST_CASE("psd: grey and colours of 8 and 16 bits, packed or not", "[codecs]") {
  const std::vector<Bytes> planes = {{1, 2, 7, 8}, {3, 4, 9, 10}, {5, 6, 11, 12}};
  for (const unsigned compression : {0u, 1u}) {
    INFO(compression);
    const Image color = decoded(psd({.compression = compression, .height = 2, .planes = planes}));
    CHECK(values(color) == Values{1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12});
    const Image deep = decoded(psd({.depth = 16, .compression = compression, .planes = planes}));
    CHECK(deep.bit_depth == 16);
    CHECK(values(deep) == Values{0x102, 0x304, 0x506, 0x708, 0x90a, 0xb0c});
    CHECK(values(decoded(psd({.mode = 1, .compression = compression, .planes = {{7, 8}}}))) == Values{7, 8});
  }
}

TEST_CASE("psd: planes beyond the colours are left out", "[codecs]") {
  PsdParts parts{.width = 3, .planes = {{200, 9, 255}, {155, 9, 255}, {105, 9, 0}, {102, 255, 0}}};
  for (const Bytes& layers : {Bytes{}, kOpaque, kTransparent}) {
    parts.layers = layers;
    CHECK(values(decoded(psd(parts))) == Values{200, 155, 105, 9, 9, 9, 255, 255, 0});
  }
}

TEST_CASE("psd: what it carries is kept", "[codecs]") {
  const Bytes icc = {1, 2, 3}, exif = bytes_of("II*"), xmp = bytes_of("<x/>");
  PsdParts parts{.planes = {{1, 2}, {3, 4}, {5, 6}}};
  parts.resources = {{1000, {9}}, {1039, icc}, {1057, {0, 0, 0, 1, 1}}, {1058, exif}, {1060, xmp}};
  const codecs::ImageFile file = codecs::decode_image(psd(parts), "x");
  CHECK(file.format == ImageFormat::kPsd);
  CHECK(file.metadata.icc == icc);
  CHECK(file.metadata.exif == exif);
  CHECK(file.metadata.xmp == "<x/>");
  parts.resources[2].second[4] = 0;
  CHECK(contains(refusal_of(psd(parts)), "without the flattened picture"));
}

TEST_CASE("psd: what isn't read is named", "[codecs]") {
  const std::vector<Bytes> planes = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
  for (const unsigned mode : {0u, 2u, 4u, 9u, 77u}) {
    CHECK(contains(refusal_of(psd({.mode = mode, .planes = planes})), "neither greyscale nor RGB"));
  }
  CHECK(contains(refusal_of(psd({.depth = 32, .planes = planes})), "32 bits"));
  CHECK(contains(refusal_of(psd({.compression = 2, .planes = planes})), "ZIP"));
  CHECK(contains(refusal_of(psd({.version = 2, .planes = planes})), "PSB"));
  CHECK(contains(refusal_of(psd({.planes = {{1, 2}}})), "lacks colours"));
  CHECK(contains(refusal_of(psd({.width = 1 << 15, .height = 1 << 15, .planes = planes})), "too large"));
}

TEST_CASE("stb: a small file can't ask for much memory", "[codecs]") {
  rusage before{}, after{};
  std::ofstream("/proc/self/clear_refs") << 5;  // This resets the peak.
  ::getrusage(RUSAGE_SELF, &before);
  constexpr unsigned kSide = 1 << 14;
  CHECK(contains(refusal_of(gif(kSide, kSide, {{.indices = {0, 0, 0, 0}}})), "truncated"));
  CHECK(contains(refusal_of(pnm("P6 16384 16384 255\n", {0})), "truncated"));
  for (const unsigned type : {2u, 10u}) {
    CHECK(contains(refusal_of(tga({.type = type, .width = kSide, .height = kSide})), "truncated"));
  }
  for (const unsigned compression : {0u, 1u}) {
    CHECK(contains(refusal_of(psd({.compression = compression, .width = 1, .height = 1 << 28, .planes = {{}, {}, {}}})),
                   "truncated"));
    CHECK(contains(refusal_of(psd({.compression = compression, .width = 1 << 28, .planes = {{0}, {0}, {0}}})),
                   "truncated"));
  }
  ::getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 100 * 1024);
}

TEST_CASE("stb: truncated anywhere", "[codecs]") {
  for (const auto& [kind, bytes] : samples()) {
    INFO(kind);
    CHECK_FALSE(decoded(bytes).empty());
    // The bytes after a GIF's first frame are not needed.
    const std::size_t needed = bytes.size() - (kind == "gif" ? 1 : 0);
    for (std::size_t size = 1; size < needed; ++size) {
      INFO("the first " << size << " of " << bytes.size() << " bytes");
      refusal_of({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
    }
    CHECK(refusal_of({bytes.begin(), bytes.end() - 2}) == "x.tga is truncated");
  }
}

TEST_CASE("stb: random damage is refused or decoded", "[codecs]") {
  std::mt19937 random(11);
  for (const auto& [kind, bytes] : samples()) {
    INFO(kind);
    int refused = 0;
    for (int round = 0; round < 1500; ++round) {
      Bytes bad = bytes;
      for (unsigned count = 1 + random() % 4; count > 0; --count) {
        bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
      }
      Image image;
      const auto error = error_of([&] { image = decoded(bad); });
      if (error) REQUIRE(error->code() == ErrorCode::kInput);
      if (!error && image.samples.size() != image.index(0, image.height))
        FAIL("a picture of another size than it says");
      refused += error ? 1 : 0;
    }
    CHECK(refused > 100);
  }
}

TEST_CASE("stb: formats that are only read can't be written", "[codecs]") {
  for (const ImageFormat format : {ImageFormat::kGif, ImageFormat::kPnm, ImageFormat::kPsd, ImageFormat::kTga}) {
    codecs::EncodeOptions options;
    options.format = format;
    CHECK_FALSE(codecs::is_written(format));
    const auto error = error_of([&] { codecs::encode_image(noise_image(2, 2, 3, 8), options); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUsage);
  }
}
