#include "nn/stream/layer_stream.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "support/catch.h"

namespace zimage::nn {
namespace {

using Calls = std::vector<std::string>;

/// Records the calls, and fails the test if one breaks the rules of LayerMover.
class RecordingMover final : public LayerMover {
 public:
  RecordingMover(Calls& calls, const bool& fails, const bool& lost) : calls_(calls), fails_(fails), lost_(lost) {}

  void begin(std::size_t layer, std::size_t slot) override {
    REQUIRE(slot < LayerStream::kSlots);
    CHECK(holds_[slot] == kNone);
    CHECK(holds_[1 - slot] != layer);
    CHECK_FALSE(in_use_[slot]);
    if (fails_) throw std::runtime_error("no copy");
    holds_[slot] = layer;
    note("begin", layer, slot);
  }
  void wait(std::size_t layer, std::size_t slot) override {
    CHECK(holds_[slot] == layer);
    CHECK_FALSE((in_use_[0] || in_use_[1]));
    if (lost_) throw std::runtime_error("the copy failed");
    in_use_[slot] = true;
    note("wait", layer, slot);
  }
  void finished(std::size_t layer, std::size_t slot) override {
    CHECK(holds_[slot] == layer);
    CHECK(in_use_[slot]);
    in_use_[slot] = false;
    note("finished", layer, slot);
  }
  void drop(std::size_t layer, std::size_t slot) override {
    CHECK(holds_[slot] == layer);
    CHECK_FALSE(in_use_[slot]);
    holds_[slot] = kNone;
    note("drop", layer, slot);
  }
  std::uint64_t moved_bytes() const override { return 0; }

 private:
  static constexpr std::size_t kNone = 1000;

  void note(const char* what, std::size_t layer, std::size_t slot) {
    std::string call = what;
    call += " ";
    call += std::to_string(layer);
    call += slot == 0 ? " a" : " b";
    calls_.push_back(std::move(call));
  }

  Calls& calls_;
  const bool& fails_;  ///< begin() does
  const bool& lost_;   ///< wait() throws
  std::size_t holds_[LayerStream::kSlots] = {kNone, kNone};
  bool in_use_[LayerStream::kSlots] = {false, false};
};

struct Fixture {
  Fixture(std::size_t layers, std::size_t resident, bool cyclic = true)
      : stream(layers, resident, cyclic, std::make_unique<RecordingMover>(calls, fails, lost)) {}

  /// Asks for layers and returns what that caused.
  Calls need(const std::vector<std::size_t>& layers) {
    calls.clear();
    for (const auto layer : layers) stream.need(layer);
    return calls;
  }

