// WebP through libwebp.
#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/text.h"
#include "codecs/image_codecs.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

std::uint32_t little_endian(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} | std::uint32_t{bytes[at + 1]} << 8 | std::uint32_t{bytes[at + 2]} << 16 |
         std::uint32_t{bytes[at + 3]} << 24;
}

/// Returns whether the file is complete: byte 4 holds the container's length without its first 8 bytes. libwebp reads
/// what it needs and doesn't notice if the rest is missing.
bool is_whole(Bytes bytes) { return bytes.size() >= 12 && std::uint64_t{little_endian(bytes, 4)} + 8 <= bytes.size(); }

const char* describe(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "there is not enough memory for it";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "it uses an unknown feature";
    default: return "its data can't be decoded";
  }
}

struct Config {
  WebPDecoderConfig value;
  ~Config() { WebPFreeDecBuffer(&value.output); }
};

struct Picture {
  WebPPicture value;
  WebPMemoryWriter writer;
  ~Picture() {
    WebPPictureFree(&value);
    WebPMemoryWriterClear(&writer);
  }
};

[[noreturn]] void encoding_failed(const std::string& why, const std::string& hint = "") {
  throw Error(ErrorCode::kRuntime, "the WebP can't be encoded: " + why, hint);
}

/// Takes a chunk that isn't about the pixels over. Names those of unknown kinds, and further ones of a kind.
void take_chunk(std::string_view name, Bytes data, ImageMetadata& metadata) {
  constexpr std::string_view kPixels[] = {"VP8 ", "VP8L", "VP8X", "ALPH"};
  if (std::find(std::begin(kPixels), std::end(kPixels), name) != std::end(kPixels) || data.empty()) return;
  // Some programs leave JPEG's prefix on.
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  if (name == "ICCP" && metadata.icc.empty()) {
    metadata.icc.assign(data.begin(), data.end());
  } else if (name == "EXIF" && metadata.exif.empty()) {
    const bool prefixed = data.size() > kPrefix.size() && std::equal(kPrefix.begin(), kPrefix.end(), data.begin());
    metadata.exif.assign(data.begin() + (prefixed ? kPrefix.size() : 0), data.end());
  } else if (name == "XMP " && metadata.xmp.empty()) {
    metadata.xmp.assign(data.begin(), data.end());
  } else if (name == "C2PA") {
    metadata.left_out.emplace_back(kContentCredentials);
  } else {
    const bool known = name == "ICCP" || name == "EXIF" || name == "XMP ";
    name_once(metadata.dropped, concat({known ? "a second " : "", printable(name), " chunk"}));
  }
}

/// Reads the metadata, chunk by chunk, also where the header doesn't announce them.
void read_metadata(Bytes bytes, ImageMetadata& metadata) {
  constexpr std::size_t kFirstChunk = 12, kChunkHeader = 8;
  const std::size_t end = std::size_t{little_endian(bytes, 4)} + 8;
  for (std::size_t at = kFirstChunk; at + kChunkHeader <= end;) {
    const std::size_t size = little_endian(bytes, at + 4);
    if (size > end - at - kChunkHeader) break;
    take_chunk({reinterpret_cast<const char*>(bytes.data()) + at, 4}, bytes.subspan(at + kChunkHeader, size), metadata);
    at += kChunkHeader + size + size % 2;
  }
  tell_bytes_behind(bytes.subspan(std::min(end + end % 2, bytes.size())), metadata);
}

/// Puts the encoded picture into a container with its metadata.
std::vector<std::uint8_t> with_metadata(const WebPMemoryWriter& picture, const ImageMetadata& metadata) {
  const std::unique_ptr<WebPMux, void (*)(WebPMux*)> mux(WebPMuxNew(), WebPMuxDelete);
  const WebPData image{picture.mem, picture.size};
  bool whole = mux != nullptr && WebPMuxSetImage(mux.get(), &image, 0) == WEBP_MUX_OK;
  const auto add = [&](const char* name, const void* data, std::size_t size) {
    const WebPData chunk{static_cast<const std::uint8_t*>(data), size};
    if (size > 0) whole = whole && WebPMuxSetChunk(mux.get(), name, &chunk, 0) == WEBP_MUX_OK;
  };
  add("ICCP", metadata.icc.data(), metadata.icc.size());
  add("EXIF", metadata.exif.data(), metadata.exif.size());
  add("XMP ", metadata.xmp.data(), metadata.xmp.size());
  WebPData file{};
  whole = whole && WebPMuxAssemble(mux.get(), &file) == WEBP_MUX_OK;
  const std::unique_ptr<WebPData, void (*)(WebPData*)> owner(&file, WebPDataClear);
  if (!whole) encoding_failed("its container can't be put together");
  return {file.bytes, file.bytes + file.size};
}

