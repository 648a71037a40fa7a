#include "base/file_name.h"

#include "base/regular_file.h"
#include "support/catch.h"
#include "support/files.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

const std::string kComposed = "caf\u00e9";
const std::string kDecomposed = "cafe\u0301";

TEST_CASE("names that look the same are composed to the same") {
  CHECK(composed_name(kDecomposed) == kComposed);
  CHECK(composed_name(kComposed) == kComposed);
  CHECK(composed_name("plain") == "plain");
  CHECK(composed_name("caf\xE9") == "caf\xE9");
  CHECK(composed_name("\u1112\u1161\u11ab") == "\ud55c");  // Hangul
}

TEST_CASE("a file is found by its name in another Unicode form, in each part of its path") {
  const test::TemporaryFolder folder;
  test::write(folder / (kDecomposed + "/" + kDecomposed + ".png"), std::string("x"));
  const fs::path there = folder / (kDecomposed + "/" + kDecomposed + ".png");
  CHECK(in_other_form(folder / (kComposed + "/" + kComposed + ".png")) == there);
  CHECK(in_other_form(folder / (kDecomposed + "/" + kComposed + ".png")) == there);
  CHECK_FALSE(in_other_form(there).has_value());
  CHECK_FALSE(in_other_form(folder / (kComposed + "/other\u00e9.png")).has_value());
  CHECK_FALSE(in_other_form(folder / "plain.png").has_value());
}

TEST_CASE("a missing file's error tells of one whose name looks the same") {
  const test::TemporaryFolder folder;
  test::write(folder / (kDecomposed + ".png"), std::string("x"));
  const auto told = test::error_of([&] { open_regular_file(folder / (kComposed + ".png"), ErrorCode::kInput); });
  REQUIRE(told.has_value());
  CHECK(told->hint().find("Unicode form") != std::string::npos);
  const auto text = test::error_of([&] { read_text_file(folder / (kComposed + ".png"), 9, ErrorCode::kInput); });
  REQUIRE(text.has_value());
  CHECK(text->hint().find("Unicode form") != std::string::npos);
  const auto plain = test::error_of([&] { open_regular_file(folder / "other.png", ErrorCode::kInput); });
  REQUIRE(plain.has_value());
  CHECK(plain->hint() == "check the path");
}

}  // namespace
}  // namespace zimage
