#include "cli/eta.h"

#include "support/catch.h"

using zimage::cli::Eta;

TEST_CASE("the time left is estimated from the pictures made so far") {
  const auto start = Eta::Clock::now();
  Eta eta;
  eta.begin(start);
  CHECK(eta.text(5, start + std::chrono::seconds(3)) == "");
  eta.made();
  eta.begin(start + std::chrono::seconds(10));  // the second begin() changes nothing
  eta.made();
  CHECK(eta.text(6, start + std::chrono::seconds(20)) == "1:00");
  CHECK(eta.text(725, start + std::chrono::seconds(20)) == "2:00:50");
  CHECK(eta.text(0, start + std::chrono::seconds(20)) == "0:00");
}
