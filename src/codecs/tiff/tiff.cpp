// Reads TIFF from memory, through libtiff.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/log.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "codecs/image_codecs.h"
#include "codecs/tiff/tiff_color.h"
#include "codecs/tiff/tiff_layout.h"
#include "codecs/tiff/tiff_metadata.h"
#include "codecs/tiff/tiff_support.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

struct Source {
  Bytes bytes;
  std::uint64_t position = 0;
  bool beyond_end = false;
};

tmsize_t on_read(thandle_t handle, void* out, tmsize_t size) {
  auto* source = static_cast<Source*>(handle);
  const std::uint64_t left = source->position < source->bytes.size() ? source->bytes.size() - source->position : 0;
  const std::uint64_t wanted = size < 0 ? 0 : static_cast<std::uint64_t>(size);
  const std::uint64_t count = std::min(wanted, left);
  if (count < wanted) source->beyond_end = true;
  if (count > 0) std::memcpy(out, source->bytes.data() + source->position, count);
  source->position += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t on_write(thandle_t, void*, tmsize_t) { return 0; }

toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
  auto* source = static_cast<Source*>(handle);
  const std::uint64_t base = whence == SEEK_CUR ? source->position : whence == SEEK_END ? source->bytes.size() : 0;
  source->position = base + offset;
  if (source->position > source->bytes.size()) source->beyond_end = true;
  return source->position;
}

int on_close(thandle_t) { return 0; }

toff_t on_size(thandle_t handle) { return static_cast<Source*>(handle)->bytes.size(); }

/// An open file; it can refuse the file with an error.
struct Reader {
  Source source;
  const std::string& name;
  TiffHandle tiff{};

  [[noreturn]] void refuse() const {
    if (source.beyond_end) refuse_truncated(name);
    const std::string why = tiff_error();
    refuse_damaged(name, !why.empty() ? in_quotes(why) : "its directory is invalid");
  }
  [[noreturn]] void refuse_kind(const std::string& kind) const {
    throw Error(ErrorCode::kInput, name + " is a TIFF " + kind + ", which is not supported",
                "save it as PNG, or as TIFF with 8 or 16 bits a sample, grey or RGB");
  }
  template <typename T>
  T number(std::uint32_t tag) const {
    T value{};
    if (TIFFGetFieldDefaulted(tiff.get(), tag, &value) != 1) refuse();
    return value;
  }
};

void open(Reader& reader) {
  collect_tiff_errors();
  // The mode "m" means no mapping, so that every read goes through on_read() and is checked.
  reader.tiff.reset(
      TIFFClientOpen("picture", "rm", &reader.source, on_read, on_write, on_seek, on_close, on_size, nullptr, nullptr));
  if (reader.tiff == nullptr) reader.refuse();
}

void read_palette(const Reader& reader, TiffLayout& layout) {
  std::uint16_t* colors[3] = {};
  if (layout.bits > 8) reader.refuse_kind("with a palette of 16 bits");
  if (TIFFGetField(reader.tiff.get(), TIFFTAG_COLORMAP, &colors[0], &colors[1], &colors[2]) != 1) reader.refuse();
  const std::size_t count = std::size_t{1} << layout.bits;
  // Some programs write 8-bit values where 16-bit ones belong.
  const bool narrow = std::all_of(colors, colors + 3, [&](const std::uint16_t* values) {
    return std::all_of(values, values + count, [](std::uint16_t v) { return v < 256; });
  });
  layout.palette.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      layout.palette[i][c] = static_cast<std::uint16_t>(narrow ? colors[c][i] : colors[c][i] >> 8);
    }
  }
}

void read_colors(const Reader& reader, TiffLayout& layout) {
  std::uint16_t photometric = 0;
  if (TIFFGetField(reader.tiff.get(), TIFFTAG_PHOTOMETRIC, &photometric) != 1) reader.refuse();
  const auto compression = reader.number<std::uint16_t>(TIFFTAG_COMPRESSION);
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE: layout.colors = TiffColors::kWhiteIsZero; break;
    case PHOTOMETRIC_MINISBLACK: layout.colors = TiffColors::kBlackIsZero; break;
    case PHOTOMETRIC_RGB: layout.colors = TiffColors::kRgb; break;
    case PHOTOMETRIC_PALETTE:
      layout.colors = TiffColors::kPalette;
      read_palette(reader, layout);
      break;
    case PHOTOMETRIC_YCBCR:
      if (compression != COMPRESSION_JPEG || layout.planes_apart) reader.refuse_kind("in YCbCr");
      // libjpeg converts it to RGB on the way.
      if (TIFFSetField(reader.tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB) != 1) reader.refuse();
      layout.colors = TiffColors::kRgb;
      break;
    case PHOTOMETRIC_SEPARATED: reader.refuse_kind("in CMYK");
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB: reader.refuse_kind("in Lab");
    default: reader.refuse_kind("of photometric kind " + std::to_string(photometric));
  }
}

