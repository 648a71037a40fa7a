#include "app/job/naming.h"

#include "support/catch.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::app;
using codecs::ImageFormat;

namespace {

std::string name(const std::string& image, ImageFormat format, const std::string& output = "",
                 std::optional<ImageFormat> wanted = std::nullopt) {
  return name_outputs({.image = image, .image_format = format, .output = output, .format = wanted})
      .paths.at(0)
      .string();
}

}  // namespace

TEST_CASE("the result is written beside the picture") {
  CHECK(name("photo.png", ImageFormat::kPng) == "photo-inpainted.png");
  CHECK(name("a b/photo.JPEG", ImageFormat::kJpeg) == "a b/photo-inpainted.JPEG");
  CHECK(name("/x/photo.v2.webp", ImageFormat::kWebp) == "/x/photo.v2-inpainted.webp");
  CHECK(name("x.bmp", ImageFormat::kBmp) == "x-inpainted.bmp");
  CHECK(name("x.DIB", ImageFormat::kBmp) == "x-inpainted.DIB");
  CHECK(name("x.tif", ImageFormat::kTiff) == "x-inpainted.tif");
  CHECK(name("x.TIFF", ImageFormat::kTiff) == "x-inpainted.TIFF");
  CHECK(name("wrong.png", ImageFormat::kTiff) == "wrong-inpainted.tif");
  CHECK(name("wrong.tif", ImageFormat::kBmp) == "wrong-inpainted.bmp");
  CHECK(name("x.png", ImageFormat::kPng, "", ImageFormat::kTiff) == "x-inpainted.tif");
  CHECK(name("x.png", ImageFormat::kPng, "", ImageFormat::kBmp) == "x-inpainted.bmp");
  CHECK(name("x.bmp", ImageFormat::kBmp, "", ImageFormat::kWebp) == "x-inpainted.webp");
  CHECK(name("wrong.jpg", ImageFormat::kPng) == "wrong-inpainted.png");
  CHECK(name("noending", ImageFormat::kPng) == "noending-inpainted.png");
  CHECK(name("x.png", ImageFormat::kPng, "", ImageFormat::kJpeg) == "x-inpainted.jpg");
  CHECK(name("x.tga", ImageFormat::kTga) == "x-inpainted.png");
  CHECK(name("x.psd", ImageFormat::kPsd, "", ImageFormat::kTiff) == "x-inpainted.tif");
}

TEST_CASE("an output folder receives the result") {
  CHECK(name("a/photo.png", ImageFormat::kPng, "/tmp") == "/tmp/photo-inpainted.png");
  CHECK(name("a/photo.png", ImageFormat::kPng, "/tmp/") == "/tmp/photo-inpainted.png");
}

TEST_CASE("the format comes from --format, else from the ending, else from the picture") {
  const auto format = [](const std::string& output, std::optional<ImageFormat> wanted) {
    return name_outputs({.image = "p.jpg", .image_format = ImageFormat::kJpeg, .output = output, .format = wanted})
        .format;
  };
  CHECK(format("out.webp", std::nullopt) == ImageFormat::kWebp);
  CHECK(format("out.PNG", std::nullopt) == ImageFormat::kPng);
  CHECK(format("out", std::nullopt) == ImageFormat::kJpeg);
  CHECK(format("out.png", ImageFormat::kWebp) == ImageFormat::kWebp);
  CHECK(format("out.xyz", ImageFormat::kPng) == ImageFormat::kPng);
  CHECK_THROWS_AS(format("out.xyz", std::nullopt), Error);
  CHECK(format("out.bmp", std::nullopt) == ImageFormat::kBmp);
  CHECK(format("out.dib", std::nullopt) == ImageFormat::kBmp);
  CHECK(format("out.Tif", std::nullopt) == ImageFormat::kTiff);
  CHECK(format("out.tiff", std::nullopt) == ImageFormat::kTiff);
  CHECK_THROWS_AS(format("out.gif", std::nullopt), Error);
  CHECK(format("out.gif", ImageFormat::kPng) == ImageFormat::kPng);
  CHECK_THROWS_AS(format("/no/such/folder/", std::nullopt), Error);
  CHECK(name_outputs({.image = "p.jpg", .output = "o.png", .format = ImageFormat::kWebp}).ending_disagrees);
}

TEST_CASE("several results are numbered from 0") {
  const Naming beside = name_outputs({.image = "d/p.png", .image_format = ImageFormat::kPng, .count = 2});
  CHECK(beside.paths == std::vector<std::filesystem::path>{"d/p-inpainted-0.png", "d/p-inpainted-1.png"});
  const Naming file =
      name_outputs({.image = "p.png", .image_format = ImageFormat::kPng, .output = "o.webp", .count = 2});
  CHECK(file.paths == std::vector<std::filesystem::path>{"o-0.webp", "o-1.webp"});
}

TEST_CASE("stdout accepts a single PNG") {
  const Naming one = name_outputs({.image = "p.jpg", .image_format = ImageFormat::kJpeg, .output = "-"});
  CHECK(one.paths.at(0).empty());
  CHECK(one.format == ImageFormat::kPng);
  CHECK_THROWS_AS(name_outputs({.image = "p.jpg", .output = "-", .count = 2}), Error);
  CHECK_THROWS_AS(name_outputs({.image = "p.jpg", .output = "-", .format = ImageFormat::kJpeg}), Error);
}

TEST_CASE("the steps' numbers sort like their names") {
  CHECK(step_path("d/p-step", 1, 8) == "d/p-step-01.png");
  CHECK(step_path("d/p-step", 12, 28) == "d/p-step-12.png");
  CHECK(step_path("d/p.q-step", 7, 100) == "d/p.q-step-007.png");
}

TEST_CASE("formats have names") {
  CHECK(parse_format("PNG") == ImageFormat::kPng);
  CHECK(parse_format("tiff") == ImageFormat::kTiff);
  CHECK(parse_format("tif") == ImageFormat::kTiff);
  CHECK(parse_format("bmp") == ImageFormat::kBmp);
  CHECK_FALSE(parse_format("gif"));
}

TEST_CASE("a replay's result is a PNG unless its ending says otherwise") {
  const auto format = [](const std::string& output) {
    return name_outputs({.image = "p.tif", .image_format = ImageFormat::kTiff, .output = output, .replay = true})
        .format;
  };
  CHECK(format("") == ImageFormat::kPng);
  CHECK(format("again.tif") == ImageFormat::kTiff);
}