/// The level, from 0 to 9. For 24 megapixels, 3 takes 7 s; 6 takes 11 s for a file that is 0.7 % smaller.
constexpr int kLosslessLevel = 3;

void configure(WebPConfig& config, int quality) {
  bool valid = WebPConfigInit(&config) != 0;
  if (quality == 0) {
    valid = valid && WebPConfigLosslessPreset(&config, kLosslessLevel) != 0;
  } else {
    config.quality = static_cast<float>(quality);
  }
  config.exact = 1;  // keep the colours of transparent pixels too
  config.thread_level = 1;
  if (!valid || WebPValidateConfig(&config) == 0) encoding_failed("libwebp refuses the options");
}

}  // namespace

ImageFile decode_webp(Bytes bytes, const std::string& name) {
  if (!is_whole(bytes)) refuse_truncated(name);
  Config config;
  if (WebPInitDecoderConfig(&config.value) == 0) {
    throw Error(ErrorCode::kRuntime, "libwebp's version doesn't fit its headers");
  }
  const VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &config.value.input);
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) refuse_truncated(name);
  if (status != VP8_STATUS_OK) refuse_damaged(name, describe(status));
  const WebPBitstreamFeatures& features = config.value.input;
  if (features.has_animation != 0) {
    throw Error(ErrorCode::kInput, name + " is an animated WebP, which is not supported", "export one of its frames");
  }
  check_size(static_cast<std::uint64_t>(features.width), static_cast<std::uint64_t>(features.height), name);

  // Use libwebp's own buffer, which takes memory only as rows are decoded: then a small damaged file that claims to be
  // a large picture costs nothing.
  const int channels = features.has_alpha != 0 ? 4 : 3;
  WebPDecBuffer& output = config.value.output;
  output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
  const VP8StatusCode decoded = WebPDecode(bytes.data(), bytes.size(), &config.value);
  if (decoded == VP8_STATUS_NOT_ENOUGH_DATA || decoded == VP8_STATUS_SUSPENDED) refuse_truncated(name);
  if (decoded != VP8_STATUS_OK) refuse_damaged(name, describe(decoded));

  ImageFile file;
  file.format = ImageFormat::kWebp;
  file.image = Image(output.width, output.height, channels);
  const std::size_t row_samples = file.image.index(0, 1);
  for (int y = 0; y < output.height; ++y) {
    const std::uint8_t* row = output.u.RGBA.rgba + static_cast<std::ptrdiff_t>(y) * output.u.RGBA.stride;
    std::copy_n(row, row_samples, file.image.samples.bytes() + file.image.index(0, y));
  }
  read_metadata(bytes, file.metadata);
  return file;
}

std::vector<std::uint8_t> encode_webp(const Image& image, const EncodeOptions& options) {
  if (image.width > WEBP_MAX_DIMENSION || image.height > WEBP_MAX_DIMENSION) {
    encoding_failed("a side is longer than 16383 pixels", "write a PNG instead: --format png");
  }
  WebPConfig config;
  configure(config, options.quality);
  const int channels = image.has_alpha() ? 4 : 3;
  // Convert all rows at once: they follow each other in memory.
  std::vector<std::uint8_t> buffer;
  const std::uint8_t* pixels = row_as_bytes(image, 0, 0, image.width * image.height, channels, buffer);

  Picture picture;
  WebPMemoryWriterInit(&picture.writer);
  if (WebPPictureInit(&picture.value) == 0) encoding_failed("libwebp's version doesn't fit its headers");
  picture.value.use_argb = options.quality == 0 ? 1 : 0;
  picture.value.width = image.width;
  picture.value.height = image.height;
  picture.value.writer = WebPMemoryWrite;
  picture.value.custom_ptr = &picture.writer;
  const int stride = image.width * channels;
  const int imported = channels == 4 ? WebPPictureImportRGBA(&picture.value, pixels, stride)
                                     : WebPPictureImportRGB(&picture.value, pixels, stride);
  if (imported == 0 || WebPEncode(&config, &picture.value) == 0) {
    encoding_failed("libwebp's error " + std::to_string(picture.value.error_code));
  }
  const ImageMetadata& metadata = options.metadata;
  if (!metadata.icc.empty() || !metadata.exif.empty() || !metadata.xmp.empty())
    return with_metadata(picture.writer, metadata);
  return {picture.writer.mem, picture.writer.mem + picture.writer.size};
}

}  // namespace zimage::codecs
