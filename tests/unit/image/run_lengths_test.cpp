#include "image/run_lengths.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/catch.h"

using namespace zimage;
using nlohmann::json;

namespace {

json fixture(const std::string& name) {
  return json::parse(std::ifstream(std::string(ZIMAGE_SOURCE_DIR) + "/tests/fixtures/annotations/" + name));
}

}  // namespace

TEST_CASE("runs are those of pycocotools, as text and as counts") {
  const json file = fixture("instances.json");
  const json masks = fixture("runs.json");
  int compared = 0;
  for (const json& annotation : file["annotations"]) {
    const json& counts = annotation["segmentation"]["counts"];
    const auto runs = counts.is_string() ? parse_run_lengths(counts.get<std::string>())
                                         : std::optional(counts.get<std::vector<std::uint32_t>>());
    REQUIRE(runs);
    const std::string name = file["categories"][annotation["category_id"].get<std::size_t>() - 1]["name"];
    INFO(name);
    Mask mask(64, 48);
    REQUIRE(fill_runs(mask, *runs));
    for (int y = 0; y < 48; ++y) {
      std::string row;
      for (int x = 0; x < 64; ++x) row += static_cast<char>('0' + mask.repaint[mask.index(x, y)]);
      CHECK(row == masks[name][static_cast<std::size_t>(y)].get<std::string>());
    }
    ++compared;
  }
  CHECK(compared == 12);
}

TEST_CASE("runs that don't fill the mask are refused") {
  Mask mask(4, 3);
  CHECK(fill_runs(mask, std::vector<std::uint32_t>{0, 12}));
  CHECK_FALSE(fill_runs(mask, std::vector<std::uint32_t>{5, 6}));
  CHECK_FALSE(fill_runs(mask, std::vector<std::uint32_t>{5, 8}));
  CHECK_FALSE(fill_runs(mask, std::vector<std::uint32_t>{4294967295U, 13}));
  CHECK_FALSE(fill_runs(mask, std::vector<std::uint32_t>{}));
}

TEST_CASE("text that isn't compressed runs is refused, whatever it is") {
  CHECK(parse_run_lengths("")->empty());
  CHECK(parse_run_lengths("5") == std::vector<std::uint32_t>{5});
  CHECK_FALSE(parse_run_lengths("P"));            // more should follow
  CHECK_FALSE(parse_run_lengths("@"));            // negative
  CHECK_FALSE(parse_run_lengths("5 5"));          // a character below '0'
  CHECK_FALSE(parse_run_lengths("\xff"));         // and one above 'o'
  CHECK_FALSE(parse_run_lengths("oooooooooo0"));  // more bits than a run has
  CHECK_FALSE(parse_run_lengths("PPPPPP?"));      // beyond 2^28
}
