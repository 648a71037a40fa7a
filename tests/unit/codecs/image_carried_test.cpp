// What PNG and WebP carry beside the pixels, and orientation as every reader sees it.
#include <algorithm>

#include "codecs/image_file.h"
#include "codecs/metadata/exif.h"
#include "image/orientation.h"
#include "support/catch.h"
#include "unit/codecs/exif_samples.h"
#include "unit/codecs/profile_samples.h"

using namespace zimage;
using namespace zimage::test;
using codecs::ImageFormat;

namespace {

codecs::EncodeOptions carrying(ImageFormat format, int orientation) {
  ExifSample sample;
  sample.orientation = orientation;
  codecs::EncodeOptions options;
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
      codecs::EncodeOptions options = carrying(format, 1);
      if (format == ImageFormat::kPng) options.text = {{"parameters", "x"}};
      const Bytes bytes = codecs::encode_image(image, options);
      const codecs::ImageFile file = codecs::decode_image(bytes, "x");
      INFO(codecs::to_string(format));
      CHECK(file.image.samples == image.samples);
      CHECK(file.carried.icc == options.carried.icc);
      CHECK(file.carried.xmp == options.carried.xmp);
      CHECK(file.carried.exif == codecs::exif::as_upright(options.carried.exif));
      CHECK(file.carried.orientation == 1);
      CHECK(file.text == options.text);
      CHECK(codecs::encode_image(image, options) == bytes);
    }
  }
}

TEST_CASE("carried: each of the three alone", "[io]") {
  const Image image = noise_image(5, 4, 3, 8);
  for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kWebp}) {
    const codecs::Carried all = carrying(format, 1).carried;
    for (int which = 0; which < 3; ++which) {
      codecs::EncodeOptions options;
      options.format = format;
      if (which == 0) options.carried.exif = all.exif;
      if (which == 1) options.carried.icc = all.icc;
      if (which == 2) options.carried.xmp = all.xmp;
      const codecs::Carried back = codecs::decode_image(codecs::encode_image(image, options), "x").carried;
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
      const codecs::ImageFile file =
          codecs::decode_image(codecs::encode_image(image, carrying(format, orientation)), "x");
      INFO(codecs::to_string(format) << " " << orientation);
      const Image expected = upright(image, orientation);
      CHECK(file.image.width == expected.width);
      CHECK(file.image.samples == expected.samples);
      CHECK(file.carried.orientation == orientation);
      CHECK(codecs::exif::orientation(file.carried.exif) == 1);
    }
  }
}

TEST_CASE("carried: a profile that PNG can't hold is left out, not the picture", "[io]") {
  codecs::EncodeOptions options;
  options.carried.icc = bytes_of("no profile at all");
  const Image image = noise_image(5, 4, 3, 8);
  const codecs::ImageFile file = codecs::decode_image(codecs::encode_image(image, options), "x");
  CHECK(file.image.samples == image.samples);
  CHECK(file.carried.icc.empty());
  // RGB's, on a grey picture.
  options.carried.icc = wide_icc();
  const Image grey = noise_image(5, 4, 1, 8);
  CHECK(codecs::decode_image(codecs::encode_image(grey, options), "x").carried.icc.empty());
}
