#include "app/job/annotations/annotations.h"

#include <filesystem>

#include "app/job/annotations/annotation_mask.h"
#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::app;

namespace {

/// Returns a COCO file with one picture, a.png of 8x6, and these annotations.
std::string coco(const std::string& annotations,
                 const std::string& images = R"({"id":1,"file_name":"a.png","width":8,"height":6})") {
  return R"({"images":[)" + images + R"(],"categories":[{"id":1,"name":"cat"},{"id":7,"name":"dog"}],"annotations":[)" +
         annotations + "]}";
}

std::string annotation(const std::string& segmentation, const std::string& more = "") {
  return R"({"image_id":1,"category_id":1,"segmentation":)" + segmentation + more + "}";
}

std::string labelme(const std::string& shapes, const std::string& size = R"("imageWidth":8,"imageHeight":6)") {
  return "{" + size + R"(,"shapes":[)" + shapes + "]}";
}

class File {
 public:
  explicit File(const std::string& text) { test::write(folder / "f.json", text); }
  std::string path(const std::string& label = "") const {
    return (folder / "f.json").string() + (label.empty() ? "" : ":" + label);
  }
  AnnotationMask mask(const std::string& picture = "a.png", const std::string& label = "") const {
    JobSpec spec;
    static_cast<MaskSource&>(spec.mask) = parse_mask_source(path(label));
    spec.image = picture;
    if (picture.empty()) spec.stdin_picture = std::make_shared<std::vector<std::uint8_t>>();
    return mask_of_annotations(spec, 8, 6);
  }
  /// Returns the message, of an error of the input.
  std::string refusal(const std::string& picture = "a.png", const std::string& label = "") const {
    const auto error = test::error_of([&] { mask(picture, label); });
    if (!error) return "";
    CHECK(error->code() == ErrorCode::kInput);
    return error->message() + " (" + error->hint() + ")";
  }

 private:
  test::TemporaryFolder folder;
};

const std::string kSquare = "[[1,1,5,1,5,4,1,4]]";

}  // namespace

TEST_CASE("COCO's polygons, runs and boxes are drawn together") {
  CHECK(File(coco(annotation(kSquare))).mask().mask.count() == 12);
  CHECK(File(coco(annotation("[[1,1,5,1,5,4,1,4],[6,0,8,0,8,6,6,6]]"))).mask().mask.count() == 24);
  CHECK(File(coco(annotation("[1,1,5,1,5,4,1,4]"))).mask().mask.count() == 12);
  CHECK(File(coco(annotation(R"({"size":[6,8],"counts":[7,4,37]})"))).mask().mask.count() == 4);
  CHECK(File(coco(annotation("[]", R"(,"bbox":[0,0,3,2])"))).mask().mask.count() == 6);
  CHECK(File(coco(annotation(kSquare) + "," + annotation("[]", R"(,"bbox":[0,0,3,2])"))).mask().mask.count() == 16);
  CHECK(File(coco(annotation("[[1,1,5,1]]"))).mask().mask.none());  // left out, with a notice
}

TEST_CASE("a label is a category's name or its number") {
  const File file(coco(annotation(kSquare) + R"(,{"image_id":1,"category_id":7,"segmentation":[[6,0,8,0,8,6,6,6]]})"));
  CHECK(file.mask().mask.count() == 24);
  CHECK(file.mask("a.png", "cat").mask.count() == 12);
  CHECK(file.mask("a.png", "7").mask.count() == 12);
  CHECK(file.refusal("a.png", "horse").find("has no label \"horse\" (it has cat, dog)") != std::string::npos);
}

TEST_CASE("a picture is found by its name, and by its folders where that is not enough") {
  const std::string images =
      R"({"id":1,"file_name":"one/a.png","width":8,"height":6},{"id":2,"file_name":"two/a.png","width":8,"height":6})";
  const File file(coco(annotation(kSquare), images));
  CHECK(file.mask("data/one/a.png").mask.count() == 12);
  CHECK(file.mask("data/two/a.png").mask.none());
  CHECK(file.refusal("a.png").find("has several pictures \"a.png\"") != std::string::npos);
  CHECK(file.refusal("b.png").find("has no picture \"b.png\" (it has one/a.png, two/a.png)") != std::string::npos);
  CHECK(file.refusal("").find("stdin") != std::string::npos);
  // é as one character and as e with an accent
  const File accent(coco(annotation(kSquare), "{\"id\":1,\"file_name\":\"\u00e9.png\"}"));
  CHECK(accent.mask("e\u0301.png").mask.count() == 12);
}

TEST_CASE("a picture without annotations says so") {
  const File file(coco(R"({"image_id":1,"category_id":7,"segmentation":)" + kSquare + "}"));
  CHECK(file.mask("a.png", "dog").empty.empty());
  CHECK(file.mask("a.png", "cat").empty == "this picture has no annotation \"cat\"");
  CHECK(file.mask("a.png", "cat").hint == "this picture has dog");
  CHECK(File(coco("")).mask().empty == "it has no annotation of this picture");
}

