#include "weights/lora/adapter_config.h"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/regular_file.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxConfigBytes = std::size_t{16} << 20;
constexpr const char* kTransformer = "transformer.";  // diffusers' prefix: a file may be for several components

class Reader {
 public:
  Reader(const json& settings, std::string prefix, std::string name)
      : settings_(settings), prefix_(std::move(prefix)), name_(std::move(name)) {}

  std::optional<double> number(const char* key) const {
    const auto found = settings_.find(prefix_ + key);
    if (found == settings_.end() || found->is_null()) return std::nullopt;
    return number_of(*found, key);
  }
  bool flag(const char* key) const {
    const auto found = settings_.find(prefix_ + key);
    return found != settings_.end() && *found == true;
  }
  ByModule by_module(const char* key) const {
    ByModule values;
    const auto found = settings_.find(prefix_ + key);
    if (found == settings_.end() || !found->is_object()) return values;
    for (const auto& [module, value] : found->items()) {
      // PEFT takes these for regular expressions, of which trainers use none.
      if (module.find_first_of("*+?()[]{}|\\^$") != std::string::npos) {
        throw Error(ErrorCode::kModel, concat({name_, ": ", key, " has the pattern ", in_quotes(module)}),
                    "export the LoRA in ComfyUI's or kohya's form, whose files hold alpha");
      }
      values.emplace_back(module, number_of(value, key));
    }
    return values;
  }

 private:
  double number_of(const json& value, const char* key) const {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      throw Error(ErrorCode::kModel, concat({name_, ": ", key, " is not a number"}), "get the file again");
    }
    return value.get<double>();
  }

  const json& settings_;
  std::string prefix_;
  std::string name_;
};

double value_for(const std::string& module, const ByModule& by_module, double otherwise) {
  for (const auto& [name, value] : by_module) {
    if (module == name || module.ends_with("." + name)) return value;
  }
  return otherwise;
}

AdapterConfig from_json(const json& settings, const std::string& prefix, const std::string& name) {
  const Reader read(settings, prefix, name);
  AdapterConfig config;
  config.alpha = read.number("lora_alpha");
  if (!config.alpha) config.alpha = read.number("alpha");  // LoHa's and LoKr's
  config.rank = read.number("r");
  config.rank_stabilized = read.flag("use_rslora");
  config.alpha_of = read.by_module("alpha_pattern");
  config.rank_of = read.by_module("rank_pattern");
  return config;
}

}  // namespace

std::optional<double> AdapterConfig::scale(const std::string& module, std::int64_t tensor_rank) const {
  if (!alpha) return std::nullopt;
  const double r = tensor_rank > 0 ? static_cast<double>(tensor_rank) : value_for(module, rank_of, rank.value_or(0));
  if (!(r > 0)) return std::nullopt;
  return value_for(module, alpha_of, *alpha) / (rank_stabilized ? std::sqrt(r) : r);
}

AdapterConfig read_adapter_config(const std::filesystem::path& file,
                                  const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find("lora_adapter_metadata");
  if (found != metadata.end()) {
    const std::string name = file.string() + ": its lora_adapter_metadata";
    return from_json(parse_strict_json(found->second, name), kTransformer, name);
  }
  const std::filesystem::path config = file.parent_path() / "adapter_config.json";
  std::error_code error;
  if (file.filename() != "adapter_model.safetensors" || !std::filesystem::exists(config, error)) return {};
  const std::string text = read_text(config, kMaxConfigBytes, ErrorCode::kModel);
  AdapterConfig settings = from_json(parse_strict_json(text, config.string()), "", config.string());
  settings.file = config;
  return settings;
}

}  // namespace zimage
