// Reads and writes picture files: PNG, JPEG, WebP, BMP and TIFF. GIF, PNM, PSD and TGA are only read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codecs/metadata/image_metadata.h"
#include "zimage/geometry.h"
#include "zimage/image.h"

namespace zimage::codecs {

/// The most bytes of a file: 2^28 pixels of four 16-bit samples, as they come at worst.
inline constexpr std::size_t kMaxFileBytes = (std::size_t{1} << 31) + (std::size_t{1} << 26);

enum class ImageFormat { kPng, kJpeg, kWebp, kBmp, kTiff, kGif, kPnm, kPsd, kTga };

/// "png", "jpeg", "webp" and so on.
const char* to_string(ImageFormat format);
/// Returns whether encode_image() can write the format.
bool is_written(ImageFormat format);
/// Returns the usual ending of the format's files: ".jpg".
std::string ending_of(ImageFormat format);
/// Tells the format by the ending of the file name, in any case; empty for other endings.
std::optional<ImageFormat> format_from_name(const std::filesystem::path& path);
/// Tells the format by the first bytes; empty for unknown ones, and for a TGA, which has no signature.
std::optional<ImageFormat> format_from_bytes(const std::vector<std::uint8_t>& bytes);

struct ImageFile {
  Image image;
  ImageFormat format = ImageFormat::kPng;
  std::map<std::string, std::string> text;  ///< PNG tEXt / iTXt / zTXt entries by their key
  ImageMetadata metadata;
};

/// Decodes a file by its content, whatever its name is; only a TGA, which has no signature, needs its ending. Palettes
/// become RGB(A), or grey if a BMP's palette has only greys; 1, 2 and 4-bit grey becomes 8-bit; 16-bit stays. Pixels
/// are upright, whatever the file's orientation. The first page of a TIFF, the first frame of a GIF and the flattened
/// picture of a PSD are read, and the log says so. Errors: kInput, naming the file, if it is missing, unreadable,
/// empty, not a picture, truncated, damaged, larger than 2^28 pixels, or of a kind that isn't supported (CMYK, animated
/// WebP, TIFF with floating-point samples).
ImageFile read_image(const std::filesystem::path& path);
ImageFile decode_image(const std::vector<std::uint8_t>& bytes, const std::string& name);

/// Tells the format of a file by its first bytes. Errors: those of read_image() that the first bytes show.
ImageFormat identify_image(const std::filesystem::path& path);
/// Does the same for bytes that have been read.
ImageFormat identify_image(const std::vector<std::uint8_t>& bytes, const std::string& name);
/// Reads a picture file's bytes without decoding them. Errors: kInput if it can't be read or is larger than any
/// picture.
std::vector<std::uint8_t> read_image_bytes(const std::filesystem::path& path);

/// The JPEG file that a picture came from, prepared to give its coefficients to the changed picture.
struct JpegOrigin;
/// Prepares a JPEG file. If it isn't upright (`orientation` as in EXIF), it is rotated, if that is possible without
/// loss, which takes about as long as decoding it. Errors: kInput for a damaged file.
std::shared_ptr<const JpegOrigin> open_jpeg_origin(std::vector<std::uint8_t> file, int orientation);

struct EncodeOptions {
  ImageFormat format = ImageFormat::kPng;
  int quality = 0;  ///< JPEG 1–100 (0: 95, 4:4:4); WebP 1–100, 0: lossless
  /// PNG only: entries beside those of the metadata, which they replace; written as tEXt if they are Latin-1, else iTXt
  std::map<std::string, std::string> text;
  ImageMetadata metadata;  ///< written into the file, as far as the format holds it
  /// JPEG only: gives the quantisation tables and the subsampling. Null: those of `quality`.
  std::shared_ptr<const JpegOrigin> jpeg_origin{};
};

/// Encodes an image. The same image and options give the same bytes. JPEG drops alpha and has 8 bits; WebP and BMP have
/// 8 bits; BMP holds only the colour profile of the metadata. Errors: kRuntime if the encoder fails, kUsage for a
/// format that is only read.
std::vector<std::uint8_t> encode_image(const Image& image, const EncodeOptions& options);

/// Writes a JPEG that differs from its origin only where `changed` has pixels: the 8×8 blocks that such a pixel lies in
/// are encoded from `pixels`, all other blocks keep the origin's DCT coefficients bit for bit. That is finer than whole
/// MCUs: in a 4:2:0 MCU the luma blocks without a changed pixel stay as well. `pixels` gives the changed image in a box
/// within it, with the origin's colour channels; no more is asked for than the touched rows of MCUs. Takes as memory
/// the origin's coefficients (2 bytes for each sample of each component) and the new file.
/// Empty if the coefficients can't be kept: every pixel is changed, the origin can't be rotated upright without loss or
/// has no settings that can be written, or, with a warning in the log, its coefficients can't stand in a new file (some
/// are beyond what Huffman coding takes, or a progressive file lacks scans, so that decoders smooth what they miss).
/// Errors: kInput for a file that can't be read, kRuntime for a mask of another size or an encoder that fails.
std::optional<std::vector<std::uint8_t>> splice_jpeg(const JpegOrigin& origin, const Mask& changed,
                                                     const std::function<Image(const Box& box)>& pixels,
                                                     const ImageMetadata& metadata);

}  // namespace zimage::codecs