  Calls calls;
  bool fails = false;
  bool lost = false;
  LayerStream stream;
};

int count(const Calls& calls, const std::string& what) {
  int found = 0;
  for (const auto& call : calls) found += call.starts_with(what) ? 1 : 0;
  return found;
}

TEST_CASE("while a layer computes the next one comes, and after the last the first") {
  Fixture f(4, 1);
  CHECK(f.need({0}) == Calls{"begin 1 a", "begin 2 b"});
  CHECK(f.need({1}) == Calls{"wait 1 a"});
  CHECK(f.need({2}) == Calls{"finished 1 a", "drop 1 a", "begin 3 a", "wait 2 b"});
  CHECK(f.need({3}) == Calls{"finished 2 b", "drop 2 b", "begin 1 b", "wait 3 a"});
  CHECK(f.need({0}) == Calls{"finished 3 a", "drop 3 a", "begin 2 a"});
  CHECK(f.need({1}) == Calls{"wait 1 b"});
}

TEST_CASE("a streamed layer says in which slot it is, and a resident one has none") {
  Fixture f(4, 2);
  CHECK_FALSE(f.stream.need(1).has_value());
  CHECK(f.stream.need(2) == std::optional<std::size_t>(0));
  CHECK(f.stream.need(3) == std::optional<std::size_t>(1));
  CHECK(f.stream.need(2) == std::optional<std::size_t>(0));
}

TEST_CASE("without a next round nothing comes after the last layer") {
  Fixture f(4, 0, /*cyclic=*/false);
  f.need({0, 1, 2});
  CHECK(f.need({3}) == Calls{"finished 2 a", "wait 3 b"});
  f.calls.clear();
  f.stream.rest();
  CHECK(f.calls == Calls{"finished 3 b", "drop 2 a", "drop 3 b"});
  CHECK(f.need({0}) == Calls{"begin 0 a", "begin 1 b", "wait 0 a"});
}

TEST_CASE("a forward brings every streamed layer once") {
  const std::size_t layers = GENERATE(3, 4, 7, 30);
  const std::size_t resident = GENERATE(0, 1);
  Fixture f(layers, resident);
  std::vector<std::size_t> forward;
  for (std::size_t i = 0; i < layers; ++i) forward.push_back(i);
  f.need(forward);
  const auto streamed = static_cast<int>(layers - resident);
  for (int round = 0; round < 3; ++round) {
    const Calls calls = f.need(forward);
    CHECK(count(calls, "begin") == (streamed > 2 ? streamed : 0));
    CHECK(count(calls, "wait") == streamed);
  }
}

TEST_CASE("layers that fit into the slots are brought once, and none means no call at all") {
  Fixture two(5, 3);
  CHECK(two.need({0, 1, 2, 3, 4}) == Calls{"begin 3 a", "begin 4 b", "wait 3 a", "finished 3 a", "wait 4 b"});
  CHECK(two.need({0, 1, 2, 3, 4}) == Calls{"finished 4 b", "wait 3 a", "finished 3 a", "wait 4 b"});
  Fixture one(3, 2);
  CHECK(one.need({0, 1, 2}) == Calls{"begin 2 a", "wait 2 a"});
  CHECK(one.need({0, 1, 2, 2}) == Calls{"finished 2 a", "wait 2 a"});
  Fixture none(3, 3);
  CHECK(none.need({0, 1, 2, 0}).empty());
  none.stream.rest();
  CHECK(none.calls.empty());
  Fixture beyond(3, 9);
  CHECK(beyond.need({0, 1, 2}).empty());
}

TEST_CASE("asking again for the layer in use does nothing") {
  Fixture f(5, 0);
  f.need({0, 1});
  CHECK(f.need({1, 1}).empty());
}

TEST_CASE("a forward that ended early leaves the next one nothing to wait for but its own layers") {
  Fixture f(6, 0);
  f.need({0, 1, 2});
  // Layer 3 was on its way, and makes room.
  CHECK(f.need({0}) == Calls{"finished 2 a", "drop 2 a", "begin 0 a", "drop 3 b", "begin 1 b", "wait 0 a"});
  CHECK(f.need({1}) == Calls{"finished 0 a", "drop 0 a", "begin 2 a", "wait 1 b"});
}

TEST_CASE("layers in any order are right, if not early") {
  Fixture f(7, 2);
  const std::vector<std::size_t> order = {4, 2, 6, 0, 5, 5, 3, 2, 6, 6, 1, 4, 3, 2, 0, 2};
  for (const auto layer : order) {
    const auto slot = f.stream.need(layer);  // the mover checks the rules
    CHECK(slot.has_value() == (layer >= 2));
    if (slot) CHECK(f.calls.back().starts_with("wait " + std::to_string(layer)) == true);
  }
}

TEST_CASE("if a copy can't begin, the slot is empty and the next forward begins it again") {
  Fixture f(5, 0);
  f.need({0, 1});
  f.fails = true;
  CHECK_THROWS_AS(f.stream.need(2), std::runtime_error);
  f.fails = false;
  CHECK(f.need({0, 1, 2, 3}).back() == "wait 3 b");
  f.stream.rest();
  CHECK(f.calls.back().starts_with("drop"));
}

TEST_CASE("a layer that didn't arrive is brought again when it is needed again") {
  Fixture f(5, 0);
  f.need({0});
  f.lost = true;
  CHECK_THROWS_AS(f.stream.need(1), std::runtime_error);
  CHECK(f.calls.back() == "drop 1 b");
  f.lost = false;
  CHECK(f.need({1}) == Calls{"begin 1 b", "wait 1 b"});
}

TEST_CASE("resting empties the slots, arrived or not") {
  Fixture f(5, 1);
  f.need({0, 1, 2});
  f.calls.clear();
  f.stream.rest();
  CHECK(f.calls == Calls{"finished 2 b", "drop 3 a", "drop 2 b"});
  f.calls.clear();
  f.stream.rest();
  CHECK(f.calls.empty());
}

}  // namespace
}  // namespace zimage::nn
