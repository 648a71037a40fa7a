#include "app/report/memory_table.h"

#include <iomanip>
#include <sstream>

#include "base/bytes_text.h"
#include "base/text.h"

namespace zimage::app {
namespace {

std::string line(const std::string& stage, const std::string& weights, const std::string& work,
                 const std::string& total, const std::string& host) {
  std::ostringstream out;
  out << std::left << std::setw(15) << stage << std::right << std::setw(10) << weights << std::setw(11) << work
      << std::setw(11) << total;
  if (!host.empty()) out << std::setw(12) << host;
  return out.str();
}

}  // namespace

std::vector<std::string> memory_table(const MemorySummary& memory) {
  bool device = false;
  for (const StageMemory& stage : memory.stages) device = device || stage.host > 0;
  std::vector<std::string> lines{line("stage", "weights", "work", "in all", device ? "on the host" : "")};
  for (const StageMemory& stage : memory.stages) {
    lines.push_back(line(stage.stage, bytes_text(stage.weights), bytes_text(stage.work),
                         bytes_text(stage.weights + stage.work), device ? bytes_text(stage.host) : ""));
  }
  lines.push_back(concat({"at most ", bytes_text(memory.peak), " of ", bytes_text(memory.limit),
                          memory.fits ? ": " : ", which doesn't fit: ", memory.residency}));
  return lines;
}

}  // namespace zimage::app
