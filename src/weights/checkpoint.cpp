#include "weights/checkpoint.h"

#include <ATen/ATen.h>

#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/mapped_file.h"
#include "base/regular_file.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "weights/formats/safetensors.h"
#include "weights/locate_checkpoint.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxIndexBytes = std::size_t{16} << 20;

std::optional<at::ScalarType> supported_dtype(const std::string& name) {
  if (name == "F32") return at::kFloat;
  if (name == "F16") return at::kHalf;
  if (name == "BF16") return at::kBFloat16;
  return std::nullopt;
}

/// One tensor of a mapped file.
struct Stored {
  WeightInfo info;
  std::string dtype;  ///< as the header spells it
  bool supported = false;
  std::shared_ptr<const MappedFile> file;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Checkpoint : public WeightSource {
 public:
  Checkpoint(fs::path path, std::vector<fs::path> files, std::map<std::string, Stored> tensors)
      : path_(std::move(path)), files_(std::move(files)), tensors_(std::move(tensors)) {}

  std::vector<std::string> names() const override {
    std::vector<std::string> out;
    out.reserve(tensors_.size());
    for (const auto& item : tensors_) out.push_back(item.first);
    return out;
  }

  const WeightInfo* find(const std::string& name) const override {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) return nullptr;
    if (!found->second.supported) refuse_dtype(found->second);
    return &found->second.info;
  }

  at::Tensor tensor(const std::string& name) const override {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      throw Error(ErrorCode::kModel, path_.string() + " has no tensor " + in_quotes(name));
    }
    const Stored& stored = found->second;
    if (!stored.supported) refuse_dtype(stored);
    const auto options = at::TensorOptions().dtype(stored.info.dtype);
    if (stored.begin == stored.end) return at::empty(stored.info.shape, options);
    const std::uint8_t* data = stored.file->bytes().data() + stored.begin;
    if (reinterpret_cast<std::uintptr_t>(data) % at::elementSize(stored.info.dtype) != 0) {
      // The format allows a header of odd length, which misaligns every tensor.
      at::Tensor copy = at::empty(stored.info.shape, options);
      std::memcpy(copy.mutable_data_ptr(), data, stored.end - stored.begin);
      return copy;
    }
    return at::from_blob(
        const_cast<std::uint8_t*>(data), stored.info.shape, [file = stored.file](void*) {}, options);
  }

  void release(const std::string& name) const override {
    const auto found = tensors_.find(name);
    if (found != tensors_.end()) found->second.file->drop_pages(found->second.begin, found->second.end);
  }

  std::string description() const override { return path_.string(); }
  std::vector<fs::path> files() const override { return files_; }

 private:
  /// Throws one message for all weights of that dtype, because there may be hundreds.
  [[noreturn]] void refuse_dtype(const Stored& asked) const {
    std::vector<std::string> names;
    for (const auto& [name, stored] : tensors_) {
      if (stored.dtype == asked.dtype) names.push_back(in_quotes(name));
    }
    throw Error(
        ErrorCode::kModel,
        asked.info.file + " holds weights as " + asked.dtype + ", which is not supported: " + list_some(names, 3),
        "get the file with F32, BF16 or F16 weights: see README, \"Get the model\"");
  }

  fs::path path_;
  std::vector<fs::path> files_;
  std::map<std::string, Stored> tensors_;
};

std::map<std::string, Stored> read_shard(const fs::path& path) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  SafetensorsHeader header = parse_safetensors(file->bytes(), path.string());
  std::map<std::string, Stored> tensors;
  for (auto& [name, entry] : header.tensors) {
    const std::optional<at::ScalarType> dtype = supported_dtype(entry.dtype);
    Stored stored;
    stored.info = {std::move(entry.shape), dtype.value_or(at::kByte), path.string()};
    stored.dtype = std::move(entry.dtype);
    stored.supported = dtype.has_value();
    stored.file = file;
    stored.begin = entry.begin;
    stored.end = entry.end;
    tensors.emplace_hint(tensors.end(), name, std::move(stored));
  }
  return tensors;
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

std::shared_ptr<const WeightSource> open_sharded(const fs::path& index) {
  const std::map<std::string, std::string> listed = read_index(index);
  std::set<std::string> shards;
  for (const auto& item : listed) shards.insert(item.second);
  check_shards_exist(index, shards);

  std::vector<fs::path> files{index};
  std::map<std::string, Stored> tensors;
  std::vector<std::string> problems;
  for (const std::string& shard : shards) {
    files.push_back(index.parent_path() / shard);
    for (auto& [name, stored] : read_shard(files.back())) {
      const auto expected = listed.find(name);
      const auto before = tensors.find(name);
      if (before != tensors.end()) {
        problems.push_back(in_quotes(name) + " is in both " + before->second.info.file + " and " + stored.info.file);
      } else if (expected == listed.end()) {
        problems.push_back(in_quotes(name) + " of " + shard + " is not in the index");
      }
      tensors.emplace(name, std::move(stored));
    }
  }
  for (const auto& [name, shard] : listed) {
    const auto found = tensors.find(name);
    const std::string file = (index.parent_path() / shard).string();
    if (found == tensors.end() || found->second.info.file != file) {
      problems.push_back(in_quotes(name) + " is not in " + shard + ", where the index puts it");
    }
  }
  if (!problems.empty()) {
    throw Error(ErrorCode::kModel, index.string() + " doesn't fit its shards: " + list_some(problems),
                "get the index and the shards of the same release");
  }
  return std::make_shared<Checkpoint>(index, std::move(files), std::move(tensors));
}

}  // namespace

std::shared_ptr<const WeightSource> open_checkpoint(const fs::path& path) {
  const LocatedCheckpoint located = locate_checkpoint(path);
  if (located.file.empty()) throw Error(ErrorCode::kModel, located.problem, located.hint);
  if (located.file.extension() == ".json") return open_sharded(located.file);
  return std::make_shared<Checkpoint>(located.file, std::vector<fs::path>{located.file}, read_shard(located.file));
}

}  // namespace zimage
