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

const std::string kOne = "{\"status\":\"ok\",\"n\":1}\n", kTwo = "{\"status\":\"ok\",\"n\":2}\n",
                  kThree = "{\"status\":\"ok\",\"n\":3}\n";

TEST_CASE("a report that exists is refused or replaced") {
  const test::TemporaryFolder folder;
  const auto path = folder / "r.jsonl";
  { ReportFile(path, ReportFile::Existing::kRefused).write(kOne); }
  CHECK(test::error_of([&] { ReportFile(path, ReportFile::Existing::kRefused); }).has_value());
  CHECK(text_of(path) == kOne);
  { ReportFile(path, ReportFile::Existing::kReportReplaced).write(kTwo); }
  CHECK(text_of(path) == kTwo);
  { ReportFile(path, ReportFile::Existing::kReplaced).write(kThree); }
  CHECK(text_of(path) == kThree);
}

TEST_CASE("a file that is no report is not replaced as one") {
  const test::TemporaryFolder folder;
  const auto path = folder / "notes.txt";
  for (const std::string text : {"my notes\n", "{\"image\": \"a.png\"}\n", "\x89PNG\r\n"}) {
    test::write(path, text);
    for (const auto existing : {ReportFile::Existing::kRefused, ReportFile::Existing::kReportReplaced}) {
      const auto error = test::error_of([&] { ReportFile(path, existing); });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::kUsage);
      CHECK(text_of(path) == text);
    }
  }
}

TEST_CASE("a report that another run is writing keeps its lines") {
  const test::TemporaryFolder folder;
  const auto path = folder / "r.jsonl";
  {
    ReportFile first(path, ReportFile::Existing::kReplaced);
    first.write(kOne);
    ReportFile second(path, ReportFile::Existing::kReplaced);
    second.write(kTwo);
    first.write(kThree);
    CHECK(text_of(path) == kOne + kTwo + kThree);
  }
  const ReportFile again(path, ReportFile::Existing::kReplaced);
  CHECK(std::filesystem::file_size(path) == 0);
}
