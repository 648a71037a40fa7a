// Reads which tensors of a safetensors file are quantised weights, and which are the scales and markers of others.
// Source: ComfyUI, comfy/ops.py, comfy/quant_ops.py and convert_old_quants in comfy/utils.py.
#pragma once

#include <map>
#include <string>

#include "weights/tensor_file.h"

namespace zimage {

/// Groups the file's tensors: every weight with the scales that belong to it. A weight that can't be read has a
/// `problem`; a scale or marker that belongs to no weight stays under its own name, so that it is reported as
/// unexpected and never dropped. Where a file leaves room for doubt:
/// - An fp8 weight without a marker has the scale beside it, and a factor of 1 if there is none. Below a `scaled_fp8`
///   tensor, or with a scale of its input, it must have one.
/// - A dense weight with a marker has a problem; one without keeps no scale, and the scales beside it stay listed.
/// - Integers without a marker have a problem, where ComfyUI takes them for the values.
/// - `pre_quant_scale` is applied in every format, where ComfyUI applies it to nvfp4 alone and ignores it elsewhere.
/// - Scales of inputs are ignored: inputs aren't quantised here.
/// Errors: kModel for a header whose `_quantization_metadata` is not what it should be.
std::map<std::string, TensorEntry> group_quantised(const RawFile& file);

}  // namespace zimage
