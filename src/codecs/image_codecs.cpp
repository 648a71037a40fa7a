#include "codecs/image_codecs.h"

#include <algorithm>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage::codecs {

void tell_bytes_behind(Bytes rest, ImageMetadata& metadata) {
  if (std::all_of(rest.begin(), rest.end(), [](std::uint8_t b) { return b == 0; })) return;
  metadata.left_out.push_back(
      concat({"has ", std::to_string(rest.size()), " bytes behind its picture, which are left out"}));
}

void refuse_damaged(const std::string& name, const std::string& why) {
  throw Error(ErrorCode::kInput, name + " is damaged: " + why, "get or export the picture again");
}

void refuse_truncated(const std::string& name) {
  throw Error(ErrorCode::kInput, name + " is truncated", "get or export the picture again");
}

void check_size(std::uint64_t width, std::uint64_t height, const std::string& name) {
  if (width == 0 || height == 0) refuse_damaged(name, "one of its sides is 0 pixels long");
  if (width > kMaxPixels || height > kMaxPixels || width * height > kMaxPixels) {
    throw Error(ErrorCode::kInput,
                name + " is too large: " + std::to_string(width) + "x" + std::to_string(height) +
                    " pixels, and at most 2^28 in all are allowed",
                "make it smaller, or cut out the part to work on");
  }
}

const std::uint8_t* row_as_bytes(const Image& image, int x, int y, int count, int channels,
                                 std::vector<std::uint8_t>& buffer) {
  const std::size_t first = image.index(x, y);
  if (image.bit_depth == 8 && image.channels == channels) return image.samples.bytes() + first;
  const bool grey = image.color_channels() == 1;
  const bool alpha = channels == 2 || channels == 4;
  const int colors = alpha ? channels - 1 : channels;
  buffer.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(channels));
  std::uint8_t* out = buffer.data();
  image.samples.visit([&]<class Sample>(const Sample* samples) {
    const auto narrow = [](Sample v) { return static_cast<std::uint8_t>(sizeof(Sample) == 2 ? (v + 128U) / 257U : v); };
    const Sample* in = samples + first;
    for (int i = 0; i < count; ++i, in += image.channels) {
      for (int c = 0; c < colors; ++c) *out++ = narrow(in[grey ? 0 : c]);
      if (alpha) *out++ = narrow(in[image.channels - 1]);
    }
  });
  return buffer.data();
}

}  // namespace zimage::codecs
