#include "pipeline/residency/loading_ahead.h"

#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/files.h"

namespace zimage {
namespace {

using Told = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST_CASE("a part is loaded on another thread, and its owner is told how far that is") {
  LoadingAhead<std::unique_ptr<int>> ahead;
  CHECK_FALSE(ahead.begun());
  std::promise<void> waited;
  std::thread::id loader;
  ahead.begin([&](const LoadingWatch& watch) {
    watch.check();
    watch.report(3, 10);
    waited.get_future().wait();
    watch.report(10, 10);
    loader = std::this_thread::get_id();
    return std::make_unique<int>(7);
  });
  CHECK(ahead.begun());
  int checks = 0;
  Told told;
  bool let_go = false;
  const auto owner = std::this_thread::get_id();
  const auto part = ahead.take({.check = [&] { ++checks; },
                                .report =
                                    [&](std::uint64_t bytes, std::uint64_t total) {
                                      CHECK(std::this_thread::get_id() == owner);
                                      told.emplace_back(bytes, total);
                                      if (!std::exchange(let_go, true)) waited.set_value();
                                    }});
  CHECK(*part == 7);
  CHECK(loader != owner);
  CHECK(checks >= 1);
  REQUIRE(told.size() >= 2);
  CHECK(told.front() == std::pair<std::uint64_t, std::uint64_t>{3, 10});
  CHECK(told.back() == std::pair<std::uint64_t, std::uint64_t>{10, 10});
  CHECK_FALSE(ahead.begun());
}

TEST_CASE("what a load throws comes to whoever takes the part, and another load may begin") {
  LoadingAhead<int> ahead;
  ahead.begin([](const LoadingWatch&) -> int { throw Error(ErrorCode::kModel, "a bad weight"); });
  const auto error = test::error_of([&] { ahead.take({}); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
  CHECK(error->message() == "a bad weight");
  CHECK_FALSE(ahead.begun());
  ahead.begin([](const LoadingWatch& watch) {
    watch.check();
    return 5;
  });
  CHECK(ahead.take({}) == 5);
}

/// Loads until it is told to give up. Without an end this would hang, as would a program that doesn't ask.
int load_without_end(const LoadingWatch& watch, std::atomic<int>& weights) {
  for (;; ++weights) watch.check();
}

TEST_CASE("a load ends at its next check when it is stopped, when its owner gives up, and when its owner goes") {
  std::atomic<int> weights = 0;
  const auto endless = [&](const LoadingWatch& watch) { return load_without_end(watch, weights); };
  {
    LoadingAhead<int> ahead;
    ahead.begin(endless);
    ahead.stop();
    CHECK_FALSE(ahead.begun());
    ahead.stop();
    ahead.begin(endless);
    int asked = 0;
    CHECK_THROWS_AS(ahead.take({.check =
                                    [&] {
                                      if (++asked == 3) throw std::runtime_error("enough");
                                    }}),
                    std::runtime_error);
    CHECK(asked == 3);
    CHECK_FALSE(ahead.begun());
    ahead.begin(endless);
    ahead.begin(endless);
  }
  const int before = weights;
  std::this_thread::yield();
  CHECK(weights == before);
}

}  // namespace
}  // namespace zimage
