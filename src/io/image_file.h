// Picture files: PNG, JPEG, WebP and BMP in; PNG, JPEG and WebP out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zimage/image.h"

namespace zimage::io {

enum class ImageFormat { kPng, kJpeg, kWebp, kBmp };

/// "png", "jpeg", "webp", "bmp".
const char* to_string(ImageFormat format);
/// By the file name's ending, any case; empty if it is none of ours.
std::optional<ImageFormat> format_from_name(const std::filesystem::path& path);
/// By the first bytes; empty if they are none of ours.
std::optional<ImageFormat> format_from_bytes(const std::vector<std::uint8_t>& bytes);

struct ImageFile {
  Image image;
  ImageFormat format = ImageFormat::kPng;
  std::map<std::string, std::string> text;  ///< PNG tEXt / iTXt / zTXt entries
};

/// Decodes a file by its content, whatever it is called. Palettes become RGB(A), 1/2/4-bit grey 8-bit; 16-bit stays.
/// Errors: kInput, naming the file, for one that is missing, unreadable, empty, no picture, truncated, damaged,
/// larger than 2^28 pixels, or of a kind not supported (CMYK JPEG, animated WebP).
ImageFile read_image(const std::filesystem::path& path);
ImageFile decode_image(const std::vector<std::uint8_t>& bytes, const std::string& name);

struct EncodeOptions {
  ImageFormat format = ImageFormat::kPng;
  int quality = 0;                          ///< JPEG 1–100 (0: 95, 4:4:4); WebP 1–100, 0: lossless
  std::map<std::string, std::string> text;  ///< PNG: tEXt (Latin-1 values) or iTXt (others); JPEG, WebP: unused
};

/// Encodes to bytes. The same image and options give the same bytes. JPEG drops alpha and goes to 8 bits; WebP goes to
/// 8 bits. Errors: kUsage for kBmp, kRuntime if the encoder fails.
std::vector<std::uint8_t> encode_image(const Image& image, const EncodeOptions& options);

}  // namespace zimage::io
