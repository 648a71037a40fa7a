#include "codecs/jpeg/jpeg_segments.h"

#include <random>

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;

namespace {

std::string segment(int marker, const std::string& content) {
  const std::size_t size = content.size() + 2;
  std::string out = {'\xff', static_cast<char>(marker), static_cast<char>(size >> 8), static_cast<char>(size)};
  return out += content;
}

}  // namespace

TEST_CASE("jpeg: segments between and behind the scans are found") {
  const std::string data = std::string("ab\xff\0cd\xff\xd0 ef", 11);  // with a stuffed byte and a restart marker
  const std::string scans = data + segment(0xfe, "first") + segment(0xda, "\xff\xfe header") + data + "\xff\xff" +
                            segment(0xe7, "NAME\1") + segment(0xfe, "second") + "\xff\xd9" +
                            segment(0xfe, "not its own");
  codecs::ImageMetadata metadata;
  codecs::read_late_segments(bytes_of(scans), metadata);
  CHECK(metadata.comments == std::vector<std::string>{"first", "second"});
  CHECK(metadata.dropped == std::vector<std::string>{"APP7 segment \"NAME\""});
}

TEST_CASE("jpeg: any bytes behind the header are safe") {
  std::mt19937 random(4);
  const std::uint8_t likely[] = {0xff, 0xfe, 0xe1, 0, 2, 9, 0xd9, 0xda};
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(random() % 40);
    for (std::uint8_t& byte : bytes) byte = likely[random() % std::size(likely)];
    codecs::ImageMetadata metadata;
    codecs::read_late_segments(bytes, metadata);
    CHECK(metadata.comments.size() <= bytes.size());
  }
}
