#include "cli/progress_line.h"

#include "base/columns.h"
#include "support/catch.h"

using zimage::columns_of;
using zimage::cli::fit_line;
using zimage::cli::ProgressLine;

namespace {

ProgressLine denoising() {
  return {.count = "123/1000",
          .failed = 12,
          .rate = "2.1/min, 0.41 MP/s",
          .left = "6:57:20",
          .name = "photographs of the summer/2024/evening/IMG_20240712_190344.jpg",
          .stage = "denoise",
          .step = 3,
          .total = 8,
          .seconds = 12};
}

}  // namespace

TEST_CASE("a batch's line has a bar in 40 columns, and keeps the end of the name where there is room") {
  const std::string narrow = fit_line(denoising(), 39);
  CHECK(narrow.find("[123/1000") == 0);
  CHECK(narrow.find("denoise [#") != std::string::npos);
  CHECK(narrow.find("] 3/8") != std::string::npos);
  const std::string usual = fit_line(denoising(), 79);
  CHECK(usual.find("12 failed") != std::string::npos);
  CHECK(usual.find("6:57:20 left") != std::string::npos);
  CHECK(usual.find("44.jpg: denoise [#") != std::string::npos);
  const std::string wide = fit_line(denoising(), 300);
  CHECK(wide ==
        "[123/1000, 12 failed, 2.1/min, 0.41 MP/s, 6:57:20 left] "
        "photographs of the summer/2024/evening/IMG_20240712_190344.jpg: "
        "denoise [#######.............] 3/8 12 s");
}

TEST_CASE("a line never takes more columns than there are, and uses those that it gets") {
  ProgressLine line = denoising();
  for (const char* name : {"a.png", "\u9580\u6247/\u9580\u6247\u9580\u6247\u9580\u6247.png", line.name.c_str()}) {
    line.name = name;
    for (const int total : {0, 8}) {
      line.total = total;
      for (std::size_t columns = 0; columns < 200; ++columns) {
        CAPTURE(name, total, columns);
        CHECK(columns_of(fit_line(line, columns)) <= columns);
      }
    }
  }
  CHECK(columns_of(fit_line(denoising(), 79)) >= 75);
}

TEST_CASE("a single job's line has no name, and shows how far a part is loaded") {
  CHECK(fit_line({.stage = "load", .loading = "3.2 of 12.3 GB, 1.9 GB/s"}, 79) == "load 3.2 of 12.3 GB, 1.9 GB/s");
  CHECK(fit_line({.stage = "denoise", .step = 8, .total = 8, .seconds = 2}, 79) ==
        "denoise [####################] 8/8 2 s");
}
