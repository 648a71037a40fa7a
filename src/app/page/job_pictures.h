// Makes a job's pictures for the page.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/page/report_lines.h"
#include "app/page/thumbnail.h"

namespace zimage::app {

/// A place for a picture on the page.
struct Figure {
  std::string role{};     ///< "picture", "golden", "result", "difference"
  std::string title{};    ///< for people: "Picture"
  std::string caption{};  ///< more about it; may be empty
  std::string alt{};
  Thumbnail picture{};
  std::string problem{};  ///< why there is no picture; empty: there is one
};

/// What the page shows of a job's files.
struct JobPictures {
  std::vector<Figure> figures{};
  std::vector<std::string> notes{};  ///< whole sentences, such as that a file has changed since
  /// The role of the picture that the result can be laid over: both have the same size. Empty: none.
  std::string before{};
};

/// A job has at most so many pictures.
inline constexpr std::size_t kMostFigures = 4;

/// Reads a job's files and makes its pictures, which take at most `bytes` of base64 in all. Files that are missing,
/// have changed or can't be read are said to be so.
JobPictures make_pictures(const ReportLine& line, const std::filesystem::path& report, std::size_t bytes);

/// Returns how many megapixels a job's largest pictures have, by their headers.
double megapixels_of(const ReportLine& line, const std::filesystem::path& report);

}  // namespace zimage::app
