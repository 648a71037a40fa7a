// A batch ends at once when the device is lost, and goes on after any other failure.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch.h"
#include "support/catch.h"
#include "support/jobs.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

/// Throws at the first step of the picture whose number is `broken`.
class Failing final : public Progress {
 public:
  Failing(int broken, Error error) : broken_(broken), error_(std::move(error)) {}
  void job_begin(const std::string&) override { ++begun; }
  void step(int, int) override {
    if (begun == broken_) throw error_;
  }
  int begun = 0;

 private:
  int broken_;
  Error error_;
};

class Statuses final : public Reporter {
 public:
  bool wants_figures() const override { return false; }
  void job(const JobReport& report) override { all.push_back(report.status); }
  void picture(const std::vector<std::uint8_t>&) override {}
  long count(const std::string& status) const { return std::count(all.begin(), all.end(), status); }
  std::vector<std::string> all;
};

struct Run {
  test::JobFolder folder{};
  Statuses statuses{};
  int begun = 0;
  std::optional<Error> error{};
  BatchSummary summary{};
  std::size_t results = 0;

  /// Runs a batch of four pictures, the second of which fails.
  explicit Run(const Error& failure, const std::string& size = "1") {
    namespace fs = std::filesystem;
    for (const char* name : {"a.png", "b.png", "c.png", "d.png"}) {
      fs::create_directories(folder.folder / "in");
      fs::copy_file(folder.folder / "picture.png", folder.folder / "in" / name);
    }
    BatchPlan plan = resolve_batch(folder.settings({{"image", folder.path("in")},
                                                    {"output", folder.path("out")},
                                                    {"steps", "1"},
                                                    {"device", "cpu"},
                                                    {"batch-size", size}}));
    Failing progress(2, failure);
    error = test::error_of([&] { summary = run_batch(plan, progress, statuses); });
    begun = progress.begun;
    for (const auto& file : fs::directory_iterator(folder.folder / "out")) {
      results += file.path().extension() == ".png" ? 1 : 0;
    }
  }
};

TEST_CASE("when the device is lost, a batch begins no other job, and what was computed is written") {
  const Run run(Error(ErrorCode::kRuntime, "the device is lost").as_fatal());
  REQUIRE(run.error);
  CHECK(static_cast<int>(run.error->code()) == 1);
  CHECK(run.error->fatal());
  CHECK(run.error->message().find("the device is lost") != std::string::npos);
  CHECK(run.error->hint().find("--skip-existing") != std::string::npos);
  CHECK(run.begun == 2);
  CHECK(run.statuses.all.size() == 2);
  CHECK(run.statuses.count("ok") == 1);
  CHECK(run.statuses.count("error") == 1);
  CHECK(run.results == 1);
}

TEST_CASE("pictures that were together when the device was lost have all failed") {
  const Run run(Error(ErrorCode::kRuntime, "the device is lost").as_fatal(), "2");
  REQUIRE(run.error);
  CHECK(run.begun == 2);
  CHECK(run.statuses.count("error") == 2);
  CHECK(run.results == 0);
}

TEST_CASE("a failure that concerns one picture leaves the others alone") {
  const Run run(Error(ErrorCode::kRuntime, "this picture fails"));
  CHECK_FALSE(run.error);
  CHECK(run.begun == 4);
  CHECK(run.summary.failed == 1);
  REQUIRE(run.summary.failures.size() == 1);
  CHECK(run.summary.failures.front().first.find("b.png: this picture fails") != std::string::npos);
  CHECK(run.summary.done == 3);
  CHECK(run.results == 3);
}

TEST_CASE("failures are tabled by kind, the most frequent first") {
  BatchSummary summary;
  CHECK(summary.failure_table() == "");
  const Error damaged(ErrorCode::kInput, "is damaged", "get it again");
  const Error lonely(ErrorCode::kInput, "there is no mask for it", "add the mask");
  summary.add_failure(damaged, "in/a.png is damaged (get it again)");
  for (const char* name : {"in/b.png", "in/c\x1b[31m.png"}) {
    summary.add_failure(lonely, std::string(name) + ": there is no mask for it (add the mask)");
  }
  summary.add_failure(Error(ErrorCode::kMemory, "out of memory", ""), "in/d.png: out of memory");
  CHECK(summary.failure_table() ==
        "failed  kind     first of them\n"
        "     2  input    in/b.png: there is no mask for it (add the mask)\n"
        "     1  input    in/a.png is damaged (get it again)\n"
        "     1  memory   in/d.png: out of memory");
  for (int kind = 0; kind < 30; ++kind) summary.add_failure(Error(ErrorCode::kRuntime, "x", std::to_string(kind)), "x");
  CHECK(summary.failure_table().find("and 13 kinds more") != std::string::npos);
}

}  // namespace
}  // namespace zimage::app
