#include "cli/progress_line.h"

#include <algorithm>

#include "base/columns.h"
#include "base/text.h"

namespace zimage::cli {
namespace {

constexpr std::size_t kCells = 20;
constexpr std::size_t kFewCells = 10;
constexpr std::size_t kFewestCells = 4;
constexpr std::size_t kShortName = 16;
constexpr std::size_t kShortestName = 8;

/// How much of a line is shown.
struct Shape {
  std::size_t cells = kCells;
  std::size_t name = static_cast<std::size_t>(-1);  ///< columns
  bool seconds = true;
  bool rate = true;
  bool left = true;
  bool loading = true;
  bool failed = true;
};

/// Each shape shows less than the one before.
constexpr Shape kShapes[] = {
    {},
    {.cells = kFewCells},
    {.cells = kFewCells, .seconds = false},
    {.cells = kFewCells, .name = kShortName, .seconds = false},
    {.cells = kFewCells, .name = kShortName, .seconds = false, .rate = false},
    {.cells = kFewCells, .name = kShortestName, .seconds = false, .rate = false},
    {.cells = kFewestCells, .name = kShortestName, .seconds = false, .rate = false},
    {.cells = kFewestCells, .name = 0, .seconds = false, .rate = false},
    {.cells = kFewestCells, .name = 0, .seconds = false, .rate = false, .left = false},
    {.cells = kFewestCells, .name = 0, .seconds = false, .rate = false, .left = false, .loading = false},
    {.cells = kFewestCells,
     .name = 0,
     .seconds = false,
     .rate = false,
     .left = false,
     .loading = false,
     .failed = false},
    {.cells = 0, .name = 0, .seconds = false, .rate = false, .left = false, .loading = false, .failed = false},
};

std::string bar(const ProgressLine& line, const Shape& shape) {
  if (line.total <= 0) return "";
  std::string text;
  if (shape.cells > 0) {
    const auto filled = shape.cells * static_cast<std::size_t>(std::clamp(line.step, 0, line.total)) /
                        static_cast<std::size_t>(line.total);
    text = concat({" [", std::string(filled, '#'), std::string(shape.cells - filled, '.'), "]"});
  }
  text += concat({" ", std::to_string(line.step), "/", std::to_string(line.total)});
  if (shape.seconds) text += concat({" ", std::to_string(line.seconds), " s"});
  return text;
}

std::string compose(const ProgressLine& line, const Shape& shape) {
  std::string text;
  if (!line.count.empty()) {
    text = "[" + line.count;
    if (shape.failed && line.failed > 0) text += concat({", ", std::to_string(line.failed), " failed"});
    if (shape.rate && !line.rate.empty()) text += ", " + line.rate;
    if (shape.left && !line.left.empty()) text += concat({", ", line.left, " left"});
    text += "] ";
    if (shape.name > 0 && !line.name.empty()) text += concat({last_columns(line.name, shape.name), ": "});
  }
  text += line.stage + bar(line, shape);
  if (shape.loading && !line.loading.empty()) text += " " + line.loading;
  return text;
}

}  // namespace

std::string fit_line(const ProgressLine& line, std::size_t columns) {
  for (Shape shape : kShapes) {
    const std::size_t used = columns_of(compose(line, shape));
    if (used > columns) continue;
    // What room is left goes to the name, then to the bar.
    const std::size_t whole = columns_of(line.name);
    if (shape.name > 0 && shape.name < whole) {
      const std::size_t shown = columns_of(last_columns(line.name, shape.name));  // half of a wide character isn't
      shape.name = std::min(whole, shown + columns - used);
    }
    while (line.total > 0 && shape.cells > 0 && shape.cells < kCells) {
      ++shape.cells;
      if (columns_of(compose(line, shape)) <= columns) continue;
      --shape.cells;
      break;
    }
    return compose(line, shape);
  }
  return first_columns(compose(line, kShapes[std::size(kShapes) - 1]), columns);
}

}  // namespace zimage::cli
