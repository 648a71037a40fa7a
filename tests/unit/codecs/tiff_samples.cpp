#include "unit/codecs/tiff_samples.h"

#include <tiffio.h>

#include <algorithm>

#include "codecs/metadata/exif_directory.h"

namespace zimage::test {
namespace {

using codecs::exif::Entry;

/// Packs samples as in a row: bits from the high end, 16 bits in the machine's byte order.
Bytes packed(const std::vector<std::uint16_t>& samples, int bits) {
  Bytes out;
  unsigned held = 0;
  int filled = 0;
  for (const std::uint16_t sample : samples) {
    if (bits == 16) {
      out.push_back(static_cast<std::uint8_t>(sample & 0xff));
      out.push_back(static_cast<std::uint8_t>(sample >> 8));
      continue;
    }
    held = held << bits | sample;
    filled += bits;
    if (filled == 8) {
      out.push_back(static_cast<std::uint8_t>(held));
      held = 0;
      filled = 0;
    }
  }
  if (filled > 0) out.push_back(static_cast<std::uint8_t>(held << (8 - filled)));
  return out;
}

/// Returns `count` pixels of row y from column x on (0 beyond the picture), with all samples or one of them.
std::vector<std::uint16_t> pixels_of(const Image& image, int x, int y, int count, int plane) {
  std::vector<std::uint16_t> out;
  for (int i = x; i < x + count; ++i) {
    for (int c = 0; c < image.channels; ++c) {
      if (plane >= 0 && c != plane) continue;
      out.push_back(i < image.width && y < image.height ? image.samples[image.index(i, y, c)] : std::uint16_t{0});
    }
  }
  return out;
}

void set_fields(TIFF* file, const Image& image, const TiffKind& kind) {
  TIFFSetField(file, TIFFTAG_IMAGEWIDTH, image.width);
  TIFFSetField(file, TIFFTAG_IMAGELENGTH, image.height);
  TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, kind.bits);
  TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, image.channels);
  TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, kind.sample_format);
  TIFFSetField(file, TIFFTAG_COMPRESSION, kind.compression);
  TIFFSetField(file, TIFFTAG_PLANARCONFIG, kind.planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  TIFFSetField(file, TIFFTAG_ORIENTATION, kind.orientation);
  const int photometric = kind.photometric >= 0 ? kind.photometric
                          : kind.palette        ? PHOTOMETRIC_PALETTE
                          : kind.white_is_zero  ? PHOTOMETRIC_MINISWHITE
                          : image.channels >= 3 ? PHOTOMETRIC_RGB
                                                : PHOTOMETRIC_MINISBLACK;
  TIFFSetField(file, TIFFTAG_PHOTOMETRIC, photometric);
  if (image.has_alpha() && kind.photometric < 0) {
    const std::uint16_t extra = kind.premultiplied ? EXTRASAMPLE_ASSOCALPHA : EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(file, TIFFTAG_EXTRASAMPLES, 1, &extra);
  }
  if (kind.palette) {
    std::vector<std::uint16_t> colors[3];
    for (unsigned i = 0; i < 1u << kind.bits; ++i) {
      colors[0].push_back(static_cast<std::uint16_t>(i * 257));
      colors[1].push_back(static_cast<std::uint16_t>((255 - i) * 257));
      colors[2].push_back(static_cast<std::uint16_t>(7 * i % 256 * 257));
    }
    TIFFSetField(file, TIFFTAG_COLORMAP, colors[0].data(), colors[1].data(), colors[2].data());
  }
  if (!kind.icc.empty())
    TIFFSetField(file, TIFFTAG_ICCPROFILE, static_cast<std::uint32_t>(kind.icc.size()), kind.icc.data());
  if (!kind.xmp.empty())
    TIFFSetField(file, TIFFTAG_XMLPACKET, static_cast<std::uint32_t>(kind.xmp.size()), kind.xmp.data());
}

