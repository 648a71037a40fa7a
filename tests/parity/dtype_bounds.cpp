#include "parity/dtype_bounds.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "codecs/image_file.h"
#include "image/mask.h"
#include "zimage/inpainter.h"

namespace zimage::test {

double share_within(const Image& a, const Image& b, int levels) {
  if (a.samples.size() != b.samples.size()) return 0.0;
  const auto channels = static_cast<std::size_t>(a.channels);
  const std::size_t pixels = a.samples.size() / channels;
  std::size_t good = 0;
  for (std::size_t i = 0; i < pixels; ++i) {
    int largest = 0;
    for (std::size_t c = i * channels; c < (i + 1) * channels; ++c) {
      largest = std::max(largest, std::abs(int{a.samples[c]} - int{b.samples[c]}));
    }
    good += largest <= levels ? 1 : 0;
  }
  return static_cast<double>(good) / static_cast<double>(pixels);
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) sum += std::abs(int{a.samples[i]} - int{b.samples[i]});
  return sum / static_cast<double>(a.samples.size());
}

Image inpaint_fixture(const char* model, const char* device, const char* dtype) {
  const auto fixtures = std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures";
  ModelPaths paths;
  paths.model = fixtures / "models" / model;
  Request request;
  request.picture = std::make_shared<const PixelSource>(
      PixelSource{codecs::read_image(fixtures / "pictures" / "1-image.png").image, {}});
  request.mask = std::make_shared<const Mask>(
      mask_from_image(codecs::read_image(fixtures / "pictures" / "1-mask.png").image, MaskReading{0.5, false, false}));
  request.prompt = "a red fox in the snow";
  request.seed = 5;
  request.composite = false;
  Inpainter inpainter(paths, {device, dtype, 0});
  Observer observer;
  return inpainter.run(inpainter.plan(request), observer).patches.front().pixels;
}

}  // namespace zimage::test
