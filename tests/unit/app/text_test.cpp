#include "app/text.h"

#include "support/catch.h"

using namespace zimage::app;

TEST_CASE("UTF-8 is what the standard says") {
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

TEST_CASE("text files have a size limit and errors with a name") {
  try {
    read_text_file("/no/such/file", 10, zimage::ErrorCode::kInput);
    FAIL("read a file that isn't there");
  } catch (const zimage::Error& e) {
    CHECK(e.code() == zimage::ErrorCode::kInput);
    CHECK(e.message().find("/no/such/file") != std::string::npos);
  }
  CHECK_THROWS_AS(read_text_file("/", 10, zimage::ErrorCode::kInput), zimage::Error);
  CHECK_THROWS_AS(read_text_file("/dev/zero", 1000, zimage::ErrorCode::kUsage), zimage::Error);
}

TEST_CASE("control characters don't reach the terminal") {
  CHECK(printable("a\nb\t\x1B[31m\x7F é") == "a\\nb\\t\\x1b[31m\\x7f é");
}
