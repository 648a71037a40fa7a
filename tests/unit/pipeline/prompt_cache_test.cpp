#include "pipeline/prompt_cache.h"

#include <ATen/ATen.h>

#include "support/catch.h"

namespace zimage::test {
namespace {

constexpr std::size_t kBytes = 4 * sizeof(float);

EncodedPrompt encoded(double value) { return {at::full({1, 1, 4}, value), 1}; }

bool holds(PromptCache& cache, const std::string& prompt) { return cache.find(prompt).has_value(); }

TEST_CASE("a prompt that nobody expects stays while there is room", "[pipeline]") {
  PromptCache cache(2 * kBytes, 10 * kBytes);
  cache.add("a", encoded(1));
  cache.add("b", encoded(2));
  REQUIRE(holds(cache, "a"));  // now its last use is later than b's
  cache.add("c", encoded(3));
  CHECK(holds(cache, "a"));
  CHECK_FALSE(holds(cache, "b"));
  REQUIRE(holds(cache, "c"));
  CHECK(cache.find("c")->embeds[0][0][0].item<float>() == 3.0F);
}

TEST_CASE("the prompt that was added last stays, whatever its size", "[pipeline]") {
  PromptCache cache(0, 0);
  cache.add("a", encoded(1));
  CHECK(holds(cache, "a"));
  cache.add("b", encoded(2));
  CHECK_FALSE(holds(cache, "a"));
  CHECK(holds(cache, "b"));
}

TEST_CASE("an expected prompt stays until the last run that needs it", "[pipeline]") {
  PromptCache cache(0, 10 * kBytes);
  cache.expect({"a", "b", "a"});
  cache.add("a", encoded(1));
  cache.add("b", encoded(2));
  cache.add("c", encoded(3));
  CHECK(holds(cache, "a"));
  cache.release("a");
  CHECK(holds(cache, "a"));
  cache.release("a");
  CHECK_FALSE(holds(cache, "a"));
  CHECK(holds(cache, "b"));
  cache.release("c");  // nobody expects it, so nothing happens
  CHECK(holds(cache, "c"));
}

TEST_CASE("each prompt to encode ahead comes once, in order, while there is room", "[pipeline]") {
  PromptCache cache(0, 2 * kBytes);
  cache.expect({"a", "b", "a", "c", "d"});
  cache.add("b", encoded(2));
  cache.release("c");  // its job failed
  CHECK(cache.next_missing() == "a");
  cache.add("a", encoded(1));
  CHECK_FALSE(cache.next_missing().has_value());  // no room
  cache.release("b");
  CHECK(cache.next_missing() == "d");
  cache.add("d", encoded(4));
  cache.release("a");
  CHECK(holds(cache, "a"));  // another run needs it
  cache.release("a");
  CHECK_FALSE(cache.next_missing().has_value());
}

TEST_CASE("even expected prompts don't take more room than there is", "[pipeline]") {
  PromptCache cache(0, 2 * kBytes);
  cache.expect({"a", "b", "c"});
  cache.add("a", encoded(1));
  cache.add("b", encoded(2));
  cache.add("c", encoded(3));
  CHECK_FALSE(holds(cache, "a"));
  CHECK(holds(cache, "b"));
  CHECK(holds(cache, "c"));
}

}  // namespace
}  // namespace zimage::test
