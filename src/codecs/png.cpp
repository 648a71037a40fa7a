// PNG through libpng. Its errors leave by longjmp, which runs no destructors, so a function with a setjmp in it holds
// only plain data, and its caller holds whatever owns memory.
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <exception>

#include "base/log.h"
#include "base/text.h"
#include "codecs/image_codecs.h"
#include "codecs/png_ancillary.h"
#include "codecs/png_color.h"
#include "codecs/png_text.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

constexpr int kCompressionLevel = 6;
/// Compressed text can swell. These two limits bound the metadata of a file to 2 GiB, like its pixels.
constexpr png_alloc_size_t kMaxChunk = png_alloc_size_t{16} << 20;
constexpr png_uint_32 kMaxTextChunks = 128;

/// The state that libpng's callbacks share.
struct PngState {
  Bytes input;
  std::size_t position = 0;
  bool truncated = false;
  bool bad_profile = false;
  std::vector<std::uint8_t>* output = nullptr;
  char message[160] = "";
};

void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::snprintf(state->message, sizeof state->message, "%s", message);
  png_longjmp(png, 1);
}

/// Ignores warnings: they are about things that libpng could handle, and don't affect the pixels. It leaves out a
/// colour profile that it doesn't like, though.
void on_warning(png_structp png, png_const_charp message) {
  if (std::strncmp(message, "iCCP", 4) == 0) static_cast<PngState*>(png_get_error_ptr(png))->bad_profile = true;
}

void on_read(png_structp png, png_bytep out, std::size_t size) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  if (size > state->input.size() - state->position) {
    state->truncated = true;
    png_error(png, "it ends too early");
  }
  std::memcpy(out, state->input.data() + state->position, size);
  state->position += size;
}

void on_write(png_structp png, png_bytep data, std::size_t size) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  bool failed = false;
  try {
    state->output->insert(state->output->end(), data, data + size);
  } catch (const std::exception&) {
    failed = true;
  }
  if (failed) png_error(png, "out of memory");
}

void on_flush(png_structp) {}

struct Png {
  PngState state;
  bool writes;
  png_structp png;
  png_infop info;
  explicit Png(bool writes_)
      : writes(writes_),
        png((writes ? png_create_write_struct : png_create_read_struct)(PNG_LIBPNG_VER_STRING, &state, on_error,
                                                                        on_warning)),
        info(png != nullptr ? png_create_info_struct(png) : nullptr) {}
  ~Png() { writes ? png_destroy_write_struct(&png, &info) : png_destroy_read_struct(&png, &info, nullptr); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
};

struct Header {
  png_uint_32 width = 0;
  png_uint_32 height = 0;
  int bit_depth = 0;
  int color_type = 0;
};

bool read_header(Png& reader, Header& header) {
  png_structp png = reader.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_read_fn(png, &reader.state, on_read);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_chunk_malloc_max(png, kMaxChunk);
  png_set_chunk_cache_max(png, kMaxTextChunks);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_read_info(png, reader.info);
  png_get_IHDR(png, reader.info, &header.width, &header.height, &header.bit_depth, &header.color_type, nullptr, nullptr,
               nullptr);
  return true;
}

/// Asks for palettes as RGB, tRNS as alpha, small greys as 8 bits, and 16 bits in the machine's byte order.
bool set_transforms(Png& reader) {
  png_structp png = reader.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_expand(png);
  if constexpr (std::endian::native == std::endian::little) png_set_swap(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, reader.info);
  return true;
}

bool read_pixels(Png& reader, png_bytepp rows) {
  png_structp png = reader.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_image(png, rows);
  png_read_end(png, reader.info);
  return true;
}

/// Refuses a small file that claims to be a large picture, before memory is allocated: Deflate expands a byte to at
/// most 1032.
void check_plausible(const Header& header, std::size_t file_size, const std::string& name) {
  const std::uint64_t components = header.color_type == PNG_COLOR_TYPE_RGB_ALPHA    ? 4
                                   : header.color_type == PNG_COLOR_TYPE_RGB        ? 3
                                   : header.color_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                                    : 1;
  const std::uint64_t bits =
      std::uint64_t{header.width} * header.height * components * static_cast<std::uint64_t>(header.bit_depth);
  if (bits / 8 > std::uint64_t{file_size} * 1032) refuse_truncated(name);
}

DotsPer unit_of(int unit) { return unit == PNG_RESOLUTION_METER ? DotsPer::kMetre : DotsPer::kNothing; }

/// Reads the background as 16-bit RGB. libpng gives it in the file's own depth; a palette's entry has 8 bits.
void read_background(Png& reader, const Header& header, ImageMetadata& metadata) {
  png_color_16p found = nullptr;
  if (png_get_bKGD(reader.png, reader.info, &found) != PNG_INFO_bKGD) return;
  const bool grey = (header.color_type & PNG_COLOR_MASK_COLOR) == 0;
  const int depth = header.color_type == PNG_COLOR_TYPE_PALETTE ? 8 : header.bit_depth;
  const std::uint32_t most = (1U << depth) - 1;
  const auto scaled = [&](png_uint_16 value) {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(value, most) * 0xffffU / most);
  };
  if (grey) metadata.background = {scaled(found->gray), scaled(found->gray), scaled(found->gray)};
  if (!grey) metadata.background = {scaled(found->red), scaled(found->green), scaled(found->blue)};
}

