#include "base/regular_file.h"
#include "cli/report.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

using namespace zimage;
using zimage::cli::ReportFile;

namespace {

std::string text_of(const std::filesystem::path& path) { return read_text(path, 1000, ErrorCode::kInput); }

}  // namespace

TEST_CASE("a report begins anew only where it may") {
  const test::TemporaryFolder folder;
  const auto path = folder / "r.jsonl";
  { ReportFile(path, false).write("one\n"); }
  CHECK(test::error_of([&] { ReportFile(path, false); }).has_value());
  CHECK(text_of(path) == "one\n");
  { ReportFile(path, true).write("two\n"); }
  CHECK(text_of(path) == "two\n");
}

TEST_CASE("a report that another run is writing keeps its lines") {
  const test::TemporaryFolder folder;
  const auto path = folder / "r.jsonl";
  {
    ReportFile first(path, true);
    first.write("one\n");
    ReportFile second(path, true);
    second.write("two\n");
    first.write("three\n");
    CHECK(text_of(path) == "one\ntwo\nthree\n");
  }
  const ReportFile again(path, true);
  CHECK(std::filesystem::file_size(path) == 0);
}
