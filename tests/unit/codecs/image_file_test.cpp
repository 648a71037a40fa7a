#include "codecs/image_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;
using codecs::ImageFormat;

namespace {

codecs::EncodeOptions as(ImageFormat format, int quality = 0) {
  codecs::EncodeOptions options;
  options.format = format;
  options.quality = quality;
  return options;
}

int largest_difference(const Image& a, const Image& b) {
  REQUIRE(a.samples.size() == b.samples.size());
  int largest = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) largest = std::max(largest, std::abs(a.samples[i] - b.samples[i]));
  return largest;
}

std::string input_error_of(const std::function<void()>& action) {
  const auto error = error_of(action);
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInput);
  return error->message();
}

std::string decode_error_of(const Bytes& bytes) {
  return input_error_of([&] { codecs::decode_image(bytes, "mask.png"); });
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("image: PNG keeps every sample", "[codecs]") {
  for (const int channels : {1, 2, 3, 4}) {
    for (const int bit_depth : {8, 16}) {
      for (const auto& [width, height] : {std::pair{1, 1}, {7, 5}, {64, 33}}) {
        const Image image = noise_image(width, height, channels, bit_depth);
        const Bytes bytes = codecs::encode_image(image, as(ImageFormat::kPng));
        const codecs::ImageFile file = codecs::decode_image(bytes, "x");
        INFO(channels << " channels of " << bit_depth << " bits, " << width << "x" << height);
        check_same(file.image, image);
        CHECK(file.format == ImageFormat::kPng);
        CHECK(file.text.empty());
        CHECK(codecs::encode_image(image, as(ImageFormat::kPng)) == bytes);
      }
    }
  }
}

TEST_CASE("image: PNG keeps text", "[codecs]") {
  codecs::EncodeOptions options = as(ImageFormat::kPng);
  options.text = {{"parameters", "a \"cat\"\nSteps: 8"},
                  {"Umlaut", "gr\xc3\xbc\xc3\x9f"},
                  {"zimage", "{\"prompt\":\"\xe7\x8c\xab \xf0\x9f\x90\x88\"}"},
                  {"empty", ""},
                  {"long", std::string(300000, 'x')}};
  const Bytes bytes = codecs::encode_image(noise_image(3, 3, 3, 8), options);
  CHECK(codecs::decode_image(bytes, "x").text == options.text);

  const std::string raw(bytes.begin(), bytes.end());
  CHECK(contains(raw, std::string("tEXtUmlaut\0gr\xfc\xdf", 15)));
  CHECK(contains(raw, "iTXtzimage"));
  for (const char* chunk : {"tEXtparameters", "iTXtzimage"}) CHECK(raw.find(chunk) < raw.find("IDAT"));
  CHECK_FALSE(contains(raw, "tIME"));
  CHECK(codecs::encode_image(noise_image(3, 3, 3, 8), options) == bytes);

  for (const auto& bad : {std::pair<std::string, std::string>{"", "x"},
                          {std::string(80, 'k'), "x"},
                          {"\xe7\x8c\xab", "x"},
                          {"key", std::string("a\0b", 3)}}) {
    options.text = {bad};
    const auto error = error_of([&] { codecs::encode_image(noise_image(3, 3, 3, 8), options); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kRuntime);
  }
}

TEST_CASE("image: WebP keeps every 8-bit sample", "[codecs]") {
  for (const int channels : {3, 4}) {
    const Image image = noise_image(37, 21, channels, 8);
    const Bytes bytes = codecs::encode_image(image, as(ImageFormat::kWebp));
    check_same(codecs::decode_image(bytes, "x").image, image);
    CHECK(codecs::encode_image(image, as(ImageFormat::kWebp)) == bytes);
  }
  // Grey comes back as RGB.
  for (const int channels : {1, 2}) {
    const Image grey = noise_image(9, 8, channels, 8);
    const Image back = codecs::decode_image(codecs::encode_image(grey, as(ImageFormat::kWebp)), "x").image;
    REQUIRE(back.channels == channels + 2);
    for (int i = 0; i < 9 * 8; ++i) {
      for (int c = 0; c < 3; ++c) CHECK(back.samples[i * back.channels + c] == grey.samples[i * channels]);
      if (channels == 2) CHECK(back.samples[i * 4 + 3] == grey.samples[i * 2 + 1]);
    }
  }
}

TEST_CASE("image: lossy formats stay close, and closer at higher quality", "[codecs]") {
  const Image image = gradient_image(96, 80, 3);
  for (const ImageFormat format : {ImageFormat::kJpeg, ImageFormat::kWebp}) {
    const Bytes good = codecs::encode_image(image, as(format, 100));
    const Bytes bad = codecs::encode_image(image, as(format, 10));
    CHECK(good.size() > bad.size());
    const int good_difference = largest_difference(codecs::decode_image(good, "x").image, image);
    const int bad_difference = largest_difference(codecs::decode_image(bad, "x").image, image);
    INFO(codecs::to_string(format));
    CHECK(good_difference <= 6);
    CHECK(bad_difference > good_difference);
    CHECK(codecs::encode_image(image, as(format, 10)) == bad);
  }
  CHECK(codecs::encode_image(image, as(ImageFormat::kJpeg)) == codecs::encode_image(image, as(ImageFormat::kJpeg, 95)));
  const Image grey = gradient_image(20, 10, 1);
  const Image back = codecs::decode_image(codecs::encode_image(grey, as(ImageFormat::kJpeg)), "x").image;
  CHECK(back.channels == 1);
  CHECK(largest_difference(back, grey) <= 3);
}

TEST_CASE("image: JPEG and WebP keep 16 bits and alpha as far as they can", "[codecs]") {
  Image deep(16, 16, 4, 16);
  for (int i = 0; i < 256; ++i) {
    for (int c = 0; c < 4; ++c)
      deep.samples.set(i * 4 + c, static_cast<std::uint16_t>(c == 3 ? 0x8080 : 257 * 100 + 120));
  }
  const Image webp = codecs::decode_image(codecs::encode_image(deep, as(ImageFormat::kWebp)), "x").image;
  REQUIRE(webp.channels == 4);
  CHECK(webp.bit_depth == 8);
  CHECK(webp.samples[0] == 100);
  CHECK(webp.samples[3] == 128);
  const Image jpeg = codecs::decode_image(codecs::encode_image(deep, as(ImageFormat::kJpeg)), "x").image;
  CHECK(jpeg.channels == 3);
  CHECK(std::abs(jpeg.samples[0] - 100) <= 1);
}

TEST_CASE("image: pictures that can't be encoded are refused", "[codecs]") {
  const Image image = noise_image(4, 4, 3, 8);
  const auto code = [](const Image& picture, const codecs::EncodeOptions& options) {
    const auto error = error_of([&] { codecs::encode_image(picture, options); });
    REQUIRE(error);
    return error->code();
  };
  CHECK(code(image, as(ImageFormat::kTiff, 101)) == ErrorCode::kUsage);
  CHECK(code(image, as(ImageFormat::kJpeg, 101)) == ErrorCode::kUsage);
  CHECK(code(image, as(ImageFormat::kJpeg, -1)) == ErrorCode::kUsage);
  CHECK(code({}, as(ImageFormat::kPng)) == ErrorCode::kRuntime);
  CHECK(code(Image(16384, 1, 3), as(ImageFormat::kWebp)) == ErrorCode::kRuntime);
  CHECK(code(Image(65501, 1, 3), as(ImageFormat::kJpeg)) == ErrorCode::kRuntime);
}

TEST_CASE("image: formats are recognised by name and by content", "[codecs]") {
  CHECK(codecs::format_from_name("a/b.PNG") == ImageFormat::kPng);
  CHECK(codecs::format_from_name("b.JpeG") == ImageFormat::kJpeg);
  CHECK(codecs::format_from_name("b.jpg") == ImageFormat::kJpeg);
  CHECK(codecs::format_from_name("b.webp") == ImageFormat::kWebp);
  CHECK(codecs::format_from_name("b.bmp") == ImageFormat::kBmp);
  CHECK(codecs::format_from_name("b.TIFF") == ImageFormat::kTiff);
  CHECK(codecs::format_from_name("b.tif") == ImageFormat::kTiff);
  CHECK(codecs::format_from_name("b.GIF") == ImageFormat::kGif);
  CHECK(codecs::format_from_name("b.pgm") == ImageFormat::kPnm);
  CHECK(codecs::format_from_name("b.ppm") == ImageFormat::kPnm);
  CHECK(codecs::format_from_name("b.psd") == ImageFormat::kPsd);
  CHECK(codecs::format_from_name("b.tga") == ImageFormat::kTga);
  CHECK_FALSE(codecs::format_from_name("b.avif"));
  CHECK_FALSE(codecs::format_from_name("png"));
  const Image image = noise_image(2, 2, 3, 8);
  for (const ImageFormat format :
       {ImageFormat::kPng, ImageFormat::kJpeg, ImageFormat::kWebp, ImageFormat::kBmp, ImageFormat::kTiff}) {
    CHECK(codecs::format_from_bytes(codecs::encode_image(image, as(format))) == format);
  }
  CHECK_FALSE(codecs::format_from_bytes({}));
}

TEST_CASE("image: files that are no picture are refused", "[codecs]") {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& name) {
    return input_error_of([&] { codecs::read_image(folder / name); });
  };
  write(folder / "photo.txt", "hello");
  CHECK(message("photo.txt") == (folder / "photo.txt").string() +
                                    " is not a picture: PNG, JPEG, WebP, TIFF, BMP, GIF, PNM, PSD or TGA is needed");
  CHECK(message("gone.png") == (folder / "gone.png").string() + " does not exist");
  write(folder / "empty.png", "");
  CHECK(contains(message("empty.png"), "empty.png is empty"));
  std::filesystem::create_directory(folder / "folder.png");
  CHECK(contains(message("folder.png"), "is a folder"));
  REQUIRE(::mkfifo((folder / "pipe.png").c_str(), 0600) == 0);
  CHECK(contains(message("pipe.png"), "is a pipe"));
  write(folder / "a.gif", "GIF89a");
  CHECK(contains(message("a.gif"), "a.gif is truncated"));
  write(folder / "a.heic", std::string("\0\0\0\x18"
                                       "ftypheic",
                                       12));
  CHECK(contains(message("a.heic"), "is a HEIC or AVIF file"));
  CHECK(contains(decode_error_of({}), "is empty"));
}

TEST_CASE("image: a file is read by its content, not by its name", "[codecs]") {
  const TemporaryFolder folder;
  const Image image = noise_image(5, 4, 3, 8);
  write(folder / "photo.jpg", codecs::encode_image(image, as(ImageFormat::kPng)));
  const codecs::ImageFile file = codecs::read_image(folder / "photo.jpg");
  CHECK(file.format == ImageFormat::kPng);
  check_same(file.image, image);
}
