#include "codecs/metadata/xmp.h"

#include "support/catch.h"

using namespace zimage::codecs;

TEST_CASE("xmp: the orientation becomes upright") {
  CHECK(upright_xmp("<a tiff:Orientation=\"6\" b=\"6\"/>") == "<a tiff:Orientation=\"1\" b=\"6\"/>");
  CHECK(upright_xmp("<tiff:Orientation>8</tiff:Orientation>") == "<tiff:Orientation>1</tiff:Orientation>");
  for (const char* text : {"", "tiff:Orientation=\"", "tiff:Orientation=\"6", "tiff:Orientation=\"66\"", "<x/>"}) {
    CHECK(upright_xmp(text) == text);
  }
}
