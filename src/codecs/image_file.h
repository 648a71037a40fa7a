// Picture files: PNG, JPEG, WebP, BMP and TIFF, in and out; GIF, PNM, PSD and TGA, in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zimage/geometry.h"
#include "zimage/image.h"

namespace zimage::codecs {

enum class ImageFormat { kPng, kJpeg, kWebp, kBmp, kTiff };

/// "png", "jpeg", "webp" and so on.
const char* to_string(ImageFormat format);
/// Whether encode_image() has the format.
constexpr bool is_written(ImageFormat format) { return format <= ImageFormat::kTiff; }
/// By the file name's ending, any case; empty if it is none of ours.
std::optional<ImageFormat> format_from_name(const std::filesystem::path& path);
/// By the first bytes; empty if they are none of ours. TGA can't be told by them.
std::optional<ImageFormat> format_from_bytes(const std::vector<std::uint8_t>& bytes);

/// How a TIFF's samples are packed, of the ways that keep them exactly and are written.
enum class TiffPacking { kNone, kPackBits, kLzw, kDeflate };

/// What a picture file holds beside its pixels, byte for byte, so that the result's file can hold it too.
struct ImageMetadata {
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
  ImageMetadata metadata;
};

/// Decodes a file by its content, whatever it is called; a TGA's name must end so, too. Palettes become RGB(A), but
/// grey where a BMP's has greys alone; 1/2/4-bit grey becomes 8-bit; 16-bit stays. Pixels are upright, whatever the
/// file's orientation. Of a TIFF's pages and a GIF's frames the first is read, of a PSD the flattened picture, which is
/// said. Errors: kInput, naming the file, for one that is missing, unreadable, empty, no picture, truncated, damaged,
/// larger than 2^28 pixels, or of a kind not supported (CMYK, animated WebP, TIFF of floating-point samples).
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
  ImageMetadata metadata;                   ///< what goes into the file beside the pixels
  /// JPEG only: the file that the picture came from (null: none) gives the quantisation tables and the subsampling.
  std::shared_ptr<const JpegOrigin> jpeg_origin{};
};

/// Encodes to bytes. The same image and options give the same bytes. JPEG drops alpha and goes to 8 bits; WebP and BMP
/// go to 8 bits. Of the metadata, BMP holds the colour profile alone. Errors: kRuntime if the encoder fails; kUsage for
/// a format that is only read.
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