TEST_CASE("LabelMe's shapes are drawn, and what has no area is left out") {
  const std::string polygon = R"({"label":"cat","points":[[1,1],[5,1],[5,4],[1,4]]})";
  const std::string box = R"({"label":"dog","shape_type":"rectangle","points":[[8,6],[6,0]]})";
  const std::string circle = R"({"label":"dog","shape_type":"circle","points":[[4,3],[4,5]]})";
  const std::string line = R"({"label":"way","shape_type":"line","points":[[0,0],[8,6]]})";
  CHECK(File(labelme(polygon)).mask().mask.count() == 12);
  CHECK(File(labelme(box)).mask().mask.count() == 12);
  CHECK(File(labelme(circle)).mask().mask.count() == 12);
  CHECK(File(labelme(polygon + "," + box)).mask("any.png", "cat").mask.count() == 12);
  CHECK(File(labelme(polygon + "," + line)).mask("a.png", "way").empty ==
        "its annotations of this picture have no pixel in it");
  CHECK(File(labelme(polygon, R"("version":"5")")).mask().mask.width == 8);
  CHECK(File(labelme(polygon, R"("imageWidth":16,"imageHeight":12)")).mask().mask.width == 16);
  // A few bytes of text take no memory of a large picture.
  CHECK_FALSE(File(labelme(polygon, R"("imageWidth":16000,"imageHeight":12000)")).refusal().empty());
  CHECK_FALSE(File(labelme(polygon, R"("imageWidth":6,"imageHeight":8)")).refusal().empty());
}

TEST_CASE("an error names the file, and the entry in it") {
  const std::string whole = File(R"({"images":1,"annotations":[]})").refusal();
  CHECK(whole.find("f.json has no list as \"images\"") != std::string::npos);
  const std::string entry = File(R"({"images":[{"file_name":"a.png"}],"annotations":[]})").refusal();
  CHECK(entry.find("f.json: image 1 has no number as \"id\"") != std::string::npos);
}

TEST_CASE("a damaged or hostile file is an error of the input") {
  const auto runs = [](const std::string& counts, const std::string& size = "[6,8]") {
    return coco(annotation(R"({"size":)" + size + R"(,"counts":)" + counts + "}"));
  };
  const auto sized = [](const std::string& width, const std::string& height) {
    return coco(annotation(kSquare),
                R"({"id":1,"file_name":"a.png","width":)" + width + R"(,"height":)" + height + "}");
  };
  std::string deep(100, '[');
  const std::vector<std::string> files{
      "",
      "nonsense",
      "[]",
      "{}",
      "\xff\xfe{",
      R"({"images":[],"images":[],"annotations":[]})",
      R"({"images":{},"annotations":[]})",
      R"({"shapes":3})",
      R"({"shapes":[3]})",
      R"({"images":[3],"annotations":[]})",
      R"({"images":)" + deep + R"(,"annotations":[]})",
      coco(annotation("3")),
      coco(annotation("[[1,2,3]]")),
      coco(annotation("[[1,2,3,4,5,\"x\"]]")),
      coco(annotation("[[1,2,3,4,5,1e300]]")),
      coco(annotation("[[1,2,3,4,5,NaN]]")),
      coco(annotation("[{}]")),
      coco(annotation("[[1,2,3,4,5,1e999]]")),
      coco(annotation("[]", R"(,"bbox":[1,2])")),
      coco(R"({"category_id":1,"segmentation":[]})"),
      coco(R"({"image_id":1,"category_id":[],"segmentation":[]})"),
      runs("[7,4]"),
      runs("[7,4,99999999999]"),
      runs("[-1,49]"),
      runs("[7.5,40.5]"),
      runs("[1e300]"),
      runs("3"),
      runs("\"zz\""),
      runs("\"\""),
      runs("[48]", "[8,6]"),
      runs("[48]", "[6]"),
      runs("[48]", "[0,8]"),
      runs("[48]", "[99999999,99999999]"),
      runs("[48]", "[\"6\",8]"),
      sized("-8", "6"),
      sized("1e6", "1e6"),
      sized("8.5", "6"),
      sized("\"8\"", "6"),
      coco(annotation(kSquare), R"({"id":1,"file_name":"a.png"},{"id":1,"file_name":"b.png"})"),
      coco(annotation(kSquare), R"({"id":1,"file_name":3})"),
      labelme(R"({"label":"a","points":[[1,2],[3,4]]})"),
      labelme(R"({"label":"a","points":[[1,2],[3],[4,5]]})"),
      labelme(R"({"label":3,"points":[]})"),
      labelme(R"({"label":"a","shape_type":"circle","points":[[1,2]]})"),
      labelme(R"({"label":"a","points":{"x":1}})"),
      labelme("", R"("imageWidth":1e7,"imageHeight":1e7)")};
  for (std::size_t i = 0; i < files.size(); ++i) {
    INFO(i << ": " << files[i]);
    CHECK_FALSE(File(files[i]).refusal().empty());
  }
}

TEST_CASE("every start of a file is refused") {
  const std::string whole = coco(annotation(R"({"size":[6,8],"counts":[7,4,37]})"));
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(File(whole.substr(0, size)).refusal().empty());
}

TEST_CASE("a file that was changed is read again") {
  test::TemporaryFolder folder;
  test::write(folder / "f.json", coco(annotation(kSquare)));
  const auto first = read_annotations(folder / "f.json", true);
  CHECK(read_annotations(folder / "f.json", true) == first);
  CHECK(read_annotations(folder / "f.json", false) != first);
  test::write(folder / "f.json", coco(annotation(kSquare) + "," + annotation(kSquare)));
  CHECK(read_annotations(folder / "f.json", true)->pictures[0].annotations.size() == 2);
}
