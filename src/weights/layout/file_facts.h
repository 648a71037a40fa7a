// What the header of a file of weights tells about it. Each file is opened once, and no weight is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "weights/identify.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace zimage {

struct FileFacts {
  std::optional<Error> error;  ///< why it can't be opened; then the rest is empty
  FileIdentity identity;
  // Sizes of the parts that the file holds; 0 if it has no such tensor.
  std::int64_t caption_width = 0;    ///< what the DiT takes from the text encoder
  std::int64_t latent_channels = 0;  ///< of the DiT
  std::int64_t text_width = 0;
  std::int64_t text_tokens = 0;   ///< rows of the text encoder's table of tokens
  std::int64_t vae_channels = 0;  ///< the VAE's latent channels
  bool has_vocabulary = false;    ///< a GGUF with the tokenizer's tokens
};

class HeaderReader {
 public:
  /// Returns the facts about a file, as open_weights() takes it. Never throws for what the file holds.
  const FileFacts& facts(const std::filesystem::path& file);
  /// Returns how many files were opened.
  std::size_t opened() const { return known_.size(); }

 private:
  std::map<std::filesystem::path, FileFacts> known_;
};

/// Returns what a file is and which option takes it, as the end of a sentence that starts with its name: "is a LoRA:
/// give it with --lora"; for something that isn't supported only what it is. Requires that it is known.
std::string where_it_belongs(const FileIdentity& identity);

/// Returns why the file can't be given as this part, as where_it_belongs() says it. Empty: it can, or nobody knows what
/// it is, so that its names and shapes must tell.
std::string why_not(const FileFacts& facts, Part part);

/// Returns the part's name in messages: "text encoder".
const char* name_of(Part part);
/// Returns the option that gives the part: "--text-encoder".
const char* option_of(Part part);

}  // namespace zimage
