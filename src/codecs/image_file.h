// Picture files: PNG, JPEG, WebP, BMP and TIFF, in and out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zimage/image.h"

namespace zimage::codecs {

enum class ImageFormat { kPng, kJpeg, kWebp, kBmp, kTiff };

/// "png", "jpeg", "webp", "bmp", "tiff".
const char* to_string(ImageFormat format);
/// By the file name's ending, any case; empty if it is none of ours.
std::optional<ImageFormat> format_from_name(const std::filesystem::path& path);
/// By the first bytes; empty if they are none of ours.
std::optional<ImageFormat> format_from_bytes(const std::vector<std::uint8_t>& bytes);

/// How a TIFF's samples are packed, of the ways that keep them exactly and are written.
enum class TiffPacking { kNone, kPackBits, kLzw, kDeflate };

/// What a picture file holds beside its pixels, byte for byte, so that the result's file can hold it too.
struct Carried {
  /// EXIF's TIFF structure ("II*…", "MM…*"), without the "Exif\0\0" of JPEG. decode_image() leaves it with orientation
  /// 1 and no thumbnail, as it is to go out.
  std::vector<std::uint8_t> exif;
  std::vector<std::uint8_t> icc;  ///< ICC profile
  std::string xmp;                ///< XMP packet
  int orientation = 1;            ///< as EXIF counts, 1…8; 1 is upright. What the file said: the pixels are upright
  TiffPacking tiff_packing = TiffPacking::kDeflate;  ///< of a TIFF; of one packed otherwise, and of others: deflate
};

struct ImageFile {
  Image image;
  ImageFormat format = ImageFormat::kPng;
  std::map<std::string, std::string> text;  ///< PNG tEXt / iTXt / zTXt entries
  Carried carried;
};

/// Decodes a file by its content, whatever it is called. Palettes become RGB(A), but grey where a BMP's has greys
/// alone; 1/2/4-bit grey becomes 8-bit; 16-bit stays. Pixels are upright, whatever the file's orientation. Of a TIFF's
/// pages the first is read. Errors: kInput, naming the file, for one that is missing, unreadable, empty, no picture,
/// truncated, damaged, larger than 2^28 pixels, or of a kind not supported (CMYK, animated WebP, TIFF of floating-point
/// samples).
ImageFile read_image(const std::filesystem::path& path);
ImageFile decode_image(const std::vector<std::uint8_t>& bytes, const std::string& name);

/// What kind of picture a file is, by its first bytes. Errors: kInput as read_image(), for what those can show.
ImageFormat identify_image(const std::filesystem::path& path);
/// A picture file's bytes, undecoded. Errors: kInput if it can't be read, or is larger than any picture.
std::vector<std::uint8_t> read_image_bytes(const std::filesystem::path& path);

/// A JPEG file that a picture came from, ready to give its coefficients to a changed one.
struct JpegOrigin;
/// Rotates the file upright, where it lies in another orientation (as EXIF counts) and that can be done without loss:
/// so that takes a while. Errors: kInput for a damaged file.
std::shared_ptr<const JpegOrigin> open_jpeg_origin(std::vector<std::uint8_t> file, int orientation);

struct EncodeOptions {
  ImageFormat format = ImageFormat::kPng;
  int quality = 0;                          ///< JPEG 1–100 (0: 95, 4:4:4); WebP 1–100, 0: lossless
  std::map<std::string, std::string> text;  ///< PNG: tEXt (Latin-1 values) or iTXt (others); others: unused
  Carried carried;                          ///< what goes into the file beside the pixels
  /// JPEG only: the file that the picture came from (null: none) gives the quantisation tables and the subsampling.
  std::shared_ptr<const JpegOrigin> jpeg_origin{};
  /// JPEG only, with an origin of the picture's size: where the picture may differ from it. The MCUs that no such pixel
  /// lies in keep the origin's DCT coefficients. Null, or a quality given, or an origin that can't be rotated upright
  /// without loss: all is encoded anew.
  const Mask* jpeg_changed = nullptr;
  bool* jpeg_kept = nullptr;  ///< set to whether the source's coefficients were kept as jpeg_changed asks
};

/// Encodes to bytes. The same image and options give the same bytes. JPEG drops alpha and goes to 8 bits; WebP and BMP
/// go to 8 bits. Of `carried`, BMP holds the colour profile alone. Errors: kRuntime if the encoder fails.
std::vector<std::uint8_t> encode_image(const Image& image, const EncodeOptions& options);

}  // namespace zimage::codecs
