#include "pipeline/step_progress.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace zimage {
namespace {

using Calls = std::vector<std::string>;

/// Marks that only record what they are asked for.
class RecordedMarks final : public StepMarks {
 public:
  explicit RecordedMarks(Calls& calls) : calls_(calls) {}
  void set(std::size_t mark) override { calls_.push_back("set " + std::to_string(mark)); }
  void wait(std::size_t mark) override { calls_.push_back("wait " + std::to_string(mark)); }

 private:
  Calls& calls_;
};

TEST_CASE("on the CPU a step is reported when it was started, as it is done then") {
  int done = 0;
  StepProgress progress(step_marks(c10::kCPU), [&] { ++done; });
  progress.started();
  CHECK(done == 1);
  progress.started();
  progress.finish();
  CHECK(done == 2);
}

TEST_CASE("on a device a step is reported once it is done, while the next one works") {
  Calls calls;
  StepProgress progress(std::make_unique<RecordedMarks>(calls), [&] { calls.push_back("done"); });
  progress.started();
  CHECK(calls == Calls{"set 0"});
  calls.clear();
  progress.started();
  CHECK(calls == Calls{"set 1", "wait 0", "done"});
  calls.clear();
  progress.started();
  CHECK(calls == Calls{"set 0", "wait 1", "done"});
  calls.clear();
  progress.finish();
  CHECK(calls == Calls{"wait 0", "done"});
  calls.clear();
  progress.finish();
  CHECK(calls.empty());
}

TEST_CASE("a single step is reported at the end") {
  Calls calls;
  StepProgress progress(std::make_unique<RecordedMarks>(calls), [&] { calls.push_back("done"); });
  progress.started();
  progress.finish();
  CHECK(calls == Calls{"set 0", "wait 0", "done"});
}

}  // namespace
}  // namespace zimage
