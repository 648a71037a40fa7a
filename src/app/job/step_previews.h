// Writes what the steps of a run show, for --save-previews.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/options/job_spec.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// Passes on to another observer what a run tells, and writes the previews of those pictures that want them.
class StepPreviews final : public Observer {
 public:
  /// A picture of the run: a job's output `k`.
  struct Picture {
    const JobSpec* spec = nullptr;
    std::size_t k = 0;
  };
  StepPreviews(Observer& observer, std::vector<Picture> pictures)
      : observer_(observer), pictures_(std::move(pictures)) {}

  void stage(const std::string& name) override { observer_.stage(name); }
  void loading(std::uint64_t bytes, std::uint64_t total) override { observer_.loading(bytes, total); }
  void step(int step, int total) override { observer_.step(step, total); }
  bool cancelled() override { return observer_.cancelled(); }
  bool wants_previews() override;
  /// Errors: kRuntime if a file can't be written.
  void preview(const StepPreview& preview) override;

 private:
  Observer& observer_;
  std::vector<Picture> pictures_;
};

}  // namespace zimage::app
