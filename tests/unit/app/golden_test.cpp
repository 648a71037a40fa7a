#include "app/golden/golden.h"

#include <unistd.h>

#include <fstream>

#include "codecs/image_file.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::app;
namespace fs = std::filesystem;

namespace {

std::vector<std::uint8_t> picture(int width, std::uint16_t first_sample) {
  Image image(width, 4, 3);
  image.samples.set(0, first_sample);
  return codecs::encode_image(image, {});
}

}  // namespace

TEST_CASE("a golden picture is written, matched and missed") {
  const test::TemporaryFolder folder;
  GoldenCheck check{.golden = folder.path() / "deep" / "er" / "a.png", .difference = folder.path() / "d.png"};
  CHECK(check_golden(picture(4, 0), check).status == GoldenStatus::kMissing);
  check.update = true;
  require_golden(check);
  CHECK_FALSE(fs::exists(folder.path() / "deep"));
  CHECK(check_golden(picture(4, 0), check).status == GoldenStatus::kUpdated);
  CHECK(codecs::read_image(check.golden).image.width == 4);
  check.update = false;
  CHECK(check_golden(picture(4, 0), check).status == GoldenStatus::kMatch);
  CHECK_FALSE(fs::exists(check.difference));

  check.tolerance = 6;
  const GoldenResult missed = check_golden(picture(4, 7), check);
  CHECK(missed.status == GoldenStatus::kMismatch);
  CHECK(missed.failed());
  CHECK(missed.metrics->max == 7.0);
  CHECK(missed.difference == check.difference);
  CHECK(codecs::read_image(check.difference).image.samples[0] == 255);
  check.tolerance = 7;
  CHECK(check_golden(picture(4, 7), check).status == GoldenStatus::kMatch);
}

TEST_CASE("a golden picture of another size, or none at all") {
  const test::TemporaryFolder folder;
  GoldenCheck check{.golden = folder.path() / "a.png", .update = true};
  check_golden(picture(5, 0), check);
  check.update = false;
  const GoldenResult other = check_golden(picture(4, 0), check);
  CHECK(other.status == GoldenStatus::kMismatch);
  CHECK_FALSE(other.metrics.has_value());
  CHECK(other.note == "is 5x4, the result 4x4");
  std::ofstream(check.golden) << "no picture";
  CHECK_THROWS_AS(check_golden(picture(4, 0), check), Error);
}

TEST_CASE("a golden picture that can't be compared or written is reported before the work") {
  const test::TemporaryFolder folder;
  const auto code_of = [](const GoldenCheck& check) {
    try {
      require_golden(check);
    } catch (const Error& e) {
      return e.code();
    }
    return ErrorCode::kRuntime;
  };
  CHECK(code_of({.golden = folder.path() / "a.png"}) == ErrorCode::kInput);
  CHECK(code_of({.golden = folder.path(), .update = true}) == ErrorCode::kUsage);
  CHECK(code_of({.golden = "/proc/none/a.png", .update = true}) == ErrorCode::kUsage);
}

TEST_CASE("a folder of golden pictures mirrors the outputs") {
  const test::TemporaryFolder folder;
  CHECK(golden_path(folder.path(), "sub/a.png") == folder.path() / "sub/a.png");
  CHECK(golden_path(folder.path() / "none.png", "sub/a.png") == folder.path() / "none.png");
  CHECK(golden_path("none/", "a.png") == "none/a.png");
  CHECK(difference_path("out/a.b.webp") == "out/a.b-difference.png");
}

TEST_CASE("the table has a row for each picture that failed") {
  PictureMetrics metrics;
  metrics.pixels = 200;
  metrics.differing_pixels = 3;
  metrics.max = 12;
  metrics.mean = 0.5;
  metrics.psnr = 31.0;
  const GoldenResult results[] = {
      {.status = GoldenStatus::kMatch, .path = "good.png", .metrics = PictureMetrics{}},
      {.status = GoldenStatus::kMismatch, .path = "a\nb.png", .metrics = metrics},
      {.status = GoldenStatus::kMismatch, .path = "c.png", .note = "is 5x4, the result 4x4"},
  };
  CHECK(golden_table(results) ==
        "  golden picture  largest    mean  changed      PSNR\n"
        "  a\\nb.png             12  0.5000   1.50 %  31.00 dB\n"
        "  c.png is 5x4, the result 4x4");
  CHECK(golden_table({results, 1}).empty());
}