void write_pixels(TIFF* file, const Image& image, const TiffKind& kind) {
  const int planes = kind.planar ? image.channels : 1;
  if (kind.tile == 0) {
    TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, kind.rows_per_strip);
    for (int plane = 0; plane < planes; ++plane) {
      for (int y = 0; y < image.height; ++y) {
        Bytes row = packed(pixels_of(image, 0, y, image.width, kind.planar ? plane : -1), kind.bits);
        TIFFWriteScanline(file, row.data(), static_cast<std::uint32_t>(y), static_cast<std::uint16_t>(plane));
      }
    }
    return;
  }
  TIFFSetField(file, TIFFTAG_TILEWIDTH, kind.tile);
  TIFFSetField(file, TIFFTAG_TILELENGTH, kind.tile);
  for (int plane = 0; plane < planes; ++plane) {
    for (int y = 0; y < image.height; y += kind.tile) {
      for (int x = 0; x < image.width; x += kind.tile) {
        Bytes tile;
        for (int i = 0; i < kind.tile; ++i) {
          const Bytes row = packed(pixels_of(image, x, y + i, kind.tile, kind.planar ? plane : -1), kind.bits);
          tile.insert(tile.end(), row.begin(), row.end());
        }
        TIFFWriteTile(file, tile.data(), static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), 0,
                      static_cast<std::uint16_t>(plane));
      }
    }
  }
}

}  // namespace

Bytes plain_tiff(const Image& image, bool big_endian) {
  Bytes block = big_endian ? Bytes{'M', 'M', 0, 42, 0, 0, 0, 8} : Bytes{'I', 'I', 42, 0, 8, 0, 0, 0};
  const std::size_t bytes = image.samples.size() * static_cast<std::size_t>(image.bit_depth / 8);
  const auto entry = [&](unsigned tag, std::size_t value) {
    return codecs::exif::long_entry(static_cast<std::uint16_t>(tag), static_cast<std::uint32_t>(value), big_endian);
  };
  const bool alpha = image.has_alpha();
  const std::size_t pixels_at = 8 + 2 + (alpha ? 10 : 9) * 12 + 4 + 8;
  std::vector<Entry> entries = {entry(256, static_cast<std::size_t>(image.width)),
                                entry(257, static_cast<std::size_t>(image.height)),
                                entry(258, 0),
                                entry(259, 1),
                                entry(262, image.channels >= 3 ? 2 : 1),
                                entry(273, pixels_at),
                                entry(277, static_cast<std::size_t>(image.channels)),
                                entry(278, static_cast<std::size_t>(image.height)),
                                entry(279, bytes)};
  // The bits of each sample come after the directory, unless they fit into the entry.
  if (image.channels > 2) {
    entries[2] = entry(258, pixels_at - 8);
  } else {
    const auto bits = static_cast<std::size_t>(image.bit_depth);
    entries[2] = entry(258, bits << 16 | bits);
  }
  entries[2].type = 3;
  entries[2].count = static_cast<std::uint32_t>(image.channels);
  if (alpha) {
    entries.push_back(entry(338, big_endian ? 2u << 16 : 2u));
    entries.back().type = 3;
  }
  codecs::exif::append_directory(block, entries, 0, big_endian);
  block.resize(pixels_at);
  for (std::size_t c = 0; c < 4; ++c) {
    codecs::exif::put_u16(block, pixels_at - 8 + 2 * c, static_cast<std::uint16_t>(image.bit_depth), big_endian);
  }
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    const std::uint16_t sample = image.samples[i];
    const auto high = static_cast<std::uint8_t>(sample >> 8);
    const auto low = static_cast<std::uint8_t>(sample & 0xff);
    if (image.bit_depth == 16) block.push_back(big_endian ? high : low);
    block.push_back(image.bit_depth == 16 && !big_endian ? high : low);
  }
  return block;
}

Bytes tiff_of(const Image& image, const TiffKind& kind) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "sample.tif";
  const std::string mode = std::string("w") + (kind.big_endian ? "b" : "l") + (kind.big_tiff ? "8" : "");
  TIFF* file = TIFFOpen(path.c_str(), mode.c_str());
  for (int page = 0; page < kind.pages; ++page) {
    set_fields(file, image, kind);
    write_pixels(file, image, kind);
    TIFFWriteDirectory(file);
  }
  TIFFClose(file);
  return read(path);
}

}  // namespace zimage::test
