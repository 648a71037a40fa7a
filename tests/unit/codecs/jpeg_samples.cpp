#include "unit/codecs/jpeg_samples.h"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <stdexcept>

namespace zimage::test {
namespace {

constexpr std::array<jpeg_scan_info, 3> kSeparateScans = {
    {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}}};

void set_scans(jpeg_compress_struct& info, const JpegRecipe& recipe) {
  if (recipe.progressive) jpeg_simple_progression(&info);
  if (recipe.progressive_scans > 0) info.num_scans = recipe.progressive_scans;
  if (!recipe.interleaved) {
    info.scan_info = kSeparateScans.data();
    info.num_scans = info.num_components;
  }
}

}  // namespace

Bytes jpeg(const Image& image, const JpegRecipe& recipe) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &out, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = image.channels;
  info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  if (recipe.rgb) jpeg_set_colorspace(&info, JCS_RGB);
  jpeg_set_quality(&info, recipe.quality, TRUE);
  if (recipe.wide_table) info.quant_tbl_ptrs[0]->quantval[63] = 9000;
  for (int c = 0; c < image.channels; ++c) {
    info.comp_info[c].h_samp_factor = recipe.sampling.at(static_cast<std::size_t>(c))[0];
    info.comp_info[c].v_samp_factor = recipe.sampling.at(static_cast<std::size_t>(c))[1];
  }
  info.restart_interval = recipe.restart_interval;
  info.arith_code = recipe.arithmetic ? TRUE : FALSE;
  if (recipe.dots_per_cm > 0) {
    info.density_unit = 2;
    info.X_density = info.Y_density = static_cast<UINT16>(recipe.dots_per_cm);
  }
  set_scans(info, recipe);
  jpeg_start_compress(&info, TRUE);
  std::vector<JSAMPLE> row(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels));
  while (info.next_scanline < info.image_height) {
    const std::size_t start = image.index(0, static_cast<int>(info.next_scanline));
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<JSAMPLE>(image.samples[start + i]);
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&info, &rows, 1);
  }
  jpeg_finish_compress(&info);
  Bytes bytes(out, out + size);
  jpeg_destroy_compress(&info);
  std::free(out);
  return bytes;
}

JpegContent content_of(const Bytes& file) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.size()));
  jpeg_read_header(&info, TRUE);
  JpegContent out;
  out.components_of_first_scan = info.comps_in_scan;
  jvirt_barray_ptr* arrays = jpeg_read_coefficients(&info);
  out.max_h = info.max_h_samp_factor;
  out.max_v = info.max_v_samp_factor;
  out.space = info.jpeg_color_space;
  out.progressive = info.progressive_mode != FALSE;
  out.restart_interval = info.restart_interval;
  out.density_unit = info.density_unit;
  out.density = info.X_density;
  for (int p = 0; p < info.num_components; ++p) {
    const jpeg_component_info& component = info.comp_info[p];
    JpegPlaneBlocks plane;
    plane.width = static_cast<int>(component.width_in_blocks);
    plane.height = static_cast<int>(component.height_in_blocks);
    plane.h = component.h_samp_factor;
    plane.v = component.v_samp_factor;
    std::copy_n(component.quant_table->quantval, DCTSIZE2, plane.quantisation.begin());
    for (unsigned y = 0; y < component.height_in_blocks; ++y) {
      const JBLOCKROW row =
          info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info), arrays[p], y, 1, FALSE)[0];
      for (int x = 0; x < plane.width; ++x) {
        std::copy_n(row[x], DCTSIZE2, plane.blocks.emplace_back().begin());
      }
    }
    out.planes.push_back(std::move(plane));
  }
  if (errors.num_warnings > 0) throw std::runtime_error("a JPEG with warnings");
  jpeg_destroy_decompress(&info);
  return out;
}

std::vector<JpegRecipe> jpeg_recipes() {
  const auto recipe = [](const std::string& name, std::vector<std::array<int, 2>> sampling, auto change) {
    JpegRecipe out;
    out.name = name;
    out.sampling = std::move(sampling);
    change(out);
    return out;
  };
  const auto plain = [](JpegRecipe&) {};
  return {recipe("4:4:4", {{1, 1}, {1, 1}, {1, 1}}, plain),
          recipe("4:2:2", {{2, 1}, {1, 1}, {1, 1}}, plain),
          recipe("4:2:0", {{2, 2}, {1, 1}, {1, 1}}, plain),
          recipe("4:4:0", {{1, 2}, {1, 1}, {1, 1}}, plain),
          recipe("4:1:1", {{4, 1}, {1, 1}, {1, 1}}, plain),
          recipe("4:1:0", {{4, 2}, {1, 1}, {1, 1}}, plain),
          recipe("4:4:4 with factors of 2", {{2, 1}, {2, 1}, {2, 1}}, plain),
          recipe("Cb unlike Cr", {{2, 2}, {2, 1}, {1, 2}}, plain),
          recipe("more blocks than a MCU takes", {{2, 2}, {2, 2}, {2, 2}}, [](auto& r) { r.interleaved = false; }),
          recipe("grey", {{1, 1}}, plain),
          recipe("grey with factors of 2", {{2, 2}}, plain),
          recipe("grey progressive", {{1, 1}}, [](auto& r) { r.progressive = true; }),
          recipe("RGB", {{1, 1}, {1, 1}, {1, 1}}, [](auto& r) { r.rgb = true; }),
          recipe("4:2:0 progressive", {{2, 2}, {1, 1}, {1, 1}}, [](auto& r) { r.progressive = true; }),
          recipe("4:2:2 restarts", {{2, 1}, {1, 1}, {1, 1}}, [](auto& r) { r.restart_interval = 3; }),
          recipe("4:2:0 not interleaved", {{2, 2}, {1, 1}, {1, 1}}, [](auto& r) { r.interleaved = false; }),
          recipe("4:2:0 arithmetic", {{2, 2}, {1, 1}, {1, 1}}, [](auto& r) { r.arithmetic = true; }),
          recipe("4:2:0 wide table", {{2, 2}, {1, 1}, {1, 1}}, [](auto& r) { r.wide_table = true; }),
          recipe("4:4:4 quality 100", {{1, 1}, {1, 1}, {1, 1}}, [](auto& r) { r.quality = 100; })};
}

Image textured_image(int width, int height, int channels, unsigned seed) {
  std::mt19937 random(seed);
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const int base = 40 + (x * (3 + c) + y * (5 - c)) % 140;
        image.samples.set(image.index(x, y, c), static_cast<std::uint16_t>(base + static_cast<int>(random() % 60)));
      }
    }
  }
  return image;
}

}  // namespace zimage::test
