// A source of weights from safetensors files, single or sharded.
#pragma once

#include <filesystem>
#include <memory>

#include "weights/tensor_file.h"
#include "weights/weight_source.h"

namespace zimage {

/// Opens one safetensors file, or a folder or `*.safetensors.index.json` of shards, by mmap; no weight is read.
/// locate_checkpoint() says how a folder is searched.
/// Errors: kModel if nothing is found, shards are missing (all are named), a tensor in the index isn't in its shard, a
/// tensor in a shard isn't in the index, or a tensor is in two shards; a total_size that disagrees is ignored.
std::shared_ptr<const WeightSource> open_checkpoint(const std::filesystem::path& path);

/// Reads the headers of a safetensors file, or of the shards behind an index (*.json). Errors: as open_checkpoint().
RawFile read_safetensors(const std::filesystem::path& file);

}  // namespace zimage
