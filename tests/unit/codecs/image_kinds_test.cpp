// Kinds of PNG and BMP that people have, but that we don't write.
#include <algorithm>

#include "codecs/image_file.h"
#include "support/catch.h"
#include "support/samples.h"
#include "unit/codecs/picture_samples.h"

using namespace zimage;
using namespace zimage::test;

namespace {

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Image decoded(const Bytes& bytes) { return codecs::decode_image(bytes, "x").image; }

std::string refusal_of(const Bytes& bytes) {
  const auto error = error_of([&] { codecs::decode_image(bytes, "x"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInput);
  return error->message();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const Bytes kPalette = png_chunk("PLTE", {10, 20, 30, 40, 50, 60, 70, 80, 90});

}  // namespace

TEST_CASE("image: PNG palettes become RGB, with tRNS RGBA", "[codecs]") {
  const Bytes rows = {0, 0, 1, 0, 2, 1};
  const Image plain = decoded(png(2, 2, 8, 3, 0, kPalette, rows));
  CHECK(plain.channels == 3);
  CHECK(values(plain) == Values{10, 20, 30, 40, 50, 60, 70, 80, 90, 40, 50, 60});
  const Image clear = decoded(png(2, 2, 8, 3, 0, joined(kPalette, png_chunk("tRNS", {0, 128})), rows));
  CHECK(clear.channels == 4);
  CHECK(values(clear) == Values{10, 20, 30, 0, 40, 50, 60, 128, 70, 80, 90, 255, 40, 50, 60, 128});
  // Each index has two bits.
  CHECK(decoded(png(2, 2, 2, 3, 0, kPalette, {0, 0x10, 0, 0x90})).samples == plain.samples);
}

TEST_CASE("image: PNG greys of 1, 2 and 4 bits become 8 bits, and a grey tRNS becomes alpha", "[codecs]") {
  CHECK(values(decoded(png(4, 1, 1, 0, 0, {}, {0, 0xa0}))) == Values{255, 0, 255, 0});
  CHECK(values(decoded(png(4, 1, 2, 0, 0, {}, {0, 0x1b}))) == Values{0, 85, 170, 255});
  CHECK(values(decoded(png(2, 1, 4, 0, 0, {}, {0, 0x3f}))) == Values{51, 255});
  const Image clear = decoded(png(2, 1, 8, 0, 0, png_chunk("tRNS", {0, 7}), {0, 7, 9}));
  CHECK(clear.channels == 2);
  CHECK(values(clear) == Values{7, 0, 9, 255});
}

TEST_CASE("image: PNG of 16 bits is kept, in the machine's byte order", "[codecs]") {
  const Image deep = decoded(png(1, 1, 16, 2, 0, {}, {0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc}));
  CHECK(deep.bit_depth == 16);
  CHECK(values(deep) == Values{0x1234, 0x5678, 0x9abc});
  const Image clear =
      decoded(png(1, 1, 16, 2, 0, png_chunk("tRNS", {0x12, 0x34, 0, 1, 0, 1}), {0, 0x12, 0x34, 0, 1, 0, 1}));
  CHECK(values(clear) == Values{0x1234, 1, 1, 0});
}

TEST_CASE("image: interlaced PNG", "[codecs]") {
  // At 2x2, pass 1 has pixel (0,0), pass 6 pixel (1,0), pass 7 the second row.
  CHECK(values(decoded(png(2, 2, 8, 0, 1, {}, {0, 1, 0, 2, 0, 3, 4}))) == Values{1, 2, 3, 4});
}

TEST_CASE("image: PNG text of every kind, before and after the pixels", "[codecs]") {
  Bytes file = png(1, 1, 8, 0, 0, png_chunk("tEXt", bytes_of(std::string("a\0caf\xe9", 6))), {0, 9});
  const Bytes late = png_chunk("iTXt", bytes_of(std::string("b\0\0\0\0\0\xe7\x8c\xab", 9)));
  const Bytes broken = png_chunk("iTXt", bytes_of(std::string("c\0\0\0\0\0\xff", 7)));
  file.insert(file.end() - 12, late.begin(), late.end());
  file.insert(file.end() - 12, broken.begin(), broken.end());
  const auto text = codecs::decode_image(file, "x").text;
  CHECK(text.at("a") == "caf\xc3\xa9");
  CHECK(text.at("b") == "\xe7\x8c\xab");
  CHECK(text.at("c") == "\xc3\xbf");
}

TEST_CASE("image: PNG headers that ask for too much", "[codecs]") {
  CHECK(contains(refusal_of(png(0x7fffffff, 0x7fffffff, 8, 2, 0, {}, {0})), "too large"));
  CHECK(contains(refusal_of(png(1 << 14, (1 << 14) + 1, 8, 2, 0, {}, {0})), "2^28"));
  // The size is within the limit, but no file of this length can hold it.
  CHECK(contains(refusal_of(png(1 << 14, 1 << 14, 16, 6, 0, {}, {0})), "truncated"));
  refusal_of(png(0, 1, 8, 2, 0, {}, {0}));
  refusal_of(png(1, 1, 7, 2, 0, {}, {0}));
  refusal_of(png(2, 2, 8, 0, 0, {}, {0, 1, 2}));
}

TEST_CASE("image: a wrong CRC anywhere in a PNG", "[codecs]") {
  const Bytes file = png(2, 1, 8, 0, 0, png_chunk("tEXt", bytes_of(std::string("a\0b", 3))), {0, 7, 9});
  REQUIRE(values(decoded(file)) == Values{7, 9});
  for (std::size_t at = 8; at < file.size(); ++at) {
    Bytes damaged = file;
    damaged[at] ^= 0x04;
    INFO(at);
    refusal_of(damaged);
  }
}

TEST_CASE("image: BMP of 24 bits, bottom up and top down", "[codecs]") {
  BmpParts parts;
  parts.pixels = {3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0};
  CHECK(values(decoded(bmp(parts))) == Values{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
  parts.height = -2;
  CHECK(values(decoded(bmp(parts))) == Values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  parts.height = 2;
  parts.after_header = Bytes(9);  // a gap before the pixels
  CHECK(values(decoded(bmp(parts))) == Values{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
  parts.after_header = {};
  parts.header_size = 12;
  CHECK(values(decoded(bmp(parts))) == Values{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("image: BMP with a palette", "[codecs]") {
  BmpParts parts;
  parts.height = 1;
  parts.bits = 8;
  parts.colors_used = 2;
  parts.after_header = {30, 20, 10, 0, 60, 50, 40, 0};
  parts.pixels = {1, 0, 0, 0};
  CHECK(values(decoded(bmp(parts))) == Values{40, 50, 60, 10, 20, 30});
  parts.bits = 4;
  parts.pixels = {0x10, 0, 0, 0};
  CHECK(values(decoded(bmp(parts))) == Values{40, 50, 60, 10, 20, 30});
  parts.bits = 1;
  parts.pixels = {0x80, 0, 0, 0};
  CHECK(values(decoded(bmp(parts))) == Values{40, 50, 60, 10, 20, 30});
  // An index beyond a short palette is always black.
  parts.bits = 8;
  parts.pixels = {0, 200, 0, 0};
  CHECK(values(decoded(bmp(parts))) == Values{10, 20, 30, 0, 0, 0});
  // OS/2's entries have three bytes.
  parts.header_size = 12;
  parts.bits = 1;
  parts.after_header = {30, 20, 10, 60, 50, 40};
  parts.pixels = {0x80, 0, 0, 0};
  CHECK(values(decoded(bmp(parts))) == Values{40, 50, 60, 10, 20, 30});
}

TEST_CASE("image: BMP of 16 and 32 bits, with and without masks", "[codecs]") {
  BmpParts parts;
  parts.width = 1;
  parts.height = 1;
  parts.bits = 32;
  parts.pixels = {3, 2, 1, 77};
  CHECK(values(decoded(bmp(parts))) == Values{1, 2, 3});
  parts.compression = 3;
  parts.after_header = {0xff, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0xff, 0};
  CHECK(values(decoded(bmp(parts))) == Values{3, 2, 1});
  parts.compression = 6;
  parts.after_header = joined(parts.after_header, {0, 0, 0, 0xff});
  CHECK(values(decoded(bmp(parts))) == Values{3, 2, 1, 77});
  parts.compression = 0;
  parts.after_header = {};
  parts.bits = 16;
  parts.pixels = {0x1f, 0x7c, 0, 0};
  CHECK(values(decoded(bmp(parts))) == Values{255, 0, 255});
}

TEST_CASE("image: kinds of BMP that aren't supported", "[codecs]") {
  BmpParts parts;
  parts.pixels = Bytes(64);
  parts.bits = 8;
  parts.after_header = Bytes(1024);
  parts.compression = 1;
  CHECK(contains(refusal_of(bmp(parts)), "run-length"));
  parts.compression = 5;
  CHECK(contains(refusal_of(bmp(parts)), "compression 5"));
  parts.compression = 3;
  CHECK(contains(refusal_of(bmp(parts)), "masks"));
  parts.compression = 0;
  parts.bits = 64;
  CHECK(contains(refusal_of(bmp(parts)), "64 bits"));
  parts.bits = 8;
  parts.after_header = {};
  CHECK(contains(refusal_of(bmp(parts)), "no palette"));
  parts.bits = 32;
  parts.compression = 3;
  parts.after_header = {0xff, 0x03, 0, 0, 0, 0xfc, 0x0f, 0, 0, 0, 0xf0, 0x3f};
  CHECK(contains(refusal_of(bmp(parts)), "more than 8 bits"));
  parts.after_header = {5, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0xff, 0};
  CHECK(contains(refusal_of(bmp(parts)), "masks are invalid"));
  parts.compression = 0;
  parts.width = 1 << 20;
  parts.height = -2147483647 - 1;
  CHECK(contains(refusal_of(bmp(parts)), "too large"));
  parts.width = -1;
  CHECK(contains(refusal_of(bmp(parts)), "too large"));
  parts.width = 0;
  CHECK(contains(refusal_of(bmp(parts)), "0 pixels"));
}
