// Lays out the line that shows progress, so that it fits the terminal.
#pragma once

#include <cstddef>
#include <string>

namespace zimage::cli {

/// What the line can show. Text is printable().
struct ProgressLine {
  std::string count{};     ///< of a batch: "3/20"; empty: a single job
  std::size_t failed = 0;  ///< jobs of the batch
  std::string rate{};      ///< "2.1/min, 0.4 MP/s"; empty: not known yet
  std::string left{};      ///< "2:05"; empty: not known yet
  std::string name{};      ///< the job's
  std::string stage{};
  int step = 0;
  int total = 0;          ///< 0: the stage has no steps
  long long seconds = 0;  ///< since the stage began
  std::string loading{};  ///< how far a part is loaded; empty: none is
};

/// Returns the line in at most `columns`. What says least goes first: the seconds, the rate, the beginning of the name,
/// the cells of the bar down to a few, all of the name, the time left.
std::string fit_line(const ProgressLine& line, std::size_t columns);

}  // namespace zimage::cli
