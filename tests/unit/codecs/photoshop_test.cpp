#include "codecs/metadata/photoshop.h"

#include <random>

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;
using namespace zimage::codecs;

namespace {

std::string resource(unsigned id, const std::string& data, const std::string& name = "") {
  std::string out = "8BIM";
  out += {static_cast<char>(id >> 8), static_cast<char>(id), static_cast<char>(name.size())};
  out += name;
  if (name.size() % 2 == 0) out += '\0';
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(data.size() >> shift);
  out += data;
  if (data.size() % 2 != 0) out += '\0';
  return out;
}

std::string data_set(int record, int set, const std::string& value) {
  std::string out = {0x1c, static_cast<char>(record), static_cast<char>(set)};
  out += {static_cast<char>(value.size() >> 8), static_cast<char>(value.size())};
  return out + value;
}

/// Returns "name=value|value" for each property.
std::vector<std::string> listed(const std::vector<XmpProperty>& properties) {
  std::vector<std::string> out;
  for (const XmpProperty& property : properties) {
    out.push_back(std::string(property.name) + "=");
    for (const auto& value : property.values) out.back() += value.text + "|";
  }
  return out;
}

}  // namespace

TEST_CASE("photoshop: only the credits are kept") {
  const std::string iptc = resource(0x404, data_set(2, 80, "me")), flag = resource(0x40a, "\1"),
                    digest = resource(0x425, "0123456789abcdef");
  const std::string thumbnail = resource(0x40c, "odd"), paths = resource(2000, "path", "a name");
  CHECK(photoshop::credits(bytes_of(thumbnail + iptc + paths + flag + digest)) == bytes_of(iptc + flag + digest));
  CHECK(photoshop::without_iptc(bytes_of(iptc + digest)) == bytes_of(digest));
  CHECK(photoshop::credits(bytes_of(thumbnail)).empty());
  const Bytes record = bytes_of(data_set(2, 80, "me"));
  const Bytes all = bytes_of(paths + iptc);
  const auto found = photoshop::iptc(all);
  CHECK(std::equal(found.begin(), found.end(), record.begin(), record.end()));
  CHECK(photoshop::of_iptc(bytes_of(data_set(2, 80, "me") + std::string(3, '\0'))) == bytes_of(iptc));
}

TEST_CASE("photoshop: IPTC becomes XMP's properties") {
  const std::string record = data_set(1, 90, "\x1b%G") + data_set(2, 25, "a") + data_set(2, 80, "Ä") +
                             data_set(2, 25, "b") + data_set(2, 120, "first") + data_set(2, 120, "second") +
                             data_set(2, 55, "20240229") + data_set(2, 60, "120102+0130") + data_set(2, 200, "unknown");
  CHECK(listed(photoshop::properties(
            bytes_of(resource(0x404, record) + resource(0x40a, "\1") + resource(0x40b, "http://x")))) ==
        std::vector<std::string>{"subject=a|b|", "creator=Ä|", "description=first|",
                                 "DateCreated=2024-02-29T12:01:02+01:30|", "Marked=True|", "WebStatement=http://x|"});
  CHECK(listed(photoshop::properties(bytes_of(resource(0x404, data_set(2, 80, "\xc4"))))) ==
        std::vector<std::string>{"creator=Ä|"});
  CHECK(listed(photoshop::properties(
                   bytes_of(resource(0x404, data_set(2, 55, "2024")) + resource(0x40a, std::string(1, '\0')))))
            .empty());
}

TEST_CASE("photoshop: the resolution is a fixed-point number per inch") {
  const std::string info("\x01\x2c\0\0\0\1\0\1\0\x96\0\0\0\1\0\1", 16);
  const auto resolution = photoshop::resolution(bytes_of(resource(0x3ed, info)));
  REQUIRE(resolution);
  CHECK((resolution->x == 300 && resolution->y == 150 && resolution->unit == DotsPer::kInch));
  CHECK_FALSE(photoshop::resolution(bytes_of(resource(0x3ed, info.substr(0, 15)))));
}

TEST_CASE("photoshop: random bytes are harmless") {
  std::mt19937 random(5);
  const Bytes whole = bytes_of(resource(0x404, data_set(2, 80, "me") + data_set(2, 120, std::string(300, 'x'))) +
                               resource(0x3ed, std::string(16, '\1')));
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes = whole;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    bytes.resize(random() % (bytes.size() + 1));
    CHECK(photoshop::credits(bytes).size() <= bytes.size() + 8);
    for (const XmpProperty& property : photoshop::properties(bytes)) REQUIRE_FALSE(property.values.empty());
    photoshop::resolution(bytes);
  }
}
