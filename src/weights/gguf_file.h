// Turns the tensors of a GGUF file into weights.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/mapped_file.h"
#include "weights/formats/gguf.h"
#include "weights/tensor_file.h"

namespace zimage {

/// Returns the file's weights under its own names. One has a `problem` if its type isn't supported, or if its blocks
/// and its rows don't begin together: those of a quantised vector, and of a convolution that was reshaped to fit.
std::map<std::string, TensorEntry> gguf_entries(const GGUFHeader& header,
                                                const std::shared_ptr<const MappedFile>& file);

}  // namespace zimage
