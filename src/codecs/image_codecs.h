// A decoder and an encoder for each picture format; image_file.cpp chooses among them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codecs/image_file.h"

namespace zimage::codecs {

using Bytes = std::span<const std::uint8_t>;
using Palette = std::vector<std::array<std::uint8_t, 3>>;

/// Decoders. `name` is the file's name in messages. Pixels keep the file's orientation. Errors: kInput.
ImageFile decode_png(Bytes bytes, const std::string& name);
ImageFile decode_jpeg(Bytes bytes, const std::string& name);
ImageFile decode_webp(Bytes bytes, const std::string& name);
ImageFile decode_tiff(Bytes bytes, const std::string& name);
ImageFile decode_bmp(Bytes bytes, const std::string& name);
ImageFile decode_gif(Bytes bytes, const std::string& name);
ImageFile decode_pnm(Bytes bytes, const std::string& name);
ImageFile decode_psd(Bytes bytes, const std::string& name);
ImageFile decode_tga(Bytes bytes, const std::string& name);
/// Returns whether the bytes can be the start of a TGA, which has no signature. decode_tga() requires it.
bool is_tga(Bytes start);

/// Return the colours that a file's values stand for: its palette, or the greys of values that decode_…() changes.
/// Empty if values stay as they are. The bytes may be any. Errors: kInput.
Palette palette_of_bmp(Bytes bytes);
Palette palette_of_gif(Bytes bytes);
Palette palette_of_pnm(Bytes bytes);
Palette palette_of_tiff(Bytes bytes);

/// Encoders; the image must not be empty. Errors: kRuntime.
std::vector<std::uint8_t> encode_png(const Image& image, const EncodeOptions& options);
std::vector<std::uint8_t> encode_jpeg(const Image& image, const EncodeOptions& options);
std::vector<std::uint8_t> encode_webp(const Image& image, const EncodeOptions& options);
std::vector<std::uint8_t> encode_bmp(const Image& image, const EncodeOptions& options);
std::vector<std::uint8_t> encode_tiff(const Image& image, const EncodeOptions& options);

/// For ImageMetadata::left_out: C2PA's manifest is signed, with a hash of the file that it lies in.
inline constexpr const char* kContentCredentials =
    "has Content Credentials (C2PA), which hold only for the unchanged file: they are left out";

/// Tells, in left_out, of bytes behind the picture; zeros are not worth a word.
void tell_bytes_behind(Bytes rest, ImageMetadata& metadata);

/// Throws kInput with a hint: "NAME is damaged: WHY", or "NAME is truncated".
[[noreturn]] void refuse_damaged(const std::string& name, const std::string& why);
[[noreturn]] void refuse_truncated(const std::string& name);

/// Throws kInput for sides of 0 and for more than kMaxPixels.
void check_size(std::uint64_t width, std::uint64_t height, const std::string& name);

/// Returns the samples of `count` pixels of row y, from column x on, as 8 bits. `channels` is how many to keep of each
/// pixel; grey is repeated if that asks for more colours than the image has. The result points into the image if it
/// can, else into `buffer`.
const std::uint8_t* row_as_bytes(const Image& image, int x, int y, int count, int channels,
                                 std::vector<std::uint8_t>& buffer);

}  // namespace zimage::codecs