void read_metadata(Png& reader, ImageFile& file) {
  ImageMetadata& metadata = file.metadata;
  metadata.text = text_entries(reader.png, reader.info);
  png_uint_32 size = 0;
  png_bytep data = nullptr;
  png_charp name = nullptr;
  int compression = 0;
  if (png_get_iCCP(reader.png, reader.info, &name, &compression, &data, &size) == PNG_INFO_iCCP) {
    metadata.icc.assign(data, data + size);
  }
  if (png_get_eXIf_1(reader.png, reader.info, &size, &data) == PNG_INFO_eXIf) {
    metadata.exif.assign(data, data + size);
  }
  take_metadata_of_text(metadata);
  for (const TextEntry& entry : metadata.text) file.text[entry.key] = entry.value;
  png_uint_32 x = 0, y = 0;
  int unit = 0;
  if (png_get_pHYs(reader.png, reader.info, &x, &y, &unit) == PNG_INFO_pHYs) {
    metadata.resolution = make_resolution(x, y, unit_of(unit));
  }
}

/// Sets the profile; the header must be set before. Also returns false if libpng rejects the profile, because it checks
/// profiles more strictly than other programs.
bool set_profile(Png& writer, const std::uint8_t* data, png_uint_32 size) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  png_set_benign_errors(writer.png, 1);
  png_set_iCCP(writer.png, writer.info, "ICC profile", PNG_COMPRESSION_TYPE_BASE, data, size);
  png_set_benign_errors(writer.png, 0);
  return png_get_valid(writer.png, writer.info, PNG_INFO_iCCP) != 0;
}

bool set_exif(Png& writer, std::uint8_t* data, png_uint_32 size) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  png_set_eXIf_1(writer.png, writer.info, size, data);
  return true;
}

/// Sets the resolution, which needs no memory and can't fail.
void set_resolution(Png& writer, const Resolution& resolution) {
  png_set_pHYs(writer.png, writer.info, static_cast<png_uint_32>(resolution.x), static_cast<png_uint_32>(resolution.y),
               resolution.unit == DotsPer::kMetre ? PNG_RESOLUTION_METER : PNG_RESOLUTION_UNKNOWN);
}

/// Sets the background in the image's depth, which needs no memory and can't fail.
void set_background(Png& writer, const Image& image, const std::array<std::uint16_t, 3>& color) {
  const int shift = 16 - image.bit_depth;
  const auto part = [&](std::size_t i) { return static_cast<png_uint_16>(color[i] >> shift); };
  const png_color_16 background{0, part(0), part(1), part(2), part(0)};
  const bool grey = color[0] == color[1] && color[1] == color[2];
  if (grey || image.color_channels() == 3) png_set_bKGD(writer.png, writer.info, &background);
}

bool set_header(Png& writer, const Image& image) {
  constexpr int kColorTypes[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                 PNG_COLOR_TYPE_RGB_ALPHA};
  png_structp png = writer.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, &writer.state, on_write, on_flush);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_IHDR(png, writer.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
               image.bit_depth, kColorTypes[image.channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  // Everything is spelt out, so that another libpng's defaults can't change the result.
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_set_compression_level(png, kCompressionLevel);
  png_set_compression_mem_level(png, 8);
  png_set_compression_strategy(png, Z_FILTERED);
  png_set_compression_window_bits(png, 15);
  return true;
}

/// A chunk for png_write_chunk().
struct RawChunk {
  png_const_bytep name;
  png_const_bytep data;
  std::size_t size;
};

/// Writes the chunks that must stand before a palette, and the others behind libpng's.
bool write_header(Png& writer, const Image& image, png_textp text, int text_count, const RawChunk* chunks,
                  std::size_t chunk_count, const RawChunk* others, std::size_t other_count) {
  png_structp png = writer.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  if (text_count > 0) png_set_text(png, writer.info, text, text_count);
  png_write_info_before_PLTE(png, writer.info);
  for (std::size_t i = 0; i < chunk_count; ++i) png_write_chunk(png, chunks[i].name, chunks[i].data, chunks[i].size);
  png_write_info(png, writer.info);
  for (std::size_t i = 0; i < other_count; ++i) png_write_chunk(png, others[i].name, others[i].data, others[i].size);
  if constexpr (std::endian::native == std::endian::little) {
    if (image.bit_depth == 16) png_set_swap(png);
  }
  return true;
}

bool write_row(Png& writer, const std::uint8_t* row) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  png_write_row(writer.png, row);
  return true;
}

