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

TEST_CASE("photoshop: only credits, paths and guides are kept") {
  const std::string iptc = resource(0x404, data_set(2, 80, "me")), flag = resource(0x40a, "\1"),
                    digest = resource(0x425, "0123456789abcdef");
  const std::string thumbnail = resource(0x40c, "odd"), paths = resource(2000, "path", "a name");
  const std::string guides = resource(0x408, std::string("\0\0\0\1\0\0\2\x40\0\0\2\x40\0\0\0\1\0\0\1\0\0", 21));
  const std::string grid = resource(0x408, std::string("\0\0\0\1\0\0\2\x40\0\0\2\x40\0\0\0\0", 16));
  CHECK(photoshop::kept(bytes_of(thumbnail + iptc + paths + grid + flag + digest)) ==
        bytes_of(iptc + paths + flag + digest));
  CHECK(photoshop::kept(bytes_of(guides)) == bytes_of(guides));
  CHECK(photoshop::names_of_places(bytes_of(paths + guides)) ==
        std::vector<std::string>{"Photoshop's paths", "Photoshop's guides"});
  CHECK(photoshop::without_places(bytes_of(paths + iptc + guides)) == bytes_of(iptc));
  CHECK(photoshop::without_iptc(bytes_of(iptc + digest)) == bytes_of(digest));
  CHECK(photoshop::kept(bytes_of(thumbnail)).empty());
  const Bytes record = bytes_of(data_set(2, 80, "me"));
  const Bytes all = bytes_of(paths + iptc);
  const auto found = photoshop::iptc(all);
  CHECK(std::equal(found.begin(), found.end(), record.begin(), record.end()));
  CHECK(photoshop::of_iptc(bytes_of(data_set(2, 80, "me") + std::string(3, '\0'))) == bytes_of(iptc));
}

TEST_CASE("photoshop: IPTC becomes XMP's properties, and the rest is named") {
  const std::string record =
      data_set(1, 90, "\x1b%G") + data_set(2, 25, "a") + data_set(2, 80, "Ä") + data_set(2, 25, "b") +
      data_set(2, 120, "first") + data_set(2, 120, "second") + data_set(2, 55, "20240229") +
      data_set(2, 60, "120102+0130") + data_set(2, 200, "a preview") + data_set(2, 4, "001:Current") +
      data_set(2, 12, "IPTC:01001000:Arts") + data_set(2, 12, "none") + data_set(2, 65, "Tool") + data_set(2, 70, "3") +
      data_set(2, 118, "me@x") + data_set(2, 30, "20240301") + data_set(2, 199, "?") + data_set(3, 10, "news") +
      data_set(1, 60, "5") + data_set(2, 22, "");
  std::vector<std::string> left;
  CHECK(listed(photoshop::properties(
            bytes_of(resource(0x404, record) + resource(0x40a, "\1") + resource(0x40b, "http://x")), left)) ==
        std::vector<std::string>{"IntellectualGenre=Current|", "SubjectCode=01001000|", "subject=a|b|",
                                 "CreatorTool=Tool 3|", "creator=Ä|", "description=first|",
                                 "DateCreated=2024-02-29T12:01:02+01:30|", "Marked=True|", "WebStatement=http://x|"});
  CHECK(left == std::vector<std::string>{"IPTC record 3", "IPTC envelope", "a further IPTC SubjectCode",
                                         "a further IPTC description", "IPTC ReleaseDate", "IPTC Contact",
                                         "IPTC 2:199"});
  left.clear();
  CHECK(listed(photoshop::properties(bytes_of(resource(0x404, data_set(2, 80, "\xc4"))), left)) ==
        std::vector<std::string>{"creator=Ä|"});
  CHECK(left.empty());
  const std::string short_date = resource(0x404, data_set(2, 55, "2024")) + resource(0x40a, std::string(1, '\0'));
  CHECK(listed(photoshop::properties(bytes_of(short_date), left)).empty());
  CHECK(left == std::vector<std::string>{"IPTC DateCreated"});
}

TEST_CASE("photoshop: previews in IPTC are removed, and the digest of the whole record with them") {
  const std::string preview = data_set(2, 200, "1") + data_set(2, 202, "pixels"), credit = data_set(2, 80, "me");
  const std::string digest = resource(0x425, "0123456789abcdef"), flag = resource(0x40a, "\1");
  CHECK(photoshop::kept(bytes_of(resource(0x404, credit + preview) + digest + flag)) ==
        bytes_of(resource(0x404, credit) + flag));
  CHECK(photoshop::kept(bytes_of(resource(0x404, preview))).empty());
  CHECK(photoshop::of_iptc(bytes_of(preview + credit)) == bytes_of(resource(0x404, credit)));
}

TEST_CASE("photoshop: other resources are named if a person made them") {
  const std::string one_slice = std::string("\0\0\0\6", 4) + std::string(16, '\0') + std::string("\0\0\0\0\0\0\0\1", 8);
  const std::string settings = resource(0x3ed, std::string(16, '\1')) + resource(0x41e, std::string(4, '\0')) +
                               resource(0x40d, "abcd") + resource(0x41a, one_slice) + resource(10000, "print");
  CHECK(photoshop::names_of_others(bytes_of(settings)).empty());
  std::string slices = one_slice;
  slices.back() = '\2';
  CHECK(photoshop::names_of_others(bytes_of(resource(0x41a, slices) + resource(0x3f0, "\4text") + resource(4001, "x") +
                                            resource(8192, "x"))) ==
        std::vector<std::string>{"Photoshop's slices", "Photoshop's caption", "a plug-in's data for Photoshop",
                                 "Photoshop's resource 8192"});
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
    CHECK(photoshop::kept(bytes).size() <= bytes.size() + 8);
    photoshop::names_of_others(bytes);
    std::vector<std::string> left;
    for (const XmpProperty& property : photoshop::properties(bytes, left)) REQUIRE_FALSE(property.values.empty());
    photoshop::resolution(bytes);
  }
}
