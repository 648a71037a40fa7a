// Reads a model's tokenizer, whatever form it has.
#pragma once

#include "tokenizer/tokenizer.h"
#include "weights/model_files.h"

namespace zimage {

/// Errors: kModel for a damaged tokenizer, and if the bundled one isn't installed.
Tokenizer read_tokenizer(const TokenizerFile& file);

}  // namespace zimage
