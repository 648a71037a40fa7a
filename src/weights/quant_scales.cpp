#include "weights/quant_scales.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace zimage {
namespace {

// cuBLAS lays block scales out in tiles of 128 rows and 4 blocks.
constexpr std::int64_t kTileRows = 128;
constexpr std::int64_t kTileBlocks = 4;

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Returns whether convrot may have groups of this size. The kernels' sums hold up to 4^11.
bool is_rotation_group(std::int64_t value) {
  return value >= 4 && value <= (std::int64_t{1} << 22) && (value & (value - 1)) == 0 &&
         (value & 0x5555555555555555) != 0;
}

std::optional<at::ScalarType> number_type(const std::string& dtype) {
  if (dtype == "F32") return at::kFloat;
  if (dtype == "F16") return at::kHalf;
  if (dtype == "BF16") return at::kBFloat16;
  return std::nullopt;
}

std::string wrong_dtype(const std::string& name, const RawTensor& scale, const char* should_be) {
  return concat({"has the scale ", in_quotes(name), " stored as ", scale.dtype, ", which should be ", should_be});
}

/// Returns numbers in fp32, copied: scales are few, and pages of the file that held them may leave memory.
at::Tensor read_numbers(const RawTensor& scale, const std::vector<std::int64_t>& shape) {
  return view_bytes(scale.range, shape, *number_type(scale.dtype))
      .to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

}  // namespace

std::string ScaleReader::name_of(std::string_view suffix) const { return concat({layer_, ".", suffix}); }

const RawTensor* ScaleReader::find(std::string_view suffix) {
  const auto found = file_.tensors.find(name_of(suffix));
  if (found == file_.tensors.end()) return nullptr;
  used_.insert(found->first);
  return &found->second;
}

std::string ScaleReader::wrong_shape(std::string_view suffix, const RawTensor& scale,
                                     const std::string& should_be) const {
  return concat({"is ", shape_text(weight_.shape), ", but its scale ", in_quotes(name_of(suffix)), " is ",
                 shape_text(scale.shape), " and should be ", should_be});
}

std::string ScaleReader::not_finite(std::string_view suffix, const at::Tensor& scale) const {
  if (at::isfinite(scale).all().item<bool>()) return {};
  return concat({"has the scale ", in_quotes(name_of(suffix)), ", which is not finite"});
}

std::string ScaleReader::lacks_marker(bool others_have) const {
  if (file_.tensors.contains(name_of("scale_weight"))) {
    return concat({"has the scale ", in_quotes(name_of("scale_weight")), ", but the file has no \"scaled_fp8\""});
  }
  if (!others_have) return {};  // fp8 with a scale can be nothing else
  return concat({"has a scale, but no marker ", in_quotes(name_of("comfy_quant")), ", and other weights have one"});
}

bool ScaleReader::has_scale_of_fp8() const {
  // A layer with a scale of its input has one of its weight too: if only that is left, the other was lost.
  for (const char* suffix : {"weight_scale", "scale_weight", "input_scale", "scale_input"}) {
    if (file_.tensors.contains(name_of(suffix))) return true;
  }
  return false;
}

std::string ScaleReader::read_factor(std::string_view suffix, std::int64_t rows, at::Tensor& out) {
  const RawTensor* scale = find(suffix);
  if (scale == nullptr) return concat({"lacks its scale ", in_quotes(name_of(suffix))});
  if (!number_type(scale->dtype)) return wrong_dtype(name_of(suffix), *scale, "F32");
  const std::int64_t count = count_values(scale->shape);
  if (count == 1) {
    out = read_numbers(*scale, {});
  } else if (rows != 0 && count == rows && scale->shape.front() == rows) {
    out = read_numbers(*scale, {rows});
  } else {
    return wrong_shape(suffix, *scale, rows == 0 ? "[]" : concat({"[] or [", std::to_string(rows), ", 1]"}));
  }
  return not_finite(suffix, out);
}

std::string ScaleReader::read_column_scale(std::int64_t columns, TensorEntry& entry) {
  // It multiplies what goes into the layer, so it multiplies the weight's columns.
  constexpr std::string_view kSuffix = "pre_quant_scale";
  const RawTensor* scale = find(kSuffix);
  if (scale == nullptr) return {};
  if (!number_type(scale->dtype)) return wrong_dtype(name_of(kSuffix), *scale, "F32");
  if (count_values(scale->shape) != columns || scale->shape.empty() || scale->shape.back() != columns) {
    return wrong_shape(kSuffix, *scale, concat({"[", std::to_string(columns), "]"}));
  }
  entry.scales.column_scale = read_numbers(*scale, {columns});
  return not_finite(kSuffix, entry.scales.column_scale);
}

std::string ScaleReader::read_fp8(bool old_names, TensorEntry& entry) {
  const auto has = [&](const char* suffix) { return file_.tensors.contains(name_of(suffix)); };
  const bool old_name = !has("weight_scale") && (old_names || has("scale_weight") || has("scale_input"));
  // Only the quantisation of a layer's input needs these, and inputs aren't quantised here.
  use("input_scale");
  use("scale_input");
  const std::int64_t rows = weight_.shape.empty() ? 1 : weight_.shape.front();
  const std::string problem = read_factor(old_name ? "scale_weight" : "weight_scale", rows, entry.scales.scale);
  if (!problem.empty()) return problem;
  return read_column_scale(rows == 0 ? 0 : count_values(weight_.shape) / rows, entry);
}

std::string ScaleReader::read_int8(std::int64_t rotation, TensorEntry& entry) {
  use("input_scale");
  const std::int64_t rows = weight_.shape.empty() ? 1 : weight_.shape.front();
  const std::int64_t columns = rows == 0 ? 0 : count_values(weight_.shape) / rows;
  if (rotation != 0 && (!is_rotation_group(rotation) || columns % rotation != 0)) {
    return concat({"is ", shape_text(weight_.shape), " and rotated (convrot) in groups of ", std::to_string(rotation),
                   ", which should be a power of 4 that divides ", std::to_string(columns)});
  }
  entry.scales.rotation = rotation;
  const std::string problem = read_factor("weight_scale", rows, entry.scales.scale);
  return problem.empty() ? read_column_scale(columns, entry) : problem;
}

std::string ScaleReader::read_blocks(std::int64_t group_size, TensorEntry& entry) {
  use("input_scale");
  const bool nvfp4 = entry.info.encoding == Encoding::kNVFP4;
  const char* format = nvfp4 ? "nvfp4" : "mxfp8";
  const std::int64_t block = nvfp4 ? 16 : 32;
  if (group_size != 0 && group_size != block) {
    return concat({"has a marker that says groups of ", std::to_string(group_size), ", where ", format, " has ",
                   std::to_string(block)});
  }
  // Both sides are above 0, so that neither product can overflow: the tensor's bytes are in the file.
  const std::vector<std::int64_t>& stored = weight_.shape;
  const bool matrix = stored.size() == 2 && stored[0] > 0;
  const std::int64_t columns = matrix ? stored[1] * (nvfp4 ? 2 : 1) : 0;
  if (columns == 0 || columns % block != 0) {
    return concat({"is ", shape_text(stored), ", which can't be ", format, ": a row has blocks of ",
                   std::to_string(nvfp4 ? block / 2 : block), " bytes"});
  }
  entry.info.shape = {stored[0], columns};
  if (nvfp4) {
    const std::string problem = read_factor("weight_scale_2", 0, entry.scales.scale);
    if (!problem.empty()) return problem;
  }
  const RawTensor* scale = find("weight_scale");
  if (scale == nullptr) return concat({"lacks its scale ", in_quotes(name_of("weight_scale"))});
  const char* dtype = nvfp4 ? "F8_E4M3" : "F8_E8M0";
  if (scale->dtype != dtype && scale->dtype != "U8") return wrong_dtype(name_of("weight_scale"), *scale, dtype);
  const std::vector<std::int64_t> wanted = {round_up(stored[0], kTileRows), round_up(columns / block, kTileBlocks)};
  if (scale->shape != wanted) return wrong_shape("weight_scale", *scale, shape_text(wanted));
  entry.block_scale = scale->range;
  entry.info.block_scale = name_of("weight_scale");
  return read_column_scale(columns, entry);
}

}  // namespace zimage
