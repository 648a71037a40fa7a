// Finds a model's other parts, and collects what is missing, so that one message can name it all.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "weights/layout/choose_file.h"
#include "weights/layout/model_layout.h"
#include "weights/model_files.h"

namespace zimage {

class PartFinder {
 public:
  PartFinder(const ModelLayout& layout, HeaderReader& headers);

  ComponentFiles dit();
  /// Finds the text encoder or the VAE: where its option says; else in the DiT's own file; else beside it, in the trees
  /// around it, and in diffusers' folders.
  ComponentFiles find(Part part, const std::filesystem::path& given);
  /// Finds a part that only its option gives.
  ComponentFiles given(Part part, const std::filesystem::path& path);
  TokenizerFile tokenizer(const std::filesystem::path& given, const ComponentFiles& text_encoder);

  /// Errors: kModel with everything that was not found or can't be used.
  void check(const std::filesystem::path& model) const;

 private:
  /// A folder, or several, in which a part was looked for.
  struct Search {
    std::vector<std::filesystem::path> places;
    std::vector<std::string> rejected;
  };

  bool choose(Part part, const std::vector<std::filesystem::path>& files, Search& search, std::filesystem::path& file);
  bool look_beside(Part part, Search& search, std::filesystem::path& file);
  bool look_in_trees(Part part, Search& search, std::filesystem::path& file);
  bool look_in_bases(Part part, Search& search, std::filesystem::path& file) const;
  void miss(Part part, const Search& search);
  std::string advice(Part part) const;

  const ModelLayout& layout_;
  HeaderReader& headers_;
  WantedSizes wanted_;
  std::vector<std::string> wrong_;    ///< files that options name and that can't be used
  std::vector<std::string> missing_;  ///< parts that were not found
};

}  // namespace zimage
