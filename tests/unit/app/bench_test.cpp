#include "app/tools/bench.h"

#include "app/options/option.h"
#include "app/tools/spread.h"
#include "support/catch.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

BenchJob job_of(const std::string& size) {
  Settings settings(find_subcommand("bench")->options);
  settings.set("random-weights", {"tiny"}, Source::kCommandLine);
  settings.set("size", {size}, Source::kCommandLine);
  return bench_job(settings);
}

TEST_CASE("the median of an even number of times is the middle two's mean") {
  const Spread odd = spread_of({5.0, 1.0, 3.0});
  CHECK(odd.median == 3.0);
  CHECK(odd.fastest == 1.0);
  CHECK(odd.slowest == 5.0);
  CHECK(odd.relative() == Approx(4.0 / 3.0));
  CHECK(spread_of({4.0, 1.0, 2.0, 9.0}).median == 3.0);
  CHECK(spread_of({7.0}).relative() == 0.0);
  CHECK(spread_of({}).median == 0.0);
}

TEST_CASE("a rate is the operations over the median") {
  const BenchStage stage{.name = "forward", .times = {100.0, 50.0, 400.0}, .operations = 2e9};
  CHECK(stage.gflops() == Approx(20.0));
  CHECK(BenchStage{.name = "load", .times = {100.0}}.gflops() == 0.0);
}

TEST_CASE("sizes are a list with commas") {
  const BenchJob job = job_of("512x256,64x64");
  REQUIRE(job.sizes.size() == 2);
  CHECK(job.sizes[0].width == 512);
  CHECK(job.sizes[0].height == 256);
  CHECK(job.sizes[1].width == 64);
  CHECK(job.random_shape == "tiny");
  for (const char* wrong :
       {"", "512", "512x", "x512", "512x512x", "500x512", "512x8200", "0x16", "-16x16", "512x512,", "a"}) {
    CHECK_THROWS_AS(job_of(wrong), Error);
  }
}

}  // namespace
}  // namespace zimage::app
