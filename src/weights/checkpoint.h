// A source of weights from safetensors files, single or sharded.
#pragma once

#include <filesystem>
#include <memory>

#include "weights/weight_source.h"

namespace zimage {

/// Opens one safetensors file, or a folder or `*.safetensors.index.json` of shards, by mmap; no weight is read.
/// A folder is searched for `<stem>.safetensors.index.json`, then `<stem>.safetensors`, for the stems
/// `diffusion_pytorch_model` and `model`, then for a single *.safetensors.
/// Errors: kModel if nothing is found, shards are missing (all are named), a tensor in the index isn't in its shard, a
/// tensor in a shard isn't in the index, or a tensor is in two shards; a total_size that disagrees is ignored.
/// names() also lists weights of dtypes other than F32, F16 and BF16, so that a marker or counter which nobody asks for
/// does no harm; find() and tensor() of such a weight throw kModel (naming some of them; the hint says which file to
/// get instead).
std::shared_ptr<const WeightSource> open_checkpoint(const std::filesystem::path& path);

}  // namespace zimage
