// Inpaints one picture with the library: zimage-example MODEL PICTURE.png MASK.png PROMPT OUT.png
// White pixels of the mask are repainted; every other pixel of the picture stays as it is.
#include <png.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "zimage/inpainter.h"

/// Reads a PNG as 8-bit grey or RGB.
static zimage::Image read_png(const char* path, png_uint_32 format) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&png, path) == 0) throw std::runtime_error(std::string(path) + ": " + png.message);
  png.format = format;
  zimage::Image image(static_cast<int>(png.width), static_cast<int>(png.height), PNG_IMAGE_PIXEL_CHANNELS(format));
  png_image_finish_read(&png, nullptr, image.samples.bytes(), 0, nullptr);
  return image;
}

int main(int argc, char* argv[]) try {
  if (argc != 6) return std::fputs("usage: zimage-example MODEL PICTURE.png MASK.png PROMPT OUT.png\n", stderr), 2;
  zimage::Image picture = read_png(argv[2], PNG_FORMAT_RGB);
  const zimage::Image painted = read_png(argv[3], PNG_FORMAT_GRAY);
  zimage::Mask mask(painted.width, painted.height);
  for (std::size_t i = 0; i < mask.repaint.size(); ++i) mask.repaint[i] = painted.samples[i] >= 128 ? 1 : 0;

  zimage::Request request;
  request.picture = std::make_shared<const zimage::PixelSource>(zimage::PixelSource{picture, {}});
  request.mask = std::make_shared<const zimage::Mask>(std::move(mask));
  request.prompt = argv[4];
  request.seed = 1;
  request.crop = zimage::CropMode::kAuto;  // work on the mask's surroundings; this and the next two are the program's
  request.feather = 4;                     // own defaults
  request.color_match = true;

  zimage::ModelPaths model;
  model.model = argv[1];
  zimage::Inpainter inpainter(model, {});  // reads headers; the weights are read by the first run
  zimage::Observer observer;               // a derived class would show progress, or cancel the run
  const zimage::Result result = inpainter.run(inpainter.plan(request), observer);
  for (const zimage::Patch& patch : result.patches) zimage::paste(patch, picture);

  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(picture.width);
  png.height = static_cast<png_uint_32>(picture.height);
  png.format = PNG_FORMAT_RGB;
  if (png_image_write_to_file(&png, argv[5], 0, picture.samples.bytes(), 0, nullptr) != 0) return 0;
  throw std::runtime_error(std::string(argv[5]) + ": " + png.message);
} catch (const std::exception& e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return 1;
}
