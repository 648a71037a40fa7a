#include "codecs/jpeg/jpeg_settings.h"

#include <algorithm>
#include <iterator>

namespace zimage::codecs {
namespace {

constexpr std::uint16_t kMaxDivisor = 8191;

/// A scan for each component. libjpeg keeps a pointer to it.
constexpr std::array<jpeg_scan_info, 3> kSeparateScans = {
    {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}}};

bool read_plane(const jpeg_decompress_struct& info, const jpeg_component_info& component, JpegPlane& plane) {
  // This is the table that the component's first scan used; before the scans are read, take the one in its slot.
  const JQUANT_TBL* table = component.quant_table;
  if (table == nullptr && component.quant_tbl_no >= 0 && component.quant_tbl_no < NUM_QUANT_TBLS) {
    table = info.quant_tbl_ptrs[component.quant_tbl_no];
  }
  if (table == nullptr) return false;
  std::copy(std::begin(table->quantval), std::end(table->quantval), plane.quantisation.begin());
  plane.h = component.h_samp_factor;
  plane.v = component.v_samp_factor;
  plane.table = component.quant_tbl_no;
  return std::find(plane.quantisation.begin(), plane.quantisation.end(), 0) == plane.quantisation.end();
}

bool same_table(const JHUFF_TBL* a, const JHUFF_TBL* b) {
  return a != nullptr && b != nullptr && std::equal(std::begin(a->bits), std::end(a->bits), std::begin(b->bits)) &&
         std::equal(std::begin(a->huffval), std::end(a->huffval), std::begin(b->huffval));
}

/// Returns whether the file has the Huffman tables that libjpeg uses by default.
bool standard_tables(const jpeg_decompress_struct& info) {
  JpegEncoder encoder;
  prepare(encoder.error);
  jpeg_compress_struct& standard = encoder.info;
  standard.err = &encoder.error.manager;
  if (setjmp(encoder.error.jump) != 0) return false;
  jpeg_create_compress(&standard);
  standard.input_components = info.num_components;
  standard.in_color_space = info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&standard);
  jpeg_set_colorspace(&standard, info.jpeg_color_space);
  for (int p = 0; p < info.num_components; ++p) {
    const jpeg_component_info& from = info.comp_info[p];
    const jpeg_component_info& to = standard.comp_info[p];
    if (from.dc_tbl_no < 0 || from.dc_tbl_no >= NUM_HUFF_TBLS) return false;
    if (from.ac_tbl_no < 0 || from.ac_tbl_no >= NUM_HUFF_TBLS) return false;
    if (!same_table(info.dc_huff_tbl_ptrs[from.dc_tbl_no], standard.dc_huff_tbl_ptrs[to.dc_tbl_no])) return false;
    if (!same_table(info.ac_huff_tbl_ptrs[from.ac_tbl_no], standard.ac_huff_tbl_ptrs[to.ac_tbl_no])) return false;
  }
  return true;
}

/// A slot may have been refilled between scans: this gives the later component another slot.
void separate_tables(JpegSettings& settings) {
  for (int p = 1; p < settings.planes; ++p) {
    JpegPlane& plane = settings.plane[static_cast<std::size_t>(p)];
    const auto taken = [&](int slot) {
      return std::any_of(settings.plane.begin(), settings.plane.begin() + p, [&](const JpegPlane& other) {
        return other.table == slot && other.quantisation != plane.quantisation;
      });
    };
    if (!taken(plane.table)) continue;
    for (plane.table = 0; taken(plane.table);) ++plane.table;  // at most two of the four slots are taken
  }
}

/// Returns whether all sampling factors divide the largest: libjpeg resamples by whole numbers only.
bool whole_ratios(const JpegSettings& settings) {
  return std::all_of(settings.plane.begin(), settings.plane.begin() + settings.planes, [&](const JpegPlane& plane) {
    return settings.max_h() % plane.h == 0 && settings.max_v() % plane.v == 0;
  });
}

void apply_plane(jpeg_compress_struct& info, int p, const JpegPlane& plane) {
  jpeg_component_info& component = info.comp_info[p];
  component.h_samp_factor = plane.h;
  component.v_samp_factor = plane.v;
  component.quant_tbl_no = plane.table;
  JQUANT_TBL*& table = info.quant_tbl_ptrs[plane.table];
  if (table == nullptr) table = jpeg_alloc_quant_table(reinterpret_cast<j_common_ptr>(&info));
  std::copy(plane.quantisation.begin(), plane.quantisation.end(), table->quantval);
  table->sent_table = FALSE;
}

}  // namespace

