#include "codecs/stb/gif_blocks.h"

#include <random>

#include "support/catch.h"
#include "unit/codecs/stb_samples.h"

using namespace zimage;
using namespace zimage::test;

namespace {

std::string sub_blocks(const std::string& data) {
  std::string out;
  for (std::size_t at = 0; at < data.size(); at += 255) {
    const std::string part = data.substr(at, 255);
    out += static_cast<char>(part.size());
    out += part;
  }
  return out.append(1, '\0');
}

std::string extension(int kind, const std::string& blocks) {
  std::string out = "!";
  out += static_cast<char>(kind);
  return out += blocks;
}

/// Returns a GIF of two frames with extensions before its end.
Bytes with_extensions(const std::string& extensions) {
  Bytes out = gif(2, 2, {{.indices = {0, 1, 2, 0}}, {.indices = {0, 1, 2, 0}}});
  REQUIRE(out.back() == 0x3b);
  out.insert(out.end() - 1, extensions.begin(), extensions.end());
  return out;
}

/// Returns an application's extension.
std::string application(const std::string& name, const std::string& blocks) {
  return extension(0xff, std::string(1, '\x0b').append(name).append(blocks));
}

std::string xmp_extension(const std::string& xmp) {
  std::string out = xmp;
  out += '\1';
  for (int i = 255; i >= 0; --i) out += static_cast<char>(i);
  return application("XMP DataXMP", out.append(1, '\0'));
}

}  // namespace

TEST_CASE("gif: extensions behind the last frame are read too") {
  const std::string icc(600, 'i');
  const Bytes file =
      with_extensions(extension(0xfe, sub_blocks(std::string(300, 'c'))) + xmp_extension("<x>\xc3\xa9</x>") +
                      application("ICCRGBG1012", sub_blocks(icc)) + application("NETSCAPE2.0", sub_blocks("\1ab")) +
                      application("OTHER   1.0", sub_blocks("x")) + application("OTHER   1.0", sub_blocks("y")) +
                      extension(0x01, sub_blocks("text")));
  codecs::ImageMetadata metadata;
  CHECK(codecs::read_gif_blocks(file, metadata).frames == 2);
  CHECK(metadata.comments == std::vector<std::string>{std::string(300, 'c')});
  CHECK(metadata.xmp == "<x>\xc3\xa9</x>");
  CHECK(metadata.icc == bytes_of(icc));
  CHECK(metadata.dropped == std::vector<std::string>{"application extension \"OTHER   1.0\"", "a block of plain text"});
  CHECK(metadata.left_out.empty());
}

TEST_CASE("gif: any bytes are safe") {
  std::mt19937 random(9);
  const Bytes whole = with_extensions(extension(0xfe, sub_blocks("comment")) + xmp_extension("<x/>") +
                                      application("ICCRGBG1012", sub_blocks("icc")));
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes = whole;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    bytes.resize(random() % (bytes.size() + 1));
    codecs::ImageMetadata metadata;
    codecs::read_gif_blocks(bytes, metadata);
    CHECK(metadata.xmp.size() <= bytes.size());
  }
}
