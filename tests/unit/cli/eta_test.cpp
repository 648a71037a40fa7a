#include "cli/eta.h"

#include "support/catch.h"

using zimage::cli::Eta;
using zimage::cli::MegapixelsLeft;

TEST_CASE("the time left is estimated from the pictures made so far") {
  const auto start = Eta::Clock::now();
  Eta eta;
  eta.begin(start);
  CHECK(eta.text(5, std::nullopt, start + std::chrono::seconds(3)) == "");
  CHECK(eta.rate(start + std::chrono::seconds(3)) == "");
  eta.made(0.0);
  eta.begin(start + std::chrono::seconds(10));  // the second begin() changes nothing
  eta.made(0.0);
  CHECK(eta.text(6, std::nullopt, start + std::chrono::seconds(20)) == "1:00");
  CHECK(eta.text(725, std::nullopt, start + std::chrono::seconds(20)) == "2:00:50");
  CHECK(eta.text(0, std::nullopt, start + std::chrono::seconds(20)) == "0:00");
  CHECK(eta.rate(start + std::chrono::seconds(20)) == "6.0/min");
}

TEST_CASE("larger pictures that are still to come take longer") {
  const auto start = Eta::Clock::now();
  const auto now = start + std::chrono::seconds(20);
  Eta eta;
  eta.begin(start);
  eta.made(1.0);
  eta.made(1.0);
  CHECK(eta.rate(now) == "6.0/min, 0.10 MP/s");
  CHECK(eta.text(6, 6.0, now) == "1:00");
  CHECK(eta.text(6, 18.0, now) == "2:00");  // a minute by the pictures, three by their megapixels
}

TEST_CASE("the megapixels left are those of the pictures that haven't ended") {
  MegapixelsLeft left;
  CHECK_FALSE(left.megapixels(4).has_value());
  left.ended("a");
  left.expect({{"a", 9.0}, {"b", 1.0}, {"c", 3.0}});
  CHECK(*left.megapixels(2) == 4.0);
  CHECK(*left.megapixels(3) == 6.0);  // one has an unknown size, and counts as the average
  left.ended("b");
  CHECK(*left.megapixels(1) == 3.0);
  left.ended("c");
  left.ended("d");
  CHECK_FALSE(left.megapixels(1).has_value());
}
