#include "codecs/jpeg/jpeg_turn.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>

#include "codecs/jpeg/jpeg_encoder.h"
#include "codecs/jpeg/jpeg_rows.h"
#include "image/orientation.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

/// Rows of blocks that are moved at a time: so many blocks go side by side where they become columns.
constexpr unsigned kTile = 8;

/// The coefficients of a block change places with the sides, and some their sign: mirrored, a wave of an odd frequency
/// is upside down.
class BlockTurn {
 public:
  explicit BlockTurn(int orientation) : sides_(turns_sides(orientation)) {
    for (std::size_t v = 0; v < DCTSIZE; ++v) {
      for (std::size_t u = 0; u < DCTSIZE; ++u) {
        const bool negative = (mirrors(orientation) && u % 2 == 1) != (flips(orientation) && v % 2 == 1);
        sign_[v * DCTSIZE + u] = static_cast<JCOEF>(negative ? -1 : 1);
      }
    }
  }

  void operator()(const JCOEF* block, JCOEF* turned) const {
    if (sides_) {
      for (std::size_t v = 0; v < DCTSIZE; ++v) {
        for (std::size_t u = 0; u < DCTSIZE; ++u) turned[v * DCTSIZE + u] = block[u * DCTSIZE + v];
      }
      block = turned;
    }
    for (std::size_t i = 0; i < DCTSIZE2; ++i) turned[i] = static_cast<JCOEF>(block[i] * sign_[i]);
  }

 private:
  bool sides_;
  std::array<JCOEF, DCTSIZE2> sign_;
};

/// One plane's blocks on their way. Places are counted in blocks.
class PlaneTurn {
 public:
  PlaneTurn(JpegDecoder& from, JpegDecoder& to, int p, int orientation)
      : from_(from),
        to_(to),
        p_(p),
        width_(to.info.comp_info[p].width_in_blocks),
        height_(to.info.comp_info[p].height_in_blocks),
        sides_(turns_sides(orientation)),
        mirrored_(mirrors(orientation)),
        flipped_(flips(orientation)),
        block_(orientation) {}

  void run() {
    const unsigned rows = sides_ ? width_ : height_;
    for (unsigned row = 0; row < rows; row += kTile) {
      if (sides_) {
        become_columns(row, std::min(kTile, rows - row));
      } else {
        for (unsigned i = row; i < std::min(row + kTile, rows); ++i) become_row(i);
      }
    }
  }

 private:
  static JBLOCKROW row_of(JpegDecoder& decoder, int p, unsigned row, bool written) {
    return decoder.info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&decoder.info), decoder.coefficients[p],
                                                row, 1, written ? TRUE : FALSE)[0];
  }

  void become_row(unsigned row) {
    const JBLOCK* from = row_of(from_, p_, row, false);
    JBLOCK* to = row_of(to_, p_, flipped_ ? height_ - 1 - row : row, true);
    for (unsigned i = 0; i < width_; ++i) block_(from[i], to[mirrored_ ? width_ - 1 - i : i]);
  }

  /// Rows row, row + 1, …: through memory that stays in the processor's cache, as single blocks far apart don't.
  void become_columns(unsigned row, unsigned count) {
    tile_.resize(std::size_t{height_} * kTile * DCTSIZE2);
    for (unsigned i = 0; i < count; ++i) {
      const JBLOCK* from = row_of(from_, p_, row + i, false);
      const unsigned column = mirrored_ ? count - 1 - i : i;
      for (unsigned k = 0; k < height_; ++k)
        block_(from[k], tile_.data() + (std::size_t{k} * kTile + column) * DCTSIZE2);
    }
    const unsigned left = mirrored_ ? width_ - row - count : row;
    for (unsigned k = 0; k < height_; ++k) {
      JBLOCK* to = row_of(to_, p_, flipped_ ? height_ - 1 - k : k, true);
      std::memcpy(to + left, tile_.data() + std::size_t{k} * kTile * DCTSIZE2, count * sizeof(JBLOCK));
    }
  }

  JpegDecoder& from_;
  JpegDecoder& to_;
  int p_;
  unsigned width_;   ///< of the turned plane
  unsigned height_;  ///< of the turned plane
  bool sides_;
  bool mirrored_;
  bool flipped_;
  BlockTurn block_;
  std::vector<JCOEF> tile_;
};

