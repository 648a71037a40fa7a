#include "app/options/mask_source.h"

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::app;

TEST_CASE("a mask's value is a path, alpha, shapes or annotations") {
  CHECK(parse_mask_source("masks/a.png").path == "masks/a.png");
  CHECK(parse_mask_source("alpha").from_alpha);
  CHECK(parse_mask_source("./alpha").path == "./alpha");
  CHECK(parse_mask_source("rect:1,2,3,4+rect:5,6,7,8").shapes.size() == 2);
  CHECK(parse_mask_source("./rect:1,2,3,4").path == "./rect:1,2,3,4");
  CHECK(parse_mask_source("a:b.png").path == "a:b.png");
  CHECK(parse_mask_source("").path.empty());
}

TEST_CASE("a label stands behind the colon of a JSON file, whatever is in it") {
  const MaskSource all = parse_mask_source("data/instances.json");
  CHECK(all.annotated);
  CHECK(all.path == "data/instances.json");
  CHECK(all.annotation_label.empty());
  const MaskSource cat = parse_mask_source("a:b/Instances.JSON:traffic light: red.json:2");
  CHECK(cat.annotated);
  CHECK(cat.path == "a:b/Instances.JSON");
  CHECK(cat.annotation_label == "traffic light: red.json:2");
  CHECK_FALSE(parse_mask_source("a.jsonl").annotated);
  CHECK_FALSE(parse_mask_source("a.json.png").annotated);
  CHECK(test::error_of([] { parse_mask_source("a.json:"); })->code() == ErrorCode::kUsage);
}

TEST_CASE("a source's text is what it was made of") {
  for (const char* text : {"a.png", "alpha", "a.json", "a.json:a label", "rect:1,2%,3,4+polygon:1,2 3,4 5,6", ""}) {
    CHECK(mask_source_text(parse_mask_source(text)) == text);
  }
}

TEST_CASE("the path in a mask's value is found even if the rest is wrong") {
  CHECK(mask_path("a.json:") == "a.json");
  CHECK(mask_path("rect:nonsense").empty());
  CHECK(mask_path("alpha").empty());
  CHECK(mask_path("folder") == "folder");
}
