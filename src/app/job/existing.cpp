#include "app/job/existing.h"

#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "app/options/mask_source.h"
#include "app/provenance/provenance.h"
#include "base/text.h"
#include "codecs/image_file.h"
#include "image/shape_text.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

/// The options that name the model's files, which have one hash each under "model". LoRAs are apart: each has a scale.
constexpr std::array kModelOptions{"model", "text-encoder", "tokenizer", "vae", "controlnet"};

/// What is compared of a record. The order of the keys, which is the option table's, doesn't count.
struct Compared {
  json options = json::object();
  json model = json::object();  ///< the hashes of the model's files, without those of the LoRAs
  bool names_count = false;     ///< a LoRA or its settings can't be told from others by name alone
};

json object_in(const json& parent, const char* key) {
  json found = parent.value(key, json::object());
  return found.is_object() ? found : json::object();
}

/// Returns whether a hash is of the whole file. One of two ends leaves a doubt, so there the file's name counts too.
bool is_whole(const json& hash) { return hash.is_object() && hash.contains("sha256"); }

std::string file_name(const std::string& path) { return fs::path(path).filename().string(); }

/// Returns whether the mask is annotations, which may find the picture by its name.
bool is_annotated(const json& options) {
  const auto mask = options.find("mask");
  return mask != options.end() && mask->is_string() &&
         lower(mask_path(mask->get_ref<const std::string&>()).string()).ends_with(".json");
}

/// Replaces an option's path by the file's hash. What stands behind the path, such as a label, stays.
void compare_by_hash(json& options, const char* option, const json& hash, bool name_counts) {
  std::string rest;
  const auto value = options.find(option);
  if (value != options.end() && value->is_string()) {
    const std::string text = *value;
    const std::string path = std::string_view(option) == "mask" ? mask_path(text).string() : text;
    if (name_counts || !is_whole(hash)) rest = file_name(path);
    rest += text.substr(path.size());
  }
  options[option] = json::array({hash, rest});
}

/// Replaces the text of shapes by their numbers, so that 1 and 1.0 are the same.
void compare_by_shape(json& options) {
  const auto mask = options.find("mask");
  if (mask == options.end() || !mask->is_string() || !is_shape_text(mask->get_ref<const std::string&>())) return;
  json shapes = json::array();
  try {
    for (const MaskShape& shape : parse_shapes(mask->get<std::string>())) {
      json points = json::array();
      for (const auto& [x, y] : shape.points) {
        points.push_back(json::array({x.value, x.percent, y.value, y.percent}));
      }
      shapes.push_back(json::array({static_cast<int>(shape.kind), std::move(points)}));
    }
  } catch (const Error&) {
    return;  // a damaged record: its text is compared
  }
  *mask = std::move(shapes);
}

/// Returns the keys under which hash_model() may have put a file of this name.
std::set<std::string> keys_of(const json& model, const std::string& name) {
  std::set<std::string> keys;
  for (const auto& [key, hash] : model.items()) {
    const std::string last = file_name(key);
    if (last == name || (last.starts_with(concat({name, " ("})) && last.ends_with(')'))) keys.insert(key);
  }
  return keys;
}

/// Replaces the paths of LoRAs, recorded as FILE:SCALE, by the files' hashes, and takes these from the model's.
void compare_loras_by_hash(Compared& record) {
  const auto loras = record.options.find("lora");
  if (loras == record.options.end() || !loras->is_array()) return;
  std::set<std::string> taken;
  for (json& lora : *loras) {
    const std::string text = lora.is_string() ? lora.get<std::string>() : "";
    const std::size_t colon = text.rfind(':');
    const std::string name = file_name(text.substr(0, colon));
    const auto keys = keys_of(record.model, name);
    std::set<json> hashes;
    for (const std::string& key : keys) hashes.insert(record.model[key]);
    if (colon == std::string::npos || hashes.size() != 1) {
      record.names_count = true;
      continue;
    }
    const json& hash = *hashes.begin();
    lora = json::array({hash, is_whole(hash) ? "" : name, text.substr(colon)});
    taken.insert(keys.begin(), keys.end());
  }
  for (const std::string& key : taken) record.model.erase(key);
  // hash_model() gives numbers to files of one name; of their settings, only the number says whose they are.
  for (const auto& [key, hash] : record.model.items()) record.names_count = record.names_count || key.ends_with(')');
}

Compared compared(const json& provenance, bool any_seed) {
  Compared record{.options = object_in(provenance, "options")};
  const json hashes = object_in(provenance, "hashes");
  record.model = object_in(hashes, "model");
  if (any_seed) record.options.erase("seed");
  const bool annotated = is_annotated(record.options);
  for (const auto& [option, key] :
       {std::pair{"image", "image"}, {"mask", "mask"}, {"control-image", "control_image"}}) {
    const bool name_counts = annotated && std::string_view(option) == "image";
    if (hashes.contains(key)) compare_by_hash(record.options, option, hashes[key], name_counts);
  }
  compare_by_shape(record.options);
  compare_loras_by_hash(record);
  return record;
}

/// Returns the model's hashes without the names of the files, as far as these don't count.
std::set<json> hashes_of(const json& model, bool names_count) {
  std::set<json> hashes;
  for (const auto& [key, hash] : model.items()) {
    hashes.insert(json::array({hash, names_count ? key : is_whole(hash) ? "" : file_name(key)}));
  }
  return hashes;
}

/// Replaces the paths of the model's files by nothing if their hashes are equal. If only the hashes differ, it is
/// --model that differs.
void compare_models_by_hash(Compared& left, Compared& right) {
  const bool names_count = left.names_count || right.names_count;
  const auto before = hashes_of(left.model, names_count);
  const auto now = hashes_of(right.model, names_count);
  if (before == now && before.empty()) return;
  bool named = false;
  for (const char* option : kModelOptions) {
    named = named || left.options.value(option, json()) != right.options.value(option, json());
    if (before != now) continue;
    left.options.erase(option);
    right.options.erase(option);
  }
  if (before == now || named) return;
  left.options["model"] = before;
  right.options["model"] = now;
}

std::vector<std::string> differing_options(Compared left, Compared right) {
  compare_models_by_hash(left, right);
  std::set<std::string> names;
  for (const json* options : {&left.options, &right.options}) {
    for (const auto& [name, value] : options->items()) {
      if (left.options.value(name, json()) != right.options.value(name, json())) names.insert("--" + name);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace

Existing judge_existing(const fs::path& path, const ordered_json& provenance, bool any_seed,
                        std::vector<std::string>* differing) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return Existing::kNone;
  codecs::ImageFile picture;
  try {
    picture = codecs::read_image(path);
  } catch (const Error&) {
    return Existing::kDamaged;
  }
  const auto made = provenance_of(picture);
  if (!made) return Existing::kSame;
  const auto recorded = json::parse(*made, nullptr, false);
  if (!recorded.is_object()) return Existing::kOther;
  // This goes through text, as the recorded one did: there, what isn't UTF-8 in a path was replaced.
  const auto wanted = json::parse(provenance_text(provenance));
  const auto names = differing_options(compared(recorded, any_seed), compared(wanted, any_seed));
  if (differing != nullptr) *differing = names;
  return names.empty() ? Existing::kSame : Existing::kOther;
}

}  // namespace zimage::app
