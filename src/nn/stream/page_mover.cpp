#include "nn/stream/page_mover.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace zimage::nn {

class PageMover::Reader {
 public:
  explicit Reader(const WeightSource& source) : source_(source) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    {
      const std::lock_guard lock(mutex_);
      queue_.clear();
      enough_ = true;
      ending_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void add(std::size_t layer, std::vector<std::string> weights) { weights_[layer] = std::move(weights); }

  void begin(std::size_t layer) {
    if (!start()) return;
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(layer);
    }
    changed_.notify_all();
  }

  void wait(std::size_t layer) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return reading_ != layer && std::find(queue_.begin(), queue_.end(), layer) == queue_.end(); });
    const auto failed = failures_.extract(layer);
    if (failed) std::rethrow_exception(failed.mapped());
  }

  void drop(std::size_t layer) {
    {
      std::unique_lock lock(mutex_);
      std::erase(queue_, layer);
      if (reading_ == layer) enough_ = true;
      changed_.wait(lock, [&] { return reading_ != layer; });
      failures_.erase(layer);
    }
    for (const std::string& name : weights_.at(layer)) source_.release(name);
  }

  std::uint64_t moved_bytes() const { return moved_; }

 private:
  /// Returns whether there is a thread; without one, the layers' pages come when they are touched.
  bool start() {
    if (thread_.joinable()) return true;
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return ending_ || !queue_.empty(); });
      if (ending_) return;
      const std::size_t layer = queue_.front();
      queue_.pop_front();
      reading_ = layer;
      enough_ = false;
      lock.unlock();
      std::exception_ptr failure;
      try {
        read(layer);
      } catch (...) {
        failure = std::current_exception();  // whoever waits for the layer hears of it
      }
      lock.lock();
      if (failure) failures_[layer] = failure;
      reading_.reset();
      changed_.notify_all();
    }
  }

  void read(std::size_t layer) {
    for (const std::string& name : weights_.at(layer)) {
      if (enough_) return;
      source_.read_ahead(name);
      moved_ += source_.find(name)->bytes;
    }
  }

  const WeightSource& source_;
  std::map<std::size_t, std::vector<std::string>> weights_;  ///< by layer
  std::atomic<std::uint64_t> moved_ = 0;
  std::atomic<bool> enough_ = false;  ///< nobody waits for the rest of what is being read
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::size_t> queue_;
  std::optional<std::size_t> reading_;
  std::map<std::size_t, std::exception_ptr> failures_;  ///< by layer
  bool ending_ = false;
  std::thread thread_;
};

PageMover::PageMover(const WeightSource& source) : reader_(std::make_unique<Reader>(source)) {}
PageMover::~PageMover() = default;

void PageMover::add(std::size_t layer, std::vector<std::string> weights) { reader_->add(layer, std::move(weights)); }
void PageMover::begin(std::size_t layer, std::size_t) { reader_->begin(layer); }
void PageMover::wait(std::size_t layer, std::size_t) { reader_->wait(layer); }
void PageMover::drop(std::size_t layer, std::size_t) { reader_->drop(layer); }
std::uint64_t PageMover::moved_bytes() const { return reader_->moved_bytes(); }

}  // namespace zimage::nn
