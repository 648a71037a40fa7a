#include "weights/checkpoint.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/mapped_file.h"
#include "base/regular_file.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "weights/formats/safetensors.h"
#include "weights/tensor_file.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxIndexBytes = std::size_t{16} << 20;

RawFile read_file(const fs::path& path) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  SafetensorsHeader header = parse_safetensors(file->bytes(), path.string());
  RawFile raw{.path = path, .files = {path}, .tensors = {}, .metadata = std::move(header.metadata)};
  for (auto& [name, entry] : header.tensors) {
    raw.tensors.emplace_hint(
        raw.tensors.end(), name,
        RawTensor{std::move(entry.dtype), std::move(entry.shape), ByteRange{file, entry.begin, entry.end}});
  }
  return raw;
}

/// Reads the index: tensor name → shard name.
std::map<std::string, std::string> read_index(const fs::path& path) {
  const nlohmann::json index = parse_strict_json(read_text(path, kMaxIndexBytes, ErrorCode::kModel), path.string());
  const auto weight_map = index.find("weight_map");
  if (weight_map == index.end() || !weight_map->is_object() || weight_map->empty()) {
    throw Error(ErrorCode::kModel, path.string() + " has no weight_map, so it isn't a safetensors index",
                "get the file again");
  }
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, shard] : weight_map->items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : "";
    // Shards lie beside their index, so a name that leads elsewhere is refused.
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      throw Error(ErrorCode::kModel, path.string() + " gives no file name for " + in_quotes(tensor),
                  "get the file again");
    }
    shards.emplace(tensor, name);
  }
  return shards;
}

void check_shards_exist(const fs::path& index, const std::set<std::string>& shards) {
  std::vector<std::string> missing;
  for (const std::string& shard : shards) {
    std::error_code error;
    if (!fs::exists(index.parent_path() / shard, error)) missing.push_back((index.parent_path() / shard).string());
  }
  if (missing.empty()) return;
  throw Error(ErrorCode::kModel,
              index.string() + " lists files that are missing: " + list_some(missing, missing.size()),
              "get the missing files: see README, \"Get the model\"");
}

RawFile read_sharded(const fs::path& index) {
  const std::map<std::string, std::string> listed = read_index(index);
  std::set<std::string> shards;
  for (const auto& item : listed) shards.insert(item.second);
  check_shards_exist(index, shards);

  RawFile all{.path = index, .files = {index}, .tensors = {}, .metadata = {}};
  const auto file_of = [&](const std::string& name) { return all.tensors.at(name).range.file->path(); };
  std::vector<std::string> problems;
  for (const std::string& shard : shards) {
    all.files.push_back(index.parent_path() / shard);
    RawFile part = read_file(all.files.back());
    for (auto& [name, tensor] : part.tensors) {
      if (all.tensors.contains(name)) {
        problems.push_back(in_quotes(name) + " is in both " + file_of(name).string() + " and " + part.path.string());
      } else if (!listed.contains(name)) {
        problems.push_back(in_quotes(name) + " of " + shard + " is not in the index");
      }
      all.tensors.emplace(name, std::move(tensor));
    }
    for (const auto& [key, value] : part.metadata) {
      const auto [before, is_new] = all.metadata.emplace(key, value);
      // Each shard's own would have to be joined; nobody is known to publish such files.
      if (!is_new && key == "_quantization_metadata" && before->second != value) {
        problems.push_back(in_quotes(key) + " of " + shard + " is not that of the other shards");
      }
    }
  }
  for (const auto& [name, shard] : listed) {
    if (!all.tensors.contains(name) || file_of(name) != index.parent_path() / shard) {
      problems.push_back(in_quotes(name) + " is not in " + shard + ", where the index puts it");
    }
  }
  if (!problems.empty()) {
    throw Error(ErrorCode::kModel, index.string() + " doesn't fit its shards: " + list_some(problems),
                "get the index and the shards of the same release");
  }
  return all;
}

}  // namespace

RawFile read_safetensors(const fs::path& file) {
  return file.extension() == ".json" ? read_sharded(file) : read_file(file);
}

}  // namespace zimage
