// Counts and orders the jobs of a report, and writes what the page says of all of them.
#pragma once

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/page/report_lines.h"

namespace zimage::app {

/// The parts of the page, in its order.
enum PagePart : std::size_t { kFailed, kDiffering, kRest, kPageParts };
struct PartText {
  const char* id;
  const char* heading;
};
inline constexpr std::array<PartText, kPageParts> kPartTexts = {
    {{"failed", "Failed"}, {"differing", "Different from their golden pictures"}, {"results", "Results"}}};

/// What the page says of all jobs together, and their order.
struct Contents {
  /// A job's line, and its place in the report, from 1.
  struct Place {
    const ReportText::Line* line = nullptr;
    std::size_t place = 0;
  };
  std::array<std::vector<Place>, kPageParts> parts{};
  std::vector<std::pair<std::string, std::size_t>> statuses{};  ///< how many jobs have each, failures first
  std::set<std::string> models{};
  bool demo = false;
  double total_ms = 0.0;
  std::size_t text_bytes = 0;  ///< of the jobs, without their pictures

  std::size_t jobs() const { return parts[kFailed].size() + parts[kDiffering].size() + parts[kRest].size(); }
  std::size_t count(std::string_view status) const;
};

/// Goes through a report, which must outlive what is returned.
Contents contents_of(const ReportText& report);

/// Returns the page up to its jobs, and after them. `name` is the report's.
std::pair<std::string, std::string> page_frame(const std::string& name, bool truncated, const Contents& contents);

}  // namespace zimage::app
