#include "cli/loading_rate.h"

#include "support/catch.h"

using std::chrono::milliseconds;
using std::chrono::seconds;
using zimage::cli::LoadingRate;

TEST_CASE("the rate of loading counts from a part's beginning") {
  const auto start = LoadingRate::Clock::now();
  LoadingRate rate;
  rate.add(0, 12'310'000'000, start);
  CHECK(rate.text() == "0.0 of 12.3 GB");
  rate.add(3'200'000'000, 12'310'000'000, start + seconds(2));
  CHECK(rate.text() == "3.2 of 12.3 GB, 1.6 GB/s");
  rate.add(0, 170'000'000, start + seconds(9));  // the next part
  rate.add(34'000'000, 170'000'000, start + milliseconds(9100));
  CHECK(rate.text() == "0.03 of 0.17 GB, 0.3 GB/s");
}

TEST_CASE("progress that first comes in the middle of a part is measured from there") {
  const auto start = LoadingRate::Clock::now();
  LoadingRate rate;
  rate.add(4'000'000'000, 8'000'000'000, start);
  CHECK(rate.text() == "4.0 of 8.0 GB");
  rate.add(5'000'000'000, 8'000'000'000, start + seconds(2));
  CHECK(rate.text() == "5.0 of 8.0 GB, 0.5 GB/s");
}

TEST_CASE("loading is shown once an interval, and not at once") {
  const auto start = LoadingRate::Clock::now();
  LoadingRate rate;
  rate.add(0, 100, start);
  CHECK_FALSE(rate.due(milliseconds(100), start));
  CHECK_FALSE(rate.due(milliseconds(100), start + milliseconds(99)));
  CHECK(rate.due(milliseconds(100), start + milliseconds(100)));
  CHECK_FALSE(rate.due(milliseconds(100), start + milliseconds(150)));
  CHECK(rate.due(milliseconds(100), start + milliseconds(230)));
}