/// One MCU of it.
bool encode_mcu(JpegEncoder& encoder, const JpegSettings& settings, const Image& image,
                std::vector<std::uint8_t>& row) {
  if (!create(encoder, settings)) return false;
  if (setjmp(encoder.error.jump) != 0) return false;
  jpeg_start_compress(&encoder.info, TRUE);
  write_rows(encoder.info, image, 0, 0, row);
  jpeg_finish_compress(&encoder.info);
  return true;
}

/// `to` with all coefficients 0. That the file has no more than a header is what libjpeg warns of.
bool read_empty(JpegDecoder& to) {
  const auto warn = std::exchange(to.error.manager.emit_message, [](j_common_ptr, int) {});
  const bool read = read_coefficients_for_pixels(to);
  to.error.manager.emit_message = warn;
  return read;
}

/// libjpeg's errors while blocks are reached for, of either decoder.
bool run_plane(PlaneTurn& plane, JpegDecoder& from, JpegDecoder& to) {
  if (setjmp(from.error.jump) != 0) {
    std::copy(std::begin(from.error.message), std::end(from.error.message), to.error.message);
    return false;
  }
  if (setjmp(to.error.jump) != 0) return false;
  plane.run();
  return true;
}

}  // namespace

std::optional<JpegSettings> turned_settings(const JpegSettings& settings, int orientation) {
  JpegSettings turned = settings;
  if (turns_sides(orientation)) {
    std::swap(turned.width, turned.height);
    std::swap(turned.density_x, turned.density_y);
    for (int p = 0; p < settings.planes; ++p) {
      const JpegPlane& from = settings.plane[static_cast<std::size_t>(p)];
      JpegPlane& to = turned.plane[static_cast<std::size_t>(p)];
      std::swap(to.h, to.v);
      for (std::size_t i = 0; i < DCTSIZE2; ++i) {
        to.quantisation[i] = from.quantisation[i % DCTSIZE * DCTSIZE + i / DCTSIZE];
      }
    }
  }
  if (mirrors(orientation) && turned.width % turned.mcu_width() != 0) return std::nullopt;
  if (flips(orientation) && turned.height % turned.mcu_height() != 0) return std::nullopt;
  if (blocks_of_mcu(turned) > C_MAX_BLOCKS_IN_MCU) return std::nullopt;
  return turned;
}

std::vector<std::uint8_t> empty_jpeg(const JpegSettings& settings) {
  JpegSettings one = settings;
  one.width = settings.mcu_width();
  one.height = settings.mcu_height();
  one.progressive = false;
  one.interleaved = true;
  one.optimized = false;
  one.restart_interval = 0;
  JpegEncoder encoder;
  std::vector<std::uint8_t> row;
  if (!encode_mcu(encoder, one, Image(one.width, one.height, one.planes), row)) {
    throw Error(ErrorCode::kRuntime, std::string("the JPEG can't be turned: ") + encoder.error.message);
  }
  std::vector<std::uint8_t> file = encoder.file();
  // Segments (T.81, annex B): a marker, and two bytes that say how long the rest is.
  constexpr std::uint8_t kBaseline = 0xc0;
  constexpr std::uint8_t kExtended = 0xc1;
  constexpr std::uint8_t kScan = 0xda;
  for (std::size_t at = 2; at + 9 < file.size();) {
    const std::uint8_t marker = file[at + 1];
    if (marker == kBaseline || marker == kExtended) {
      const auto height = static_cast<unsigned>(settings.height);
      const auto width = static_cast<unsigned>(settings.width);
      for (const auto& [place, value] : {std::pair(at + 5, height), std::pair(at + 7, width)}) {
        file[place] = static_cast<std::uint8_t>(value >> 8);
        file[place + 1] = static_cast<std::uint8_t>(value);
      }
    }
    at += 2 + std::size_t{file[at + 2]} * 256 + file[at + 3];
    if (marker != kScan) continue;
    file.resize(at);
    file.insert(file.end(), {0xff, JPEG_EOI});
    return file;
  }
  throw Error(ErrorCode::kRuntime, "the JPEG can't be turned: its header has no scan");
}

bool turn(JpegDecoder& from, JpegDecoder& to, const JpegSettings& settings, int orientation) {
  if (!read_empty(to)) return false;
  for (int p = 0; p < settings.planes; ++p) {
    PlaneTurn plane(from, to, p, orientation);
    if (!run_plane(plane, from, to)) return false;
  }
  return true;
}

}  // namespace zimage::codecs
