// The files that `get` downloads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zimage::app {

/// A file on the Hugging Face hub, and what is known of it.
struct PublishedFile {
  std::string repository{};
  std::string path{};    ///< in the repository
  std::string option{};  ///< the option that takes it: "model", "text-encoder", "vae" or "controlnet"
  std::uint64_t bytes = 0;
  std::string sha256{};  ///< empty: it isn't known
  std::string licence{};
  // What its header says, in the words of FileReport.
  std::string kind{};
  std::string version{};
  int layers = 0;
  int width = 0;
  std::int64_t parameters = 0;
};

/// What one name stands for.
struct PublishedSet {
  std::string name{};
  std::string what{};    ///< without an article: "Z-Image-Turbo in bf16"
  std::string memory{};  ///< what a run with it takes
  std::vector<PublishedFile> files{};

  std::uint64_t bytes() const;
};

/// Returns every set, the best pictures first.
const std::vector<PublishedSet>& published_sets();

/// Returns a repository's name, with its owner, and the file's place in it, for messages.
std::string address_text(const PublishedFile& file);

}  // namespace zimage::app
