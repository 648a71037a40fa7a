#include "weights/quant_markers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/strict_json.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

using Json = nlohmann::json;

constexpr const char* kMetadataKey = "_quantization_metadata";
constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kComfyQuant = ".comfy_quant";
constexpr std::string_view kScaledFp8 = "scaled_fp8";
constexpr std::size_t kMaxMarkerBytes = std::size_t{1} << 20;
// ComfyUI takes this group size if the key is absent.
constexpr std::int64_t kDefaultRotation = 256;

/// Returns the option, which may be nested in `params`, as ComfyUI looks it up; null if it is absent.
const Json* option(const Json& options, const char* key) {
  if (const auto found = options.find(key); found != options.end()) return &*found;
  const auto params = options.find("params");
  if (params == options.end() || !params->is_object()) return nullptr;
  const auto found = params->find(key);
  return found == params->end() ? nullptr : &*found;
}

std::string bad_option(const char* key, const char* should_be) {
  return concat({"has a marker whose ", in_quotes(key), " is not ", should_be});
}

QuantMarker read_options(const Json& options) {
  QuantMarker marker;
  const auto format = options.find("format");
  if (format == options.end() || !format->is_string()) {
    marker.problem = bad_option("format", "a text");
    return marker;
  }
  marker.format = format->get<std::string>();
  bool rotated = false;
  if (const Json* convrot = option(options, "convrot")) {
    if (!convrot->is_boolean()) marker.problem = bad_option("convrot", "true or false");
    rotated = convrot->is_boolean() && convrot->get<bool>();
  }
  const auto size = [&](const char* key, std::int64_t fallback) {
    const Json* value = option(options, key);
    if (value == nullptr) return fallback;
    if (!value->is_number_integer()) marker.problem = bad_option(key, "a whole number");
    return value->is_number_integer() ? value->get<std::int64_t>() : fallback;
  };
  if (rotated) {
    marker.rotation = size("convrot_groupsize", kDefaultRotation);
    if (marker.rotation == 0) marker.problem = bad_option("convrot_groupsize", "above 0");
  }
  marker.group_size = size("group_size", 0);
  return marker;
}

QuantMarker read_marker_tensor(const std::string& name, const RawTensor& tensor) {
  QuantMarker marker;
  const auto bytes = tensor.range.bytes();
  if (tensor.dtype != "U8") {
    marker.problem = concat({"has the marker ", in_quotes(name), " stored as ", tensor.dtype, ", which should be U8"});
  } else if (bytes.size() > kMaxMarkerBytes) {
    marker.problem = concat({"has the marker ", in_quotes(name), ", which is too long for one"});
  } else {
    try {
      const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      marker = read_options(parse_strict_json(text, in_quotes(name)));
    } catch (const Error& error) {
      marker.problem = concat({"can't be understood: ", error.message()});
    }
  }
  return marker;
}

/// Finds layers by the ends of their names.
class LayerEnds {
 public:
  explicit LayerEnds(const RawFile& file) {
    for (const auto& item : file.tensors) {
      if (!item.first.ends_with(kWeight)) continue;
      const std::string layer = item.first.substr(0, item.first.size() - kWeight.size());
      reversed_.emplace_back(layer.rbegin(), layer.rend());
    }
    std::sort(reversed_.begin(), reversed_.end());
  }

  /// Returns the only layer whose name ends in "." and `end`.
  std::optional<std::string> only(const std::string& end) const {
    std::string start(end.rbegin(), end.rend());
    start += '.';
    const auto found = std::lower_bound(reversed_.begin(), reversed_.end(), start);
    if (found == reversed_.end() || !found->starts_with(start)) return std::nullopt;
    if (found + 1 != reversed_.end() && (found + 1)->starts_with(start)) return std::nullopt;
    return std::string(found->rbegin(), found->rend());
  }

 private:
  std::vector<std::string> reversed_;
};

}  // namespace

QuantMarkers::QuantMarkers(const RawFile& file) {
  for (const auto& [name, tensor] : file.tensors) {
    if (name.ends_with(kComfyQuant)) {
      add(name.substr(0, name.size() - kComfyQuant.size()), read_marker_tensor(name, tensor));
    } else if (name == kScaledFp8 || name.ends_with(concat({".", kScaledFp8}))) {
      scaled_fp8_.insert(name);
    }
  }
  read_metadata(file);
}

void QuantMarkers::add(const std::string& layer, const QuantMarker& marker) {
  const auto [found, added] = markers_.emplace(layer, marker);
  if (added) return;
  QuantMarker& other = found->second;
  if (other.format != marker.format || other.rotation != marker.rotation || other.problem != marker.problem) {
    other.problem = "has two markers that disagree about how it is quantised";
  }
}

void QuantMarkers::read_metadata(const RawFile& file) {
  const auto text = file.metadata.find(kMetadataKey);
  if (text == file.metadata.end()) return;
  const std::string where = concat({file.path.string(), ": its ", kMetadataKey});
  const Json metadata = parse_strict_json(text->second, where);
  const auto layers = metadata.find("layers");
  if (layers == metadata.end() || !layers->is_object()) {
    throw Error(ErrorCode::kModel, where + " lists no layers", "get the file again");
  }
  const LayerEnds ends(file);
  for (const auto& [name, options] : layers->items()) {
    if (!options.is_object()) {
      throw Error(ErrorCode::kModel, concat({where, " doesn't describe the layer ", in_quotes(name)}),
                  "get the file again");
    }
    // Some files leave out the prefix that their tensors have, "model.diffusion_model." for example.
    const bool exact = file.tensors.contains(name + std::string(kWeight));
    const std::optional<std::string> layer = exact ? name : ends.only(name);
    if (layer) add(*layer, read_options(options));
  }
}

const QuantMarker* QuantMarkers::find(const std::string& layer) const {
  const auto found = markers_.find(layer);
  return found == markers_.end() ? nullptr : &found->second;
}

std::string QuantMarkers::scaled_fp8(const std::string& layer) const {
  // It is "scaled_fp8" after any prefix of the layer's name that ends in a dot. Files have one of them.
  for (const std::string& marker : scaled_fp8_) {
    const std::string_view prefix = std::string_view(marker).substr(0, marker.size() - kScaledFp8.size());
    if (prefix.empty() || layer.starts_with(prefix)) return marker;
  }
  return {};
}

}  // namespace zimage
