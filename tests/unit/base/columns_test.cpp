#include "base/columns.h"

#include "support/catch.h"

namespace zimage {
namespace {

TEST_CASE("columns are counted as a terminal shows them") {
  CHECK(columns_of("photo.png") == 9);
  CHECK(columns_of("T\u00fcr") == 3);
  CHECK(columns_of("Tu\u0308r") == 3);
  CHECK(columns_of("\u9580\u6247") == 4);
  CHECK(columns_of("\xff\xfe") == 2);
  CHECK(columns_of("") == 0);
}

TEST_CASE("text is cut between characters") {
  CHECK(first_columns("\u9580\u6247", 3) == "\u9580");
  CHECK(first_columns("abc", 3) == "abc");
  CHECK(first_columns("abc", 0) == "");
  CHECK(last_columns("in/photo.png", 12) == "in/photo.png");
  CHECK(last_columns("in/photo.png", 8) == "\u2026oto.png");
  CHECK(last_columns("\u9580\u6247.png", 6) == "\u2026.png");  // half of a wide character isn't shown
  CHECK(last_columns("abc", 1) == "\u2026");
  CHECK(last_columns("abc", 0) == "");
  CHECK(last_columns("xxe\u0301.png", 6) == "\u2026e\u0301.png");
  CHECK(last_columns("xxe\u0301.png", 5) == "\u2026.png");
}

}  // namespace
}  // namespace zimage
