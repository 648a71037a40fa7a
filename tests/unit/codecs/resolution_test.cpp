#include "codecs/metadata/resolution.h"

#include <limits>

#include "codecs/metadata/exif.h"
#include "support/catch.h"
#include "unit/codecs/exif_samples.h"

using namespace zimage;
using namespace zimage::test;
using namespace zimage::codecs;
using Catch::Approx;

TEST_CASE("resolution: whole dots per inch survive whole dots per metre") {
  for (int dpi = 1; dpi <= 10000; dpi += dpi < 1300 ? 1 : 100) {
    INFO(dpi);
    const Resolution inch{static_cast<double>(dpi), 72, DotsPer::kInch};
    const auto metre = in_whole_metres(inch);
    REQUIRE(metre);
    CHECK(metre->unit == DotsPer::kMetre);
    CHECK(in_unit(*metre, DotsPer::kInch).x == dpi);
    CHECK(in_whole_dots(*metre)->x == dpi);
    CHECK(in_whole_dots(*metre)->unit == DotsPer::kInch);
  }
}

TEST_CASE("resolution: a JFIF header gets whole numbers of the nearer unit") {
  CHECK(in_whole_dots({11800, 5900, DotsPer::kMetre})->unit == DotsPer::kCentimetre);
  CHECK(in_whole_dots({11800, 5900, DotsPer::kMetre})->y == 59);
  CHECK(in_whole_dots({118, 118, DotsPer::kCentimetre})->x == 118);
  CHECK(in_whole_dots({299.6, 299.6, DotsPer::kInch})->x == 300);
  CHECK_FALSE(in_whole_dots({70000, 1, DotsPer::kInch}));
  CHECK_FALSE(in_whole_dots({0.2, 0.2, DotsPer::kInch}));
  CHECK_FALSE(in_whole_metres({1e9, 1, DotsPer::kInch}));
}

TEST_CASE("resolution: numbers that say nothing are none") {
  CHECK_FALSE(make_resolution(0, 300, DotsPer::kInch));
  CHECK_FALSE(make_resolution(300, -1, DotsPer::kInch));
  CHECK_FALSE(make_resolution(std::numeric_limits<double>::infinity(), 1, DotsPer::kInch));
  CHECK_FALSE(make_resolution(7, 7, DotsPer::kNothing));
  CHECK(make_resolution(2, 1, DotsPer::kNothing));
  CHECK(in_unit({2, 1, DotsPer::kNothing}, DotsPer::kInch).unit == DotsPer::kNothing);
}

TEST_CASE("resolution: EXIF gets it where it is, or where it is missing") {
  for (const bool big_endian : {false, true}) {
    ExifSample sample;
    sample.big_endian = big_endian;
    const Bytes block = exif_sample(sample);
    CHECK_FALSE(exif::resolution(block));
    CHECK(exif::with_resolution(block, {300, 150, DotsPer::kInch}, false) == block);
    const Bytes with = exif::with_resolution(block, {300, 150.5, DotsPer::kInch}, true);
    REQUIRE(exif::resolution(with));
    CHECK(exif::resolution(with)->x == 300);
    CHECK(exif::resolution(with)->y == 150.5);
    CHECK(exif::orientation(with) == 6);
    const Bytes other = exif::with_resolution(with, {118, 59, DotsPer::kCentimetre}, false);
    CHECK(other.size() == with.size());
    CHECK(exif::resolution(other)->unit == DotsPer::kCentimetre);
    CHECK(exif::resolution(other)->y == 59);
  }
  const Bytes made = exif::with_resolution({}, {11811, 11811, DotsPer::kMetre}, true);
  CHECK(exif::resolution(made)->x == 300);
  CHECK(exif::with_resolution({}, {300, 300, DotsPer::kInch}, false).empty());
  const Bytes noise = {'n', 'o', 'i', 's', 'e'};
  CHECK(exif::with_resolution(noise, {300, 300, DotsPer::kInch}, true) == noise);
}