int JpegSettings::max_h() const {
  return std::max_element(plane.begin(), plane.begin() + planes, [](const auto& a, const auto& b) { return a.h < b.h; })
      ->h;
}

int JpegSettings::max_v() const {
  return std::max_element(plane.begin(), plane.begin() + planes, [](const auto& a, const auto& b) { return a.v < b.v; })
      ->v;
}

int blocks_of_mcu(const JpegSettings& settings) {
  int blocks = 0;
  for (int p = 0; p < settings.planes; ++p) {
    const JpegPlane& plane = settings.plane[static_cast<std::size_t>(p)];
    blocks += plane.h * plane.v;
  }
  return blocks;
}

std::optional<JpegSettings> read_settings(JpegDecoder& decoder) {
  const jpeg_decompress_struct& info = decoder.info;
  JpegSettings settings;
  settings.width = static_cast<int>(info.image_width);
  settings.height = static_cast<int>(info.image_height);
  settings.planes = info.num_components;
  settings.space = info.jpeg_color_space;
  settings.progressive = info.progressive_mode != FALSE;
  settings.interleaved = info.comps_in_scan == info.num_components;
  settings.restart_interval = info.restart_interval;
  copy_density(decoder, settings);
  const bool grey = settings.space == JCS_GRAYSCALE && settings.planes == 1;
  const bool color = (settings.space == JCS_YCbCr || settings.space == JCS_RGB) && settings.planes == 3;
  if (!grey && !color) return std::nullopt;
  if (!settings.interleaved && decoder.coefficients == nullptr && !read_coefficients(decoder)) {
    refuse(decoder, kSourceName);
  }
  settings.optimized = !standard_tables(info);
  for (int p = 0; p < settings.planes; ++p) {
    if (!read_plane(info, info.comp_info[p], settings.plane[static_cast<std::size_t>(p)])) return std::nullopt;
  }
  if (grey) settings.plane[0].h = settings.plane[0].v = 1;
  if (!whole_ratios(settings)) return std::nullopt;
  separate_tables(settings);
  return settings;
}

JpegSettings settings_for(const JpegSettings& settings, int channels) {
  if (settings.planes == channels) return settings;
  JpegSettings out = settings;
  out.planes = channels;
  out.space = channels == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
  out.interleaved = true;
  for (JpegPlane& plane : out.plane) {
    plane = settings.plane[0];
    plane.h = plane.v = 1;
  }
  return out;
}

void copy_density(const JpegDecoder& decoder, JpegSettings& settings) {
  if (decoder.info.saw_JFIF_marker == FALSE) return;
  settings.density_unit = decoder.info.density_unit;
  settings.density_x = decoder.info.X_density;
  settings.density_y = decoder.info.Y_density;
}

void set_density(const std::optional<Resolution>& resolution, JpegSettings& settings) {
  const auto dots = resolution ? in_whole_dots(*resolution) : std::nullopt;
  if (!dots) return;
  settings.density_unit = dots->unit == DotsPer::kInch ? 1 : dots->unit == DotsPer::kCentimetre ? 2 : 0;
  settings.density_x = static_cast<int>(dots->x);
  settings.density_y = static_cast<int>(dots->y);
}

void limit_divisors(JpegPlane& plane) {
  for (std::uint16_t& value : plane.quantisation) value = std::min(value, kMaxDivisor);
}

void apply_settings(jpeg_compress_struct& info, const JpegSettings& settings) {
  info.image_width = static_cast<JDIMENSION>(settings.width);
  info.image_height = static_cast<JDIMENSION>(settings.height);
  info.input_components = settings.planes;
  info.in_color_space = settings.planes == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, settings.space);
  for (int p = 0; p < settings.planes; ++p) apply_plane(info, p, settings.plane[static_cast<std::size_t>(p)]);
  info.optimize_coding = settings.optimized ? TRUE : FALSE;
  info.restart_interval = settings.restart_interval;
  info.density_unit = static_cast<UINT8>(settings.density_unit);
  info.X_density = static_cast<UINT16>(settings.density_x);
  info.Y_density = static_cast<UINT16>(settings.density_y);
  // If an interleaved MCU would have too many blocks, code component by component.
  const bool separate = settings.planes > 1 && blocks_of_mcu(settings) > C_MAX_BLOCKS_IN_MCU;
  if (settings.progressive && !separate) {
    jpeg_simple_progression(&info);
  } else if (separate || !settings.interleaved) {
    info.scan_info = kSeparateScans.data();
    info.num_scans = settings.planes;
  }
}

}  // namespace zimage::codecs
