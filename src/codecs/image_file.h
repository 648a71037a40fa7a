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

class ByteStream;
class JpegAhead;

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

/// A part of a JPEG, from pixel (x, y) on, as decode_image() gives it, but as it lies in the file, whatever its
/// orientation: `visit` gets its rows, 32 or fewer at a time from the picture's row `top` on, from top to bottom. The
/// part lies within the picture. Rows before it are passed by, rows behind not looked at. Errors: as decode_image().
void decode_jpeg_part(const std::vector<std::uint8_t>& bytes, const std::string& name, int x, int y, int width,
                      int height, const std::function<void(Image rows, int top)>& visit);
/// The same of a file that another thread is still writing.
void decode_jpeg_part(ByteStream& stream, const std::string& name, int x, int y, int width, int height,
                      const std::function<void(Image rows, int top)>& visit);

/// The colour profile that a JPEG carries, and whether its picture is grey.
struct JpegProfile {
  std::vector<std::uint8_t> icc;
  bool grey = false;
};
/// Without decoding it. Empty for a file that has none or is no JPEG: decode_image() tells why.
std::optional<JpegProfile> read_jpeg_profile(const std::vector<std::uint8_t>& bytes);

struct EncodeOptions {
  ImageFormat format = ImageFormat::kPng;
  int quality = 0;                          ///< JPEG 1–100 (0: 95, 4:4:4); WebP 1–100, 0: lossless
  std::map<std::string, std::string> text;  ///< PNG: tEXt (Latin-1 values) or iTXt (others); others: unused
  Carried carried;                          ///< what goes into the file beside the pixels
  /// JPEG only: the JPEG file that the picture came from (null: none) gives the quantisation tables and the
  /// subsampling.
  const std::vector<std::uint8_t>* jpeg_source = nullptr;
  /// As EXIF counts: how the source lies. The picture is upright.
  int jpeg_orientation = 1;
  /// JPEG only, with a source of the picture's size, once upright: where the picture may differ from it. The MCUs that
  /// no such pixel lies in keep the source's DCT coefficients, transposed if it has to be turned. Null, or a quality
  /// given, or a source that can't be turned without loss: all is encoded anew.
  const Mask* jpeg_changed = nullptr;
  /// With jpeg_changed: the picture is whole only in rows within 64 of it, and this gives all of it, if coefficients
  /// can't be kept. Null: it is whole.
  std::function<Image()> whole{};
  JpegAhead* jpeg_ahead = nullptr;  ///< with jpeg_changed: the same source, read ahead; null: it is read now
  /// With jpeg_changed: gets the file as it is written, if the source's coefficients are kept. What the stream has
  /// holds only if they are in the end. Whoever made the stream closes it. Null: nobody waits for it.
  ByteStream* jpeg_stream = nullptr;
  bool* jpeg_kept = nullptr;  ///< set to whether the source's coefficients were kept as jpeg_changed asks
};

/// Encodes to bytes. The same image and options give the same bytes. JPEG drops alpha and goes to 8 bits; WebP and BMP
/// go to 8 bits. Of `carried`, BMP holds the colour profile alone. Errors: kRuntime if the encoder fails.
std::vector<std::uint8_t> encode_image(const Image& image, const EncodeOptions& options);

/// Where a JPEG made with `jpeg_source` = source and `jpeg_changed` = changed may decode otherwise than the source: the
/// MCUs that a changed pixel lies in, and one pixel more on the sides where libjpeg interpolates subsampled colour
/// across their border: left and right with 4:2:2, above and below with 4:4:0, all around with 4:2:0, none with 4:4:4,
/// grey and 4:1:1. (Decoders that repeat colour samples need no such pixel.) All pixels if the file is encoded anew as
/// a whole. 1 where pixels may differ. Errors: kInput for a source that can't be read, kRuntime for a mask not of its
/// size.
Mask jpeg_changed_pixels(const std::vector<std::uint8_t>& source, const Mask& changed);

}  // namespace zimage::codecs
