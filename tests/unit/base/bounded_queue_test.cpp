#include "base/bounded_queue.h"

#include <atomic>
#include <thread>

#include "support/catch.h"

using zimage::BoundedQueue;

TEST_CASE("a queue keeps the order and never holds more than its capacity") {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed{0};
  std::thread producer([&] {
    for (int i = 0; i < 100; ++i) {
      queue.push(i);
      ++pushed;
    }
    queue.close();
  });
  int expected = 0;
  while (const auto item = queue.pop()) {
    CHECK(*item == expected);
    ++expected;
    // Two items wait in the queue, and one more may be on its way in.
    CHECK(pushed.load() <= expected + 3);
  }
  producer.join();
  CHECK(expected == 100);
  CHECK_FALSE(queue.push(1));
}

TEST_CASE("abandoning a queue wakes the threads that wait on either side") {
  BoundedQueue<int> full(1);
  REQUIRE(full.push(1));
  std::thread producer([&] { CHECK_FALSE(full.push(2)); });
  BoundedQueue<int> empty(1);
  std::thread consumer([&] { CHECK_FALSE(empty.pop().has_value()); });
  full.abandon();
  empty.abandon();
  producer.join();
  consumer.join();
  CHECK_FALSE(full.try_pop().has_value());
}