void read_alpha(const Reader& reader, TiffLayout& layout) {
  std::uint16_t count = 0;
  std::uint16_t* kinds = nullptr;
  if (TIFFGetField(reader.tiff.get(), TIFFTAG_EXTRASAMPLES, &count, &kinds) != 1) return;
  for (int i = 0; i < count && layout.color_samples() + i < layout.samples; ++i) {
    if (kinds[i] != EXTRASAMPLE_ASSOCALPHA && kinds[i] != EXTRASAMPLE_UNASSALPHA) continue;
    layout.alpha = layout.color_samples() + i;
    layout.premultiplied = kinds[i] == EXTRASAMPLE_ASSOCALPHA;
    return;
  }
}

TiffLayout read_layout(const Reader& reader) {
  TIFF* tiff = reader.tiff.get();
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  if (TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) != 1 || TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height) != 1) {
    reader.refuse();
  }
  check_size(width, height, reader.name);
  TiffLayout layout;
  layout.width = static_cast<int>(width);
  layout.height = static_cast<int>(height);
  layout.bits = reader.number<std::uint16_t>(TIFFTAG_BITSPERSAMPLE);
  layout.samples = reader.number<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL);
  const auto format = reader.number<std::uint16_t>(TIFFTAG_SAMPLEFORMAT);
  if (format == SAMPLEFORMAT_IEEEFP) reader.refuse_kind("of floating-point samples");
  if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID) reader.refuse_kind("of signed or complex samples");
  const int bits = layout.bits;
  if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16) {
    reader.refuse_kind("of " + std::to_string(bits) + " bits a sample");
  }
  layout.planes_apart =
      reader.number<std::uint16_t>(TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE && layout.samples > 1;
  read_colors(reader, layout);
  if (layout.samples < layout.color_samples()) refuse_damaged(reader.name, "it has fewer samples than colours");
  read_alpha(reader, layout);
  return layout;
}

/// Returns the most bytes that one byte of a compressed file can expand to, so that a small file that claims to be a
/// large picture is refused before memory is allocated.
std::uint64_t largest_ratio(std::uint16_t compression) {
  switch (compression) {
    case COMPRESSION_NONE: return 1;
    case COMPRESSION_PACKBITS: return 64;
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE: return 1032;
    case COMPRESSION_JPEG: return 1536;  // one bit for each block of 64 pixels
    case COMPRESSION_LZW: return 4096;
    default: return 65536;
  }
}

void check_plausible(const Reader& reader, std::uint64_t bytes) {
  const auto compression = reader.number<std::uint16_t>(TIFFTAG_COMPRESSION);
  if (TIFFIsCODECConfigured(compression) == 0 || compression == COMPRESSION_OJPEG) {
    reader.refuse_kind("with compression " + std::to_string(compression));
  }
  if (bytes / largest_ratio(compression) > reader.source.bytes.size()) refuse_truncated(reader.name);
}

/// Reads whole strips straight into an image, if samples in the file are laid out like an image's.
void read_strips(const Reader& reader, std::uint64_t row_bytes, Image& image) {
  const auto rows =
      std::min(reader.number<std::uint32_t>(TIFFTAG_ROWSPERSTRIP), static_cast<std::uint32_t>(image.height));
  if (rows == 0) reader.refuse();
  const auto height = static_cast<std::uint32_t>(image.height);
  for (std::uint32_t y = 0, strip = 0; y < height; y += rows, ++strip) {
    const auto bytes = static_cast<tmsize_t>(std::min(rows, height - y) * row_bytes);
    void* out = image.samples.address(image.index(0, static_cast<int>(y)));
    if (TIFFReadEncodedStrip(reader.tiff.get(), strip, out, bytes) != bytes) reader.refuse();
  }
}

