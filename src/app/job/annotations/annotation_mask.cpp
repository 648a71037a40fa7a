#include "app/job/annotations/annotation_mask.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "base/file_name.h"
#include "base/log.h"
#include "base/text.h"
#include "image/mask_operations.h"
#include "image/run_lengths.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// Returns how many of the last parts of two paths are the same.
std::size_t common_parts(const std::string& a, const std::string& b) {
  const fs::path first = composed_name(a);
  const fs::path second = composed_name(b);
  std::size_t count = 0;
  auto i = first.end();
  auto j = second.end();
  while (i != first.begin() && j != second.begin() && *--i == *--j) ++count;
  return count;
}

[[noreturn]] void refuse_picture(const Annotations& file, const MaskSource& source, const std::string& name) {
  std::vector<std::string> names;
  for (const AnnotatedPicture& picture : file.pictures) names.push_back(printable(picture.name));
  throw Error(ErrorCode::kInput,
              source.path.string() + (name.empty() ? " can't be asked for a picture from stdin, which has no name"
                                                   : " has no picture " + in_quotes(name)),
              names.empty() ? "its list of images is empty" : "it has " + list_some(names));
}

const AnnotatedPicture& find_picture(const Annotations& file, const MaskSource& source, const fs::path& picture) {
  if (!file.named) return file.pictures.front();
  const std::string name = picture.filename().string();
  const auto places = file.by_name.find(composed_name(name));
  if (name.empty() || places == file.by_name.end()) refuse_picture(file, source, name);
  std::size_t most = 0;
  std::vector<const AnnotatedPicture*> found;
  for (const std::size_t place : places->second) {
    const AnnotatedPicture& candidate = file.pictures[place];
    const std::size_t parts = common_parts(candidate.name, picture.string());
    if (parts > most) found.clear();
    if (parts >= most) found.push_back(&candidate);
    most = std::max(most, parts);
  }
  if (found.size() == 1) return *found.front();
  throw Error(ErrorCode::kInput,
              concat({source.path.string(), " has several pictures ", in_quotes(name), ": ", in_quotes(found[0]->name),
                      " and ", in_quotes(found[1]->name)}),
              "keep one of them in the file");
}

/// Lists the labels of annotations, each once.
std::vector<std::string> labels_of(const Annotations& file, const std::vector<Annotation>& annotations) {
  std::set<std::string> names;
  for (const Annotation& annotation : annotations) names.insert(printable(file.labels[annotation.label].name));
  return {names.begin(), names.end()};
}

/// Returns which labels count. Errors: kInput if none has the name or the number that was given.
std::vector<bool> chosen_labels(const Annotations& file, const MaskSource& source) {
  std::vector<bool> chosen(file.labels.size(), source.annotation_label.empty());
  const auto choose = [&](std::string AnnotationLabel::*member) {
    bool any = false;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (file.labels[i].*member != source.annotation_label) continue;
      chosen[i] = true;
      any = true;
    }
    return any;
  };
  if (source.annotation_label.empty() || choose(&AnnotationLabel::name) || choose(&AnnotationLabel::id)) return chosen;
  std::set<std::string> names;
  for (const AnnotationLabel& label : file.labels) names.insert(printable(label.name));
  throw Error(ErrorCode::kInput, concat({source.path.string(), " has no label ", in_quotes(source.annotation_label)}),
              names.empty() ? "it has no labels" : "it has " + list_some({names.begin(), names.end()}, 8));
}

void fill(const Annotation& annotation, const MaskSource& source, Mask& mask) {
  for (const auto& polygon : annotation.polygons) fill_polygon(mask, polygon);
  for (const Circle& circle : annotation.circles) fill_ellipse(mask, circle.centre, circle.radius, circle.radius);
  if (annotation.runs.empty() || fill_runs(mask, annotation.runs)) return;
  throw Error(ErrorCode::kInput,
              concat({source.path.string(), " has runs that don't fill the ", size_text(mask.width, mask.height),
                      " pixels of their picture"}),
              "export it again");
}

void log_left_out(const AnnotatedPicture& picture, const MaskSource& source) {
  const std::string name = printable(source.path.string());
  if (picture.boxes > 0) {
    log::notice(
        concat({name, ": where annotations have no outline, their boxes count (", std::to_string(picture.boxes), ")"}));
  }
  std::map<std::string, std::size_t> kinds;
  for (const std::string& what : picture.left_out) ++kinds[what];
  for (const auto& [what, count] : kinds) {
    const std::string times = count > 1 ? concat({" (", std::to_string(count), " times)"}) : "";
    log::notice(concat({name, ": ", what, " is left out", times}));
  }
}

/// Checks that annotations can be brought to the picture's size, before memory of theirs is taken. Errors: kInput.
void check_size(const AnnotatedPicture& annotated, const JobSpec& spec, int width, int height) {
  constexpr int kMostShrunk = 16;
  const bool fits = same_aspect(annotated.width, annotated.height, width, height);
  if (fits && annotated.width / kMostShrunk <= width) return;
  throw Error(
      ErrorCode::kInput,
      concat({"the annotations ", spec.mask.path.string(), " are of ", size_text(annotated.width, annotated.height),
              ", the picture ", spec.image_name(), " is ", size_text(width, height)}),
      "give the picture that was annotated; one that is turned by its EXIF counts as it is shown");
}

}  // namespace

AnnotationMask mask_of_annotations(const JobSpec& spec, int width, int height) {
  const MaskSource& source = spec.mask;
  const auto file = read_annotations(source.path, spec.batch);
  const AnnotatedPicture& annotated = find_picture(*file, source, spec.stdin_picture ? fs::path() : spec.image);
  const std::vector<bool> chosen = chosen_labels(*file, source);
  log_left_out(annotated, source);
  const bool sized = annotated.width > 0 && annotated.height > 0;
  if (sized) check_size(annotated, spec, width, height);
  AnnotationMask out{.mask = sized ? Mask(annotated.width, annotated.height) : Mask(width, height)};
  std::size_t drawn = 0;
  for (const Annotation& annotation : annotated.annotations) {
    if (!chosen[annotation.label]) continue;
    fill(annotation, source, out.mask);
    ++drawn;
  }
  if (!out.mask.none()) return out;
  const std::vector<std::string> labels = labels_of(*file, annotated.annotations);
  out.empty = labels.empty() ? "it has no annotation of this picture"
              : drawn == 0   ? concat({"this picture has no annotation ", in_quotes(source.annotation_label)})
                             : "its annotations of this picture have no pixel in it";
  out.hint = labels.empty() ? "annotate it, or leave the picture out" : "this picture has " + list_some(labels, 8);
  return out;
}

}  // namespace zimage::app