bool write_end(Png& writer, const RawChunk* chunks, std::size_t chunk_count) {
  png_structp png = writer.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  for (std::size_t i = 0; i < chunk_count; ++i) png_write_chunk(png, chunks[i].name, chunks[i].data, chunks[i].size);
  png_write_end(writer.png, nullptr);
  return true;
}

[[noreturn]] void encoding_failed(const std::string& why) {
  throw Error(ErrorCode::kRuntime, "the PNG can't be encoded: " + why);
}

/// Sets the metadata. `exif` is a copy for libpng, which needs it to be writable.
void set_metadata(Png& writer, const ImageMetadata& metadata, std::vector<std::uint8_t>& exif) {
  const std::vector<std::uint8_t>& icc = metadata.icc_of_chunks ? metadata.icc_beside_chunks : metadata.icc;
  if (!icc.empty() && !set_profile(writer, icc.data(), static_cast<png_uint_32>(icc.size()))) {
    log::warning("the colour profile is left out: libpng doesn't accept it in a PNG");
  }
  const auto resolution = metadata.resolution ? in_whole_metres(*metadata.resolution) : std::nullopt;
  if (resolution) set_resolution(writer, *resolution);
  if (!exif.empty() && !set_exif(writer, exif.data(), static_cast<png_uint_32>(exif.size()))) {
    encoding_failed(writer.state.message);
  }
}

}  // namespace

ImageFile decode_png(Bytes bytes, const std::string& name) {
  Png reader(false);
  if (reader.info == nullptr) throw Error(ErrorCode::kMemory, name + " can't be read: out of memory");
  reader.state.input = bytes;
  const auto refuse = [&]() {
    if (reader.state.truncated) refuse_truncated(name);
    refuse_damaged(name, reader.state.message);
  };
  Header header;
  if (!read_header(reader, header)) refuse();
  check_size(header.width, header.height, name);
  check_plausible(header, bytes.size(), name);
  if (!set_transforms(reader)) refuse();

  ImageFile file;
  file.format = ImageFormat::kPng;
  const int bit_depth = header.bit_depth == 16 ? 16 : 8;
  file.image = Image(static_cast<int>(header.width), static_cast<int>(header.height),
                     png_get_channels(reader.png, reader.info), bit_depth);
  Samples& samples = file.image.samples;
  const std::size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  if (row_bytes * header.height != samples.size() * samples.sample_bytes()) {
    refuse_damaged(name, "its rows aren't as long as its header says");
  }
  std::vector<png_bytep> rows(header.height);
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = samples.address(0) + y * row_bytes;
  if (!read_pixels(reader, rows.data())) refuse();
  read_metadata(reader, file);
  read_background(reader, header, file.metadata);
  read_ancillary_chunks(bytes, static_cast<std::size_t>(png_get_text(reader.png, reader.info, nullptr, nullptr)),
                        file.metadata);
  file.metadata.color_chunks = color_chunks_of(bytes);
  if (reader.state.bad_profile && file.metadata.icc.empty()) {
    const char* kind = file.image.color_channels() == 1 ? "colour" : "grey";
    file.metadata.left_out.push_back(
        concat({"has a colour profile that is damaged or for ", kind, " pictures, which is left out"}));
  }
  apply_color_chunks(file.metadata, file.image.color_channels() == 1);
  return file;
}

std::vector<std::uint8_t> encode_png(const Image& image, const EncodeOptions& options) {
  PngText entries(options.metadata, options.text);
  std::vector<png_text> text = entries.entries();
  const auto raw = [](const PngChunk& chunk) {
    return RawChunk{reinterpret_cast<png_const_bytep>(chunk.name.data()), chunk.data.data(), chunk.data.size()};
  };
  std::vector<RawChunk> chunks, before, behind;
  for (const PngChunk& chunk : options.metadata.color_chunks) chunks.push_back(raw(chunk));
  for (const PngChunk& chunk : options.metadata.chunks) (chunk.behind ? behind : before).push_back(raw(chunk));
  std::vector<std::uint8_t> out;
  Png writer(true);
  if (writer.info == nullptr) throw Error(ErrorCode::kMemory, "the PNG can't be encoded: out of memory");
  writer.state.output = &out;
  if (!set_header(writer, image)) encoding_failed(writer.state.message);
  std::vector<std::uint8_t> exif = options.metadata.exif;
  set_metadata(writer, options.metadata, exif);
  if (options.metadata.background) set_background(writer, image, *options.metadata.background);
  if (!write_header(writer, image, text.data(), static_cast<int>(text.size()), chunks.data(), chunks.size(),
                    before.data(), before.size())) {
    encoding_failed(writer.state.message);
  }
  for (int y = 0; y < image.height; ++y) {
    if (!write_row(writer, image.samples.address(image.index(0, y)))) encoding_failed(writer.state.message);
  }
  if (!write_end(writer, behind.data(), behind.size())) encoding_failed(writer.state.message);
  return out;
}

}  // namespace zimage::codecs
