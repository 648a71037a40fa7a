// Tests the metadata of PNG and WebP, and the orientation of every format.
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
  options.metadata.exif = exif_sample(sample);
  options.metadata.icc = wide_icc();
  options.metadata.xmp = "<?xpacket?><x:xmpmeta>caf\xc3\xa9</x:xmpmeta>";
  return options;
}

}  // namespace

TEST_CASE("metadata: PNG and WebP keep all of it", "[codecs]") {
  for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kWebp}) {
    for (const int channels : {3, 4}) {
      const Image image = noise_image(20, 11, channels, 8);
      codecs::EncodeOptions options = carrying(format, 1);
      if (format == ImageFormat::kPng) options.text = {{"parameters", "x"}};
      const Bytes bytes = codecs::encode_image(image, options);
      const codecs::ImageFile file = codecs::decode_image(bytes, "x");
      INFO(codecs::to_string(format));
      CHECK(file.image.samples == image.samples);
      CHECK(file.metadata.icc == options.metadata.icc);
      CHECK(file.metadata.xmp == options.metadata.xmp);
      CHECK(file.metadata.exif == codecs::exif::as_upright(options.metadata.exif));
      CHECK(file.metadata.orientation == 1);
      CHECK(file.text == options.text);
      CHECK(codecs::encode_image(image, options) == bytes);
    }
  }
}

TEST_CASE("metadata: EXIF, ICC and XMP each alone", "[codecs]") {
  const Image image = noise_image(5, 4, 3, 8);
  for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kWebp}) {
    const codecs::ImageMetadata all = carrying(format, 1).metadata;
    for (int which = 0; which < 3; ++which) {
      codecs::EncodeOptions options;
      options.format = format;
      if (which == 0) options.metadata.exif = all.exif;
      if (which == 1) options.metadata.icc = all.icc;
      if (which == 2) options.metadata.xmp = all.xmp;
      const codecs::ImageMetadata back = codecs::decode_image(codecs::encode_image(image, options), "x").metadata;
      CHECK(back.exif.empty() == (which != 0));
      CHECK(back.icc.empty() == (which != 1));
      CHECK(back.xmp.empty() == (which != 2));
    }
  }
}

TEST_CASE("metadata: EXIF's orientation rotates the pixels and is reset", "[codecs]") {
  const Image image = noise_image(13, 8, 4, 8);
  for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kWebp}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const codecs::ImageFile file =
          codecs::decode_image(codecs::encode_image(image, carrying(format, orientation)), "x");
      INFO(codecs::to_string(format) << " " << orientation);
      const Image expected = upright(image, orientation);
      CHECK(file.image.width == expected.width);
      CHECK(file.image.samples == expected.samples);
      CHECK(file.metadata.orientation == orientation);
      CHECK(codecs::exif::orientation(file.metadata.exif) == 1);
    }
  }
}

TEST_CASE("metadata: a profile that PNG can't hold is left out, but the picture is written", "[codecs]") {
  codecs::EncodeOptions options;
  options.metadata.icc = bytes_of("no profile at all");
  const Image image = noise_image(5, 4, 3, 8);
  const codecs::ImageFile file = codecs::decode_image(codecs::encode_image(image, options), "x");
  CHECK(file.image.samples == image.samples);
  CHECK(file.metadata.icc.empty());
  // An RGB profile doesn't fit a grey picture.
  options.metadata.icc = wide_icc();
  const Image grey = noise_image(5, 4, 1, 8);
  CHECK(codecs::decode_image(codecs::encode_image(grey, options), "x").metadata.icc.empty());
}
