#include "weights/comfy_quant.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "base/text.h"
#include "weights/quant_markers.h"
#include "weights/quant_scales.h"

namespace zimage {
namespace {

constexpr std::string_view kWeight = ".weight";

/// A format as its marker calls it, and the dtype of its weights.
struct QuantFormat {
  std::string_view name;
  std::string_view dtype;
  Encoding encoding;
};

constexpr std::array<QuantFormat, 5> kFormats{{
    {"float8_e4m3fn", "F8_E4M3", Encoding::kF8E4M3},
    {"float8_e5m2", "F8_E5M2", Encoding::kF8E5M2},
    {"int8_tensorwise", "I8", Encoding::kInt8},
    {"nvfp4", "U8", Encoding::kNVFP4},
    {"mxfp8", "F8_E4M3", Encoding::kMXFP8},
}};

/// Every tensor that may lie beside a quantised weight. Those of formats that can't be read are among them: the weight
/// is reported then, and not its scales too.
constexpr std::array<std::string_view, 10> kSidecars{
    "comfy_quant",  "weight_scale", "weight_scale_2", "input_scale",      "pre_quant_scale",
    "scale_weight", "scale_input",  "weight_s_rel",   "weight_s_channel", "weight_codebook",
};

std::optional<Encoding> plain_encoding(const std::string& dtype) {
  if (dtype == "F32") return Encoding::kF32;
  if (dtype == "F16") return Encoding::kF16;
  if (dtype == "BF16") return Encoding::kBF16;
  // Files that were cast to fp8 have neither scale nor marker, also of their biases and norms.
  if (dtype == "F8_E4M3") return Encoding::kF8E4M3;
  if (dtype == "F8_E5M2") return Encoding::kF8E5M2;
  return std::nullopt;
}

bool is_fp8(const std::string& dtype) { return dtype == "F8_E4M3" || dtype == "F8_E5M2"; }

TensorEntry plain_entry(const RawTensor& raw) {
  TensorEntry entry;
  const auto encoding = plain_encoding(raw.dtype);
  entry.info = {.shape = raw.shape,
                .encoding = encoding.value_or(Encoding::kF32),
                .bytes = raw.range.end - raw.range.begin,
                .file = raw.range.file->path().string(),
                .problem = encoding ? std::string() : concat({"is stored as ", raw.dtype, ", which is not supported"})};
  entry.range = raw.range;
  return entry;
}

/// Reads a weight as its marker says; its entry comes from plain_entry(). Returns the problem, or "".
std::string read_marked(const QuantMarker& marker, const std::string& layer, const RawTensor& weight,
                        ScaleReader& scales, TensorEntry& entry) {
  if (!marker.problem.empty()) return concat({marker.problem, " (", in_quotes(layer + ".comfy_quant"), ")"});
  const auto* format =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const QuantFormat& f) { return f.name == marker.format; });
  if (format == kFormats.end()) return concat({"has the unknown quantisation format ", in_quotes(marker.format)});
  if (weight.dtype != format->dtype) {
    return concat({"is stored as ", weight.dtype, ", but its marker says ", in_quotes(format->name),
                   ", which is stored as ", format->dtype});
  }
  entry.info.encoding = format->encoding;
  if (marker.rotation != 0 && format->encoding != Encoding::kInt8) {
    return concat({"is rotated (convrot), which is not supported for ", in_quotes(format->name)});
  }
  switch (format->encoding) {
    case Encoding::kInt8: return scales.read_int8(marker.rotation, entry);
    case Encoding::kNVFP4:
    case Encoding::kMXFP8: return scales.read_blocks(marker.group_size, entry);
    default: return scales.read_fp8(false, entry);
  }
}

/// Groups one weight with its sidecars, whose names it adds to `used`.
TensorEntry read_weight(const RawFile& file, const QuantMarkers& markers, const std::string& name,
                        const RawTensor& weight, std::set<std::string>& used) {
  const std::string layer = name.substr(0, name.size() - kWeight.size());
  const QuantMarker* marker = markers.find(layer);
  TensorEntry entry = plain_entry(weight);
  ScaleReader scales(file, layer, weight);
  if (marker != nullptr) {
    entry.info.problem = read_marked(*marker, layer, weight, scales, entry);
    scales.use("comfy_quant");
  } else if (is_fp8(weight.dtype)) {
    const std::string scaled = markers.scaled_fp8(layer);
    const bool has_scale = scales.has_scale_of_fp8();
    if (!scaled.empty() || has_scale) entry.info.problem = scales.read_fp8(!scaled.empty(), entry);
    if (entry.info.problem.empty() && scaled.empty() && has_scale) {
      entry.info.problem = scales.lacks_marker(markers.any());
    }
    if (!scaled.empty()) used.insert(scaled);
  } else if (weight.dtype == "U8" || weight.dtype == "I8") {
    entry.info.problem = concat({"is stored as ", weight.dtype, ", but nothing says how it was quantised: there is no ",
                                 in_quotes(layer + ".comfy_quant"), ", and the header doesn't list it"});
  } else {
    return entry;
  }
  if (!entry.info.problem.empty()) {
    for (const std::string_view sidecar : kSidecars) scales.use(sidecar);
  }
  for (const std::string& sidecar : scales.used()) {
    const ByteRange& range = file.tensors.at(sidecar).range;
    entry.info.bytes += range.end - range.begin;
    used.insert(sidecar);
  }
  return entry;
}

}  // namespace

std::map<std::string, TensorEntry> group_quantised(const RawFile& file) {
  const QuantMarkers markers(file);
  std::set<std::string> used;
  std::map<std::string, TensorEntry> entries;
  for (const auto& [name, raw] : file.tensors) {
    entries.emplace_hint(entries.end(), name,
                         name.ends_with(kWeight) ? read_weight(file, markers, name, raw, used) : plain_entry(raw));
  }
  for (const std::string& name : used) entries.erase(name);
  return entries;
}

}  // namespace zimage
