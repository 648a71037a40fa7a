#include "nn/uploader.h"

#include <ATen/ATen.h>

#include <deque>
#include <string>
#include <vector>

#include "support/catch.h"

namespace zimage::nn {
namespace {

/// A device that copies as late as it may: what was begun happens only when somebody waits for it.
class LateDevice final : public UploadDevice {
 public:
  explicit LateDevice(std::vector<std::string>& log) : log_(log) {}
  at::Tensor host_bytes(std::int64_t count) override { return at::zeros({count}, at::kByte); }
  at::Tensor device_memory(const at::Tensor& tensor) override { return at::full_like(tensor, 77); }
  void begin_copy(at::Tensor& to, const at::Tensor& from) override {
    log_.push_back("copy " + std::to_string(from.numel()));
    begun_.push_back({to, from});
  }
  void mark(std::size_t slot) override {
    log_.push_back("mark " + std::to_string(slot));
    marks_.resize(std::max(marks_.size(), slot + 1));
    marks_[slot] = done_ + begun_.size();
  }
  void wait(std::size_t slot) override {
    log_.push_back("wait " + std::to_string(slot));
    for (; done_ < marks_[slot]; ++done_) {
      begun_.front().to.copy_(begun_.front().from);
      begun_.pop_front();
    }
  }

 private:
  struct Copy {
    at::Tensor to, from;
  };
  std::vector<std::string>& log_;
  std::deque<Copy> begun_;
  std::vector<std::size_t> marks_;
  std::size_t done_ = 0;
};

TEST_CASE("uploaded weights are whole, although the device copies as late as it may") {
  std::vector<std::string> log;
  std::vector<at::Tensor> weights, placed;
  {
    Uploader uploader(std::make_unique<LateDevice>(log), 256);
    for (const std::int64_t count : {3, 100, 1, 0, 64, 700, 5}) {
      weights.push_back(at::arange(count, at::kFloat) + static_cast<double>(count));
      placed.push_back(uploader.upload(weights.back().clone()));
    }
  }
  for (std::size_t i = 0; i < weights.size(); ++i) CHECK(at::equal(placed[i], weights[i]));
}

TEST_CASE("a buffer is filled anew only when the device is done with it, and never waited for before") {
  std::vector<std::string> log;
  {
    Uploader uploader(std::make_unique<LateDevice>(log), 256);
    for (int i = 0; i < 2; ++i) uploader.upload(at::ones({128}, at::kByte));  // fill the first
    CHECK(log == std::vector<std::string>{"copy 128", "copy 128"});
    log.clear();
    uploader.upload(at::ones({300}, at::kByte));  // the second, and 44 bytes of the first
    CHECK(log == std::vector<std::string>{"mark 0", "copy 256", "mark 1", "wait 0", "copy 44"});
    log.clear();
  }
  CHECK(log == std::vector<std::string>{"mark 0", "wait 1", "wait 0"});
}

}  // namespace
}  // namespace zimage::nn
