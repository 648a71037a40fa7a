#include "base/text.h"

#include "base/regular_file.h"
#include "support/catch.h"

using namespace zimage;

TEST_CASE("UTF-8 is checked as the standard says") {
  for (const char* good :
       {"", "abc", "é", "€", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
    CHECK(is_plain_utf8(good));
  }
  for (const char* bad : {"\xFF", "\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF8\x88\x80\x80\x80", "a\xC3", "\xE2\x82", "\xF0\x9F\x98"}) {
    CHECK_FALSE(is_plain_utf8(bad));
  }
  CHECK_FALSE(is_plain_utf8(std::string_view("a\0b", 3)));
}

TEST_CASE("text files have a size limit, and errors name the file") {
  try {
    read_text_file("/no/such/file", 10, ErrorCode::kInput);
    FAIL("read a file that isn't there");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::kInput);
    CHECK(e.message().find("/no/such/file") != std::string::npos);
  }
  CHECK_THROWS_AS(read_text_file("/", 10, ErrorCode::kInput), Error);
  CHECK_THROWS_AS(read_text_file("/dev/zero", 1000, ErrorCode::kUsage), Error);
}

TEST_CASE("control characters don't reach the terminal") {
  CHECK(printable("a\nb\t\x1B[31m\x7F é") == "a\\nb\\t\\x1b[31m\\x7f é");
  // Like ESC [, U+009B begins a control sequence, in UTF-8 and as a lone byte; U+00A0 is no control character.
  CHECK(printable("\xC2\x9B"
                  "31m\xC2\x80\xC2\x9F\xC2\xA0") ==
        "\\xc2\\x9b"
        "31m\\xc2\\x80\\xc2\\x9f\xC2\xA0");
  CHECK(printable("a\x9B"
                  "31m\xFF\xC3") ==
        "a\\x9b"
        "31m\\xff\\xc3");
}

TEST_CASE("a value in quotes is cut between characters") {
  CHECK(in_quotes("a\nb") == "\"a\\nb\"");
  const std::string seventy_nine(79, 'x');
  CHECK(in_quotes(seventy_nine + "é") == "\"" + seventy_nine + "…\"");
  CHECK(in_quotes(seventy_nine + "x") == "\"" + seventy_nine + "x\"");
}
