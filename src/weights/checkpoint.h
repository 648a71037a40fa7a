// Safetensors files, single or sharded, as a source of weights.
#pragma once

#include <filesystem>
#include <memory>

#include "weights/weight_source.h"

namespace zimage {

/// Opens one safetensors file, or a folder or `*.safetensors.index.json` of shards, by mmap; no weight is read.
/// A folder is searched for `<stem>.safetensors.index.json`, then `<stem>.safetensors`, for the stems
/// `diffusion_pytorch_model` and `model`, then for a single *.safetensors.
/// Errors: kModel: nothing found, a shard missing (named, all of them), a tensor of the index that its shard lacks, a
/// tensor of a shard that the index doesn't list, one tensor in two shards; a total_size that disagrees is ignored.
/// Other dtypes than F32, F16 and BF16 are listed by names() like any, so that a marker or a counter nobody asks for is
/// no obstacle; find() and tensor() of such a weight throw kModel (naming some of them; hint: which file to get
/// instead).
std::shared_ptr<const WeightSource> open_checkpoint(const std::filesystem::path& path);

}  // namespace zimage
