// The tensors of safetensors files, single or sharded.
#pragma once

#include <filesystem>

#include "weights/tensor_file.h"

namespace zimage {

/// Reads the headers of a safetensors file, or of the shards behind an index (*.json), by mmap; no weight is read.
/// Errors: kModel if shards are missing (all are named), a tensor in the index isn't in its shard, a tensor in a shard
/// isn't in the index, or a tensor is in two shards; a total_size that disagrees is ignored.
RawFile read_safetensors(const std::filesystem::path& file);

}  // namespace zimage