void read_rows(const Reader& reader, const TiffLayout& layout, Image& image) {
  TIFF* tiff = reader.tiff.get();
  const std::uint64_t row_bytes = layout.row_bytes(static_cast<std::uint64_t>(layout.width));
  if (TIFFScanlineSize64(tiff) != row_bytes) refuse_damaged(reader.name, "its rows have no consistent length");
  if (layout.as_image()) return read_strips(reader, row_bytes, image);
  std::vector<std::uint8_t> row(row_bytes);
  const int planes = layout.planes_apart ? layout.samples : 1;
  for (int plane = 0; plane < planes; ++plane) {
    for (int y = 0; y < layout.height; ++y) {
      if (TIFFReadScanline(tiff, row.data(), static_cast<std::uint32_t>(y), static_cast<std::uint16_t>(plane)) != 1) {
        reader.refuse();
      }
      put_tiff_row(layout, row.data(), plane, 0, y, layout.width, image);
    }
  }
}

void read_tiles(const Reader& reader, const TiffLayout& layout, Image& image) {
  TIFF* tiff = reader.tiff.get();
  const auto width = reader.number<std::uint32_t>(TIFFTAG_TILEWIDTH);
  const auto height = reader.number<std::uint32_t>(TIFFTAG_TILELENGTH);
  check_size(width, height, reader.name);
  const std::uint64_t row_bytes = layout.row_bytes(width);
  check_plausible(reader, row_bytes * height);
  if (TIFFTileSize64(tiff) != row_bytes * height) refuse_damaged(reader.name, "its tiles have no consistent size");
  std::vector<std::uint8_t> tile(row_bytes * height);
  const int tile_width = static_cast<int>(width);
  const int tile_height = static_cast<int>(height);
  const int planes = layout.planes_apart ? layout.samples : 1;
  for (int plane = 0; plane < planes; ++plane) {
    for (int y = 0; y < layout.height; y += tile_height) {
      for (int x = 0; x < layout.width; x += tile_width) {
        if (TIFFReadTile(tiff, tile.data(), static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), 0,
                         static_cast<std::uint16_t>(plane)) < 0) {
          reader.refuse();
        }
        const int columns = std::min(tile_width, layout.width - x);
        for (int i = 0; i < std::min(tile_height, layout.height - y); ++i) {
          put_tiff_row(layout, tile.data() + static_cast<std::uint64_t>(i) * row_bytes, plane, x, y + i, columns,
                       image);
        }
      }
    }
  }
}

}  // namespace

Palette palette_of_tiff(Bytes bytes) {
  const std::string name = "the file";
  Reader reader{{bytes}, name};
  open(reader);
  const TiffLayout layout = read_layout(reader);
  const bool inverted = layout.colors == TiffColors::kWhiteIsZero;
  const bool changed = inverted || (layout.colors == TiffColors::kBlackIsZero && layout.bits < 8);
  Palette palette;
  for (const auto& entry : layout.palette) {
    palette.push_back({static_cast<std::uint8_t>(entry[0]), static_cast<std::uint8_t>(entry[1]),
                       static_cast<std::uint8_t>(entry[2])});
  }
  const int full = (1 << std::min(layout.bits, 8)) - 1;
  for (int value = 0; changed && layout.bits <= 8 && value <= full; ++value) {
    const auto grey = static_cast<std::uint8_t>((inverted ? full - value : value) * (255 / full));
    palette.push_back({grey, grey, grey});
  }
  return palette;
}

ImageFile decode_tiff(Bytes bytes, const std::string& name) {
  Reader reader{{bytes}, name};
  open(reader);
  const TiffLayout layout = read_layout(reader);
  const std::uint64_t planes = layout.planes_apart ? static_cast<std::uint64_t>(layout.samples) : 1;
  check_plausible(reader, layout.row_bytes(static_cast<std::uint64_t>(layout.width)) *
                              static_cast<std::uint64_t>(layout.height) * planes);
  ImageFile file;
  file.format = ImageFormat::kTiff;
  file.image =
      Image(layout.width, layout.height, layout.color_channels() + (layout.alpha >= 0 ? 1 : 0), layout.bit_depth());
  if (TIFFIsTiled(reader.tiff.get()) != 0) {
    read_tiles(reader, layout, file.image);
  } else {
    read_rows(reader, layout, file.image);
  }
  if (layout.premultiplied) unpremultiply(file.image);
  read_tiff_metadata(reader.tiff.get(), bytes, layout, file.metadata);
  apply_tiff_colors(reader.tiff.get(), layout, file.metadata);
  // It goes on to other pages, so it comes last.
  if (has_further_pages(reader.tiff.get(), file.metadata))
    log::notice(printable(name) + " has several pages; only the first is read");
  return file;
}

}  // namespace zimage::codecs
