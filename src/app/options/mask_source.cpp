#include "app/options/mask_source.h"

#include "base/text.h"
#include "image/shape_text.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

constexpr std::string_view kEnding = ".json";

/// Returns where the path of annotations ends: at the colon before a label, or at the end. 0: it isn't such a path.
std::size_t end_of_json(const std::string& text) {
  const std::string small = lower(text);
  const std::size_t colon = small.find(concat({kEnding, ":"}));
  if (colon != std::string::npos) return colon + kEnding.size();
  return small.ends_with(kEnding) ? text.size() : 0;
}

}  // namespace

MaskSource parse_mask_source(const std::string& text) {
  MaskSource source;
  if (text == "alpha") {
    source.from_alpha = true;
  } else if (is_shape_text(text)) {
    source.shapes = parse_shapes(text);
  } else {
    source.path = mask_path(text);
    const std::size_t end = end_of_json(text);
    source.annotated = end > 0;
    if (end == 0 || end == text.size()) return source;
    source.annotation_label = text.substr(end + 1);
    if (source.annotation_label.empty()) {
      throw Error(ErrorCode::kUsage, "--mask " + in_quotes(text) + " names no label behind the colon",
                  "give --mask FILE.json:LABEL, or leave out the colon for all labels");
    }
  }
  return source;
}

std::string mask_source_text(const MaskSource& source) {
  if (source.from_alpha) return "alpha";
  std::string text;
  for (const MaskShape& shape : source.shapes) text += (text.empty() ? "" : "+") + shape.text;
  if (!source.shapes.empty()) return text;
  return source.annotation_label.empty() ? source.path.string()
                                         : concat({source.path.string(), ":", source.annotation_label});
}

std::filesystem::path mask_path(const std::string& text) {
  if (text == "alpha" || is_shape_text(text)) return {};
  const std::size_t end = end_of_json(text);
  return end == 0 ? text : text.substr(0, end);
}

}  // namespace zimage::app
