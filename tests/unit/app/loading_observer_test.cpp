#include "app/job/loading_observer.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"

namespace zimage::app {
namespace {

class Recorder final : public Observer {
 public:
  void stage(const std::string& name) override { stages.push_back(name); }
  void loading(std::uint64_t bytes, std::uint64_t total) override { loaded.emplace_back(bytes, total); }
  bool cancelled() override { return stopped; }
  std::vector<std::string> stages;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> loaded;
  bool stopped = false;
};

TEST_CASE("stages are reported in order once the inputs are known to be good") {
  Recorder told;
  LoadingObserver loading(told);
  loading.stage("load");
  loading.stage("encode prompt");
  CHECK(told.stages.empty());
  loading.inputs_are_good();
  CHECK(told.stages == std::vector<std::string>{"load", "encode prompt"});
  loading.stage("load");
  CHECK(told.stages == std::vector<std::string>{"load", "encode prompt", "load"});
  CHECK_FALSE(loading.cancelled());
}

TEST_CASE("bytes are reported once the inputs are known to be good, and none of before") {
  Recorder told;
  LoadingObserver loading(told);
  loading.loading(0, 30);
  loading.loading(10, 30);
  CHECK(told.loaded.empty());
  loading.inputs_are_good();
  loading.loading(20, 30);
  loading.loading(30, 30);
  CHECK(told.loaded == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{20, 30}, {30, 30}});
}

TEST_CASE("loading ends if the inputs are bad or the user stops it") {
  Recorder told;
  LoadingObserver loading(told);
  CHECK_FALSE(loading.cancelled());
  told.stopped = true;
  CHECK(loading.cancelled());
  told.stopped = false;
  loading.inputs_are_bad();
  CHECK(loading.cancelled());
  loading.stage("load");
  CHECK(told.stages.empty());
}

}  // namespace
}  // namespace zimage::app
