#include "base/text_encoding.h"

#include <string>

#include "support/catch.h"
#include "support/files.h"

namespace zimage {
namespace {

using namespace std::string_literals;

std::string utf16(const std::string& text, bool big = false) {
  std::string out;
  for (const char c : text) out += big ? std::string{'\0', c} : std::string{c, '\0'};
  return out;
}

TEST_CASE("text in another encoding is told as such") {
  CHECK(encoding_problem("plain") == "");
  CHECK(encoding_problem("T\u00fcr \u9580 \U0001F6AA") == "");
  CHECK(encoding_problem("\xEF\xBB\xBFmarked") == "");
  CHECK(encoding_problem("") == "");
  CHECK(encoding_problem("\xFF\xFE" + utf16("steps = 4")) == "is UTF-16 text, not UTF-8");
  CHECK(encoding_problem("\xFE\xFF" + utf16("steps = 4", true)) == "is UTF-16 text, not UTF-8");
  CHECK(encoding_problem(utf16("a door")) == "is UTF-16 text, not UTF-8");
  CHECK(encoding_problem(utf16("a door", true)) == "is UTF-16 text, not UTF-8");
  CHECK(encoding_problem("\xFF\xFE\0\0s\0\0\0"s) == "is UTF-32 text, not UTF-8");
  CHECK(encoding_problem("T\xFCr") == "is not UTF-8 text: byte 2 begins no character");
  CHECK(encoding_problem("a door\0and a window"s) == "is not text: byte 7 is zero");
}

TEST_CASE("a file's text loses its byte order mark, and an error names the file") {
  CHECK(utf8_text("\xEF\xBB\xBFsteps = 4", "a.toml", ErrorCode::kUsage) == "steps = 4");
  CHECK(utf8_text("steps = 4", "a.toml", ErrorCode::kUsage) == "steps = 4");
  const auto error = test::error_of([] { utf8_text("\xFF\xFE" + utf16("x"), "a.toml", ErrorCode::kUsage); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::kUsage);
  CHECK(error->message() == "a.toml is UTF-16 text, not UTF-8");
  CHECK(error->hint().find("UTF-8") != std::string::npos);
}

}  // namespace
}  // namespace zimage
