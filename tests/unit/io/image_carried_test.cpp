// What PNG and WebP carry beside the pixels, and orientation as every reader sees it.
#include <algorithm>

#include "io/exif.h"
#include "io/image_file.h"
#include "io/orientation.h"
#include "support/catch.h"
#include "unit/io/exif_samples.h"
#include "unit/io/profile_samples.h"

using namespace zimage;
using namespace zimage::test;
using io::ImageFormat;

namespace {

io::EncodeOptions carrying(ImageFormat format, int orientation) {
  ExifSample sample;
  sample.orientation = orientation;
  io::EncodeOptions options;
  options.format = format;
  options.carried.exif = exif_sample(sample);
  options.carried.icc = wide_icc();
  options.carried.xmp = "<?xpacket?><x:xmpmeta>caf\xc3\xa9</x:xmpmeta>";
  return options;
}

}  // namespace

TEST_CASE("carried: PNG and WebP give back what they were given", "[io]") {
  for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kWebp}) {
    for (const int channels : {3, 4}) {
      const Image image = noise_image(20, 11, channels, 8);
      io::EncodeOptions options = carrying(format, 1);
      if (format == ImageFormat::kPng) options.text = {{"parameters", "x"}};
      const Bytes bytes = io::encode_image(image, options);
      const io::ImageFile file = io::decode_image(bytes, "x");
      INFO(io::to_string(format));
      CHECK(file.image.samples == image.samples);
      CHECK(file.carried.icc == options.carried.icc);
      CHECK(file.carried.xmp == options.carried.xmp);
      CHECK(file.carried.exif == io::exif::as_upright(options.carried.exif));
      CHECK(file.carried.orientation == 1);
      CHECK(file.text == options.text);
      CHECK(io::encode_image(image, options) == bytes);
    }
  }
}

TEST_CASE("carried: each of the three alone", "[io]") {
  const Image image = noise_image(5, 4, 3, 8);
  for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kWebp}) {
    const io::Carried all = carrying(format, 1).carried;
    for (int which = 0; which < 3; ++which) {
      io::EncodeOptions options;
      options.format = format;
      if (which == 0) options.carried.exif = all.exif;
      if (which == 1) options.carried.icc = all.icc;
      if (which == 2) options.carried.xmp = all.xmp;
      const io::Carried back = io::decode_image(io::encode_image(image, options), "x").carried;
      CHECK(back.exif.empty() == (which != 0));
      CHECK(back.icc.empty() == (which != 1));
      CHECK(back.xmp.empty() == (which != 2));
    }
  }
}

TEST_CASE("carried: EXIF's orientation turns the pixels and is reset", "[io]") {
  const Image image = noise_image(13, 8, 4, 8);
  for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kWebp}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const io::ImageFile file = io::decode_image(io::encode_image(image, carrying(format, orientation)), "x");
      INFO(io::to_string(format) << " " << orientation);
      const Image expected = io::upright(image, orientation);
      CHECK(file.image.width == expected.width);
      CHECK(file.image.samples == expected.samples);
      CHECK(file.carried.orientation == orientation);
      CHECK(io::exif::orientation(file.carried.exif) == 1);
    }
  }
}

TEST_CASE("carried: a profile that PNG can't hold is left out, not the picture", "[io]") {
  io::EncodeOptions options;
  options.carried.icc = bytes_of("no profile at all");
  const Image image = noise_image(5, 4, 3, 8);
  const io::ImageFile file = io::decode_image(io::encode_image(image, options), "x");
  CHECK(file.image.samples == image.samples);
  CHECK(file.carried.icc.empty());
  // RGB's, on a grey picture.
  options.carried.icc = wide_icc();
  const Image grey = noise_image(5, 4, 1, 8);
  CHECK(io::decode_image(io::encode_image(grey, options), "x").carried.icc.empty());
}
