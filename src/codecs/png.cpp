// PNG through libpng. Its errors leave by longjmp, which runs no destructors, so a function with a setjmp in it holds
// only plain data, and its caller holds whatever owns memory.
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <exception>

#include "base/log.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "base/utf8.h"
#include "codecs/image_codecs.h"
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
  std::vector<std::uint8_t>* output = nullptr;
  char message[160] = "";
};

void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::snprintf(state->message, sizeof state->message, "%s", message);
  png_longjmp(png, 1);
}

/// Ignores warnings: they are about things that libpng could handle, and don't affect the pixels.
void on_warning(png_structp, png_const_charp) {}

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

void read_text_entries(const Png& reader, std::map<std::string, std::string>& out) {
  png_textp entries = nullptr;
  const int count = png_get_text(reader.png, reader.info, &entries, nullptr);
  for (int i = 0; i < count; ++i) {
    const png_text& entry = entries[i];
    const bool international = entry.compression >= PNG_ITXT_COMPRESSION_NONE;
    const std::size_t length = international ? entry.itxt_length : entry.text_length;
    const std::string value = entry.text == nullptr ? "" : std::string(entry.text, length);
    // An iTXt entry must be UTF-8. If one isn't, read its bytes as Latin-1, so that every value here is UTF-8.
    out[utf8::from_latin1(entry.key)] = international && utf8::is_valid(value) ? value : utf8::from_latin1(value);
  }
}

/// libpng treats the XMP packet as a text entry with this key.
constexpr const char* kXmpKey = "XML:com.adobe.xmp";

void read_metadata(Png& reader, ImageFile& file) {
  png_uint_32 size = 0;
  png_bytep data = nullptr;
  png_charp name = nullptr;
  int compression = 0;
  if (png_get_iCCP(reader.png, reader.info, &name, &compression, &data, &size) == PNG_INFO_iCCP) {
    file.metadata.icc.assign(data, data + size);
  }
  if (png_get_eXIf_1(reader.png, reader.info, &size, &data) == PNG_INFO_eXIf) {
    file.metadata.exif.assign(data, data + size);
  }
  const auto xmp = file.text.find(kXmpKey);
  if (xmp == file.text.end()) return;
  file.metadata.xmp = std::move(xmp->second);
  file.text.erase(xmp);
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

bool write_header(Png& writer, const Image& image, png_textp text, int text_count) {
  png_structp png = writer.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  if (text_count > 0) png_set_text(png, writer.info, text, text_count);
  png_write_info(png, writer.info);
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

bool write_end(Png& writer) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) return false;
  png_write_end(writer.png, nullptr);
  return true;
}

[[noreturn]] void encoding_failed(const std::string& why) {
  throw Error(ErrorCode::kRuntime, "the PNG can't be encoded: " + why);
}

/// A text entry as its chunk holds it; `international` says which kind of chunk.
struct TextChunk {
  std::string key;
  std::string value;
  bool international = false;
};

std::vector<TextChunk> text_chunks(const std::map<std::string, std::string>& text) {
  std::vector<TextChunk> chunks;
  for (const auto& [key, value] : text) {
    TextChunk chunk;
    if (!utf8::to_latin1(key, chunk.key) || key.empty() || chunk.key.size() > 79 || value.find('\0') != value.npos) {
      encoding_failed("the text entry " + in_quotes(key) + " has an invalid name or contains a zero byte");
    }
    chunk.international = !utf8::to_latin1(value, chunk.value) && utf8::is_valid(value);
    if (chunk.international || !utf8::is_valid(value)) chunk.value = value;
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

std::vector<png_text> as_png_text(std::vector<TextChunk>& chunks) {
  static char no_language[] = "";
  std::vector<png_text> out;
  for (TextChunk& chunk : chunks) {
    png_text entry{};
    entry.compression = chunk.international ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE;
    entry.key = chunk.key.data();
    entry.text = chunk.value.data();
    (chunk.international ? entry.itxt_length : entry.text_length) = chunk.value.size();
    entry.lang = no_language;
    entry.lang_key = no_language;
    out.push_back(entry);
  }
  return out;
}

/// Sets the metadata. `exif` is a copy for libpng, which needs it to be writable.
void set_metadata(Png& writer, const ImageMetadata& metadata, std::vector<std::uint8_t>& exif) {
  if (!metadata.icc.empty() &&
      !set_profile(writer, metadata.icc.data(), static_cast<png_uint_32>(metadata.icc.size()))) {
    log::warning("the colour profile is left out: libpng doesn't accept it in a PNG");
  }
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
  read_text_entries(reader, file.text);
  read_metadata(reader, file);
  return file;
}

std::vector<std::uint8_t> encode_png(const Image& image, const EncodeOptions& options) {
  std::vector<TextChunk> chunks = text_chunks(options.text);
  // An XMP packet goes into an iTXt chunk even if it is plain ASCII.
  if (!options.metadata.xmp.empty()) chunks.push_back({kXmpKey, options.metadata.xmp, true});
  std::vector<png_text> text = as_png_text(chunks);
  std::vector<std::uint8_t> out;
  Png writer(true);
  if (writer.info == nullptr) throw Error(ErrorCode::kMemory, "the PNG can't be encoded: out of memory");
  writer.state.output = &out;
  if (!set_header(writer, image)) encoding_failed(writer.state.message);
  std::vector<std::uint8_t> exif = options.metadata.exif;
  set_metadata(writer, options.metadata, exif);
  if (!write_header(writer, image, text.data(), static_cast<int>(text.size()))) encoding_failed(writer.state.message);
  for (int y = 0; y < image.height; ++y) {
    if (!write_row(writer, image.samples.address(image.index(0, y)))) encoding_failed(writer.state.message);
  }
  if (!write_end(writer)) encoding_failed(writer.state.message);
  return out;
}

}  // namespace zimage::codecs
