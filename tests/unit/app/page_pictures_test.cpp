#include <algorithm>

#include "app/page/difference.h"
#include "app/page/job_pictures.h"
#include "app/page/read_picture.h"
#include "app/page/thumbnail.h"
#include "codecs/image_file.h"
#include "image/overlay.h"
#include "support/catch.h"
#include "support/files.h"

namespace {

using namespace zimage;
using namespace zimage::app;
using Color = std::array<int, 3>;

Color color_at(const Image& image, int x, int y) {
  return {image.samples[image.index(x, y, 0)], image.samples[image.index(x, y, 1)],
          image.samples[image.index(x, y, 2)]};
}

constexpr Color kWhite = {255, 255, 255};

void save(const std::filesystem::path& path, const Image& image) { test::write(path, codecs::encode_image(image, {})); }

ReportLine job(const std::string& more) {
  return {R"({"status":"ok","output":"r.png","image":"p.png")" + more + "}", 1};
}

TEST_CASE("a thumbnail stays within its bytes") {
  const Image noise = test::noise_image(700, 500, 3, 8);
  int last = 0;
  for (const std::size_t bytes : {3'000U, 20'000U, 200'000U}) {
    const Thumbnail small = make_thumbnail(noise, true, bytes);
    CHECK(small.uri.size() <= bytes + 32);  // and the name of the format
    CHECK(small.width > last);
    CHECK(std::abs(small.width * 5 - small.height * 7) <= 7);
    last = small.width;
    CHECK_FALSE(small.exact);
  }
  const Image tiny = test::noise_image(20, 10, 4, 8);
  const Thumbnail exact = make_thumbnail(tiny, true, 5'000);
  CHECK(exact.exact);
  CHECK((exact.width == 20 && exact.height == 10));
}

TEST_CASE("a difference says how much is white, and where it is worst") {
  Image a(300, 200, 3);
  Image b = a;
  b.samples.set(b.index(217, 101, 1), 3);
  b.samples.set(b.index(2, 3, 2), 1);
  const PageDifference found = page_difference(a, b, 30, false);
  CHECK(found.caption == "× 85: white is 3 of 255 levels");
  CHECK(found.worst == "The worst pixel is at 217, 101: 0 3 0 instead of 0 0 0.");
  CHECK(found.small.width == 30);
  CHECK(found.small.samples[found.small.index(21, 10)] == 255);
  CHECK(found.small.samples[found.small.index(0, 0)] == 85);
  const PageDifference framed = page_difference(a, b, 300, true);
  CHECK(color_at(framed.small, 217, 101) == kWhite);
  CHECK(color_at(framed.small, 217 - 7, 101) == Color{kMarkColor[0], kMarkColor[1], kMarkColor[2]});
  CHECK(page_difference(a, a, 30, true).caption == "no sample differs");
  CHECK(page_difference(a, a, 30, true).worst.empty());
}

TEST_CASE("a job's pictures are found beside the report") {
  const test::TemporaryFolder folder;
  save(folder / "p.png", Image(8, 6, 3));
  save(folder / "r.png", test::noise_image(8, 6, 3, 8));
  Image mask(8, 6, 1);
  mask.samples.set(0, 255);
  save(folder / "m.png", mask);
  const JobPictures made = make_pictures(job(R"(,"mask":"m.png")"), folder / "report.jsonl", 100'000);
  REQUIRE(made.figures.size() == 3);
  CHECK(made.figures[0].role == "picture");
  CHECK(made.figures[0].alt == "The picture with the mask's edge, 8x6");
  CHECK(made.figures[1].role == "result");
  CHECK(made.figures[2].role == "difference");
  CHECK(made.before == "picture");
  CHECK(made.notes.empty());
  for (const Figure& figure : made.figures) CHECK(figure.problem.empty());
}

TEST_CASE("what is missing or doesn't fit is said in its place") {
  const test::TemporaryFolder folder;
  const auto report = folder / "report.jsonl";
  save(folder / "p.png", Image(8, 6, 3));
  JobPictures made = make_pictures(job(R"(,"mask":"gone.png")"), report, 100'000);
  REQUIRE(made.figures.size() == 2);
  CHECK(made.figures[1].role == "result");
  CHECK(made.figures[1].problem.find("r.png") != std::string::npos);
  CHECK(made.before.empty());
  REQUIRE(made.notes.size() == 1);
  CHECK(made.notes[0].find("The mask's edge isn't drawn: ") == 0);

  save(folder / "r.png", Image(9, 6, 3));
  save(folder / "m.png", Image(9, 9, 1));
  made = make_pictures(job(R"(,"mask":"m.png")"), report, 100'000);
  REQUIRE(made.figures.size() == 3);
  CHECK(made.figures[2].problem == "The picture is 8x6, the result 9x6.");
  const std::string picture = (folder / "p.png").string();
  CHECK(made.notes.at(0) == "The mask's edge isn't drawn: the mask " + (folder / "m.png").string() +
                                " is 9x9, the picture " + picture + " is 8x6.");

  made = make_pictures(job(R"(,"mask":"alpha")"), report, 100'000);
  CHECK(made.notes.at(0) ==
        "The mask's edge isn't drawn: " + picture + " has no transparency, which --mask alpha needs.");

  const ReportLine streams(R"({"status":"ok","output":"-","image":"-"})", 1);
  made = make_pictures(streams, report, 100'000);
  REQUIRE(made.figures.size() == 2);
  CHECK(made.figures[0].problem == "It came from stdin.");
  CHECK(made.figures[1].problem == "It went to stdout.");
}

TEST_CASE("the options of a mask come from the result's record") {
  const ReportLine line = job(R"(,"mask":"m.png")");
  const auto options = [&](const char* record) {
    return mask_options(line, "folder/report.jsonl", nlohmann::ordered_json::parse(record));
  };
  CHECK(options("{}").mask.reading.threshold == 0.5);
  CHECK(options("{}").mask.path == "m.png");
  const JobSpec given = options(
      R"({"options":{"mask-invert":true,"mask-threshold":"=3","mask-grow":4,"outpaint":"0,0,16,0","seed":9,"mask":"x"}})");
  CHECK(given.mask.reading.invert);
  CHECK(given.mask.label->level == 3);
  CHECK(given.mask.grow == 4);
  CHECK(given.outpaint.right == 16);
  CHECK(given.mask.path == "m.png");
  CHECK(options(R"({"options":{"soft-mask":true}})").mask.reading.threshold == 0.0);
  CHECK(options(R"({"options":{"mask-grow":"many"}})").mask.grow == 0);
  CHECK(options(R"({"options":7})").mask.grow == 0);
  CHECK(mask_options(job(R"(,"mask":"alpha")"), "r", nlohmann::ordered_json::object()).mask.from_alpha);
  CHECK(mask_options(job(R"(,"mask":"rect:1,2,3,4")"), "r", nlohmann::ordered_json::object()).mask.grow == 0);
}

TEST_CASE("a comparison shows both files and how far they differ") {
  const test::TemporaryFolder folder;
  save(folder / "a.png", Image(8, 6, 3));
  save(folder / "b.png", test::noise_image(8, 6, 3, 8));
  const ReportLine line(R"({"status":"mismatch","command":"compare","a":"a.png","b":"b.png"})", 1);
  const JobPictures made = make_pictures(line, folder / "report.jsonl", 100'000);
  REQUIRE(made.figures.size() == 3);
  CHECK(made.figures[0].role == "golden");
  CHECK(made.figures[1].role == "result");
  CHECK(made.before == "golden");
  CHECK(made.notes.at(0).find("The worst pixel is at ") == 0);
}

}  // namespace
