#include "app/page/job_pictures.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <utility>

#include "app/page/difference.h"
#include "app/page/read_picture.h"
#include "app/provenance/provenance.h"
#include "base/text.h"
#include "codecs/picture_size.h"
#include "image/canvas.h"
#include "image/display.h"
#include "image/mask_operations.h"
#include "image/overlay.h"
#include "image/scale.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

/// So many pixels of the longer side make the mask's edge one pixel wider: large pictures are shown smaller than they
/// are.
constexpr int kWider = 256;

std::string size_of(const Image& image) { return size_text(image.width, image.height); }

/// Returns whether a result is the picture with these borders, which any file may claim.
bool is_canvas(const Image& picture, const Borders& borders, const Image& result) {
  return borders.any() && std::int64_t{picture.width} + borders.left + borders.right == result.width &&
         std::int64_t{picture.height} + borders.top + borders.bottom == result.height;
}

/// Makes the figures of one job, one after another.
class Maker {
 public:
  Maker(const ReportLine& line, const fs::path& report, std::size_t bytes)
      : line_(line), report_(report), with_golden_(line.is_comparison() || line.differs()) {
    bytes_each_ = bytes / (with_golden_ ? kMostFigures : kMostFigures - 1);
  }

  JobPictures make() {
    std::optional<PagePicture> result;
    if (line_.status() != "planned") result = read("result", {"output"});
    if (result) check_record(*result);
    std::optional<PagePicture> picture;
    if (!line_.is_comparison()) picture = show_picture(result);
    std::optional<PagePicture> golden;
    if (with_golden_) {
      golden = read("golden", {"golden", "path"});
      if (golden) show("golden", "Golden", *golden, "The golden picture");
    }
    if (result) show_result(*result);
    if (with_golden_) {
      compare("golden", golden, result);
    } else if (line_.is_result()) {
      compare("picture", picture, result);
    }
    place_problems();
    return std::move(out_);
  }

 private:
  struct Problem {
    std::string role;
    std::string text;
  };

  /// Reads the picture that a role stands for; keeps what is wrong with it.
  std::optional<PagePicture> read(const char* role, std::initializer_list<const char*> keys) {
    const ordered_json& named = line_.value(keys);
    if (named.is_null()) return std::nullopt;
    const fs::path path = line_.path(keys);
    if (path.empty()) {
      problems_.push_back({role, named == "-"
                                     ? (std::string(role) == "picture" ? "It came from stdin." : "It went to stdout.")
                                     : "Its name can't be read."});
      return std::nullopt;
    }
    try {
      return read_picture(found_again(path, report_));
    } catch (const Error& error) {
      problems_.push_back({role, error.message() + "."});
    }
    return std::nullopt;
  }

  /// Notes whether a result's file is of another run than the report's. That of a skipped job is of an earlier one.
  void check_record(const PagePicture& result) {
    const auto options = result.record.find("options");
    if (options == result.record.end() || !options->is_object()) return;
    for (const char* key : {"seed", "prompt"}) {
      const ordered_json recorded = options->value(key, ordered_json());
      if (recorded.is_null() || line_.value({key}).is_null() || recorded == line_.value({key})) continue;
      out_.notes.push_back(
          concat({line_.status() == "skipped" ? "The kept result is of an earlier run"
                                              : "The result's file was written again since",
                  ": by its metadata, its ", key, " is ",
                  in_quotes(recorded.is_string() ? recorded.get<std::string>() : recorded.dump()), "."}));
    }
  }

  /// Notes whether an input is another file than the one that the result was made from.
  void check_input(const char* key, const char* name, const ordered_json& record, const FileDigest& now) {
    const auto hashes = record.find("hashes");
    if (hashes == record.end() || !hashes->is_object() || !hashes->contains(key)) return;
    if ((*hashes)[key] == json_of_digest(now)) return;
    out_.notes.push_back(
        concat({"The ", name, " has changed since: it isn't the file that the result was made from."}));
  }

  /// Shows the picture with the mask's edge. Returns it on the canvas of --outpaint.
  std::optional<PagePicture> show_picture(const std::optional<PagePicture>& result) {
    std::optional<PagePicture> picture = read("picture", {"image"});
    if (!picture) return picture;
    const ordered_json record = result ? result->record : ordered_json::object();
    check_input("image", "picture", record, picture->digest);
    JobSpec options;
    std::optional<Mask> mask;
    try {
      options = mask_options(line_, report_, record);
      // What is no result has no record of how the mask was read, and shows the mask itself.
      if (line_.is_result()) mask = read_mask(options, picture->image);
      if (!options.mask.path.empty()) check_input("mask", "mask", record, digest_file(options.mask.path));
    } catch (const Error& error) {
      out_.notes.push_back(concat({"The mask's edge isn't drawn: ", error.message(), "."}));
    }
    if (result && is_canvas(picture->image, options.outpaint, result->image)) {
      picture->image = grow_canvas(picture->image, options.outpaint);
      if (mask) mask = grow_canvas(*mask, options.outpaint);
    }
    const bool drawn = mask && !mask->none() && !mask->all();
    std::string caption = drawn ? "mask's edge in magenta" : mask && mask->all() ? "the mask covers all of it" : "";
    if (!caption.empty() && record.empty()) caption += " (default mask options)";
    show("picture", "Picture", *picture, drawn ? "The picture with the mask's edge" : "The picture",
         drawn ? &*mask : nullptr, caption);
    return picture;
  }

  void show_result(const PagePicture& result) {
    if (line_.is_preview()) return show("result", "Preview", result, "What a run would do");
    if (line_.is_mask()) return show("result", "Mask", result, "The mask");
    show("result", "Result", result, "The result");
  }

  void show(const char* role, const char* title, const PagePicture& picture, const std::string& alt,
            const Mask* mask = nullptr, const std::string& caption = "") {
    const Image& image = picture.image;
    const int side = side_for(bytes_each_);
    const auto [width, height] = fit_into(image.width, image.height, side, side);
    Image small = picture.small(width, height);
    if (mask != nullptr) {
      small = to_8_bit_color(small);
      draw_mask_edge(small, resize_mask(*mask, width, height), 1 + std::max(width, height) / kWider);
    }
    add(role, title, caption, concat({alt, ", ", size_of(image)}), std::move(small), image);
  }

  void add(const char* role, const char* title, const std::string& caption, const std::string& alt, Image small,
           const Image& source) {
    const bool whole = small.width == source.width && small.height == source.height;
    Figure figure{.role = role, .title = title, .caption = caption, .alt = alt};
    figure.picture = make_thumbnail(std::move(small), whole, bytes_each_);
    out_.figures.push_back(std::move(figure));
  }

  /// Shows how far the result differs from what it should be, or was made from.
  void compare(const char* role, const std::optional<PagePicture>& before, const std::optional<PagePicture>& after) {
    if (!before || !after) return;
    const std::string what = std::string(role) == "golden" ? "golden picture" : "picture";
    if (before->image.width != after->image.width || before->image.height != after->image.height) {
      problems_.push_back({"difference", concat({"The ", what, " is ", size_of(before->image), ", the result ",
                                                 size_of(after->image), "."})});
      return;
    }
    out_.before = role;
    const PageDifference found = page_difference(before->image, after->image, side_for(bytes_each_), with_golden_);
    add("difference", "Difference", found.caption, concat({"The difference between the ", what, " and the result"}),
        found.small, before->image);
    if (with_golden_ && !found.worst.empty()) out_.notes.push_back(found.worst);
  }

  /// Puts a place without a picture where each problem's picture would be.
  void place_problems() {
    static constexpr std::array<std::pair<const char*, const char*>, kMostFigures> kOrder = {
        {{"picture", "Picture"}, {"golden", "Golden"}, {"result", "Result"}, {"difference", "Difference"}}};
    std::vector<Figure> ordered;
    for (const auto& [role, title] : kOrder) {
      for (Figure& figure : out_.figures) {
        if (figure.role == role) ordered.push_back(std::move(figure));
      }
      for (const Problem& problem : problems_) {
        if (problem.role == role) ordered.push_back({.role = role, .title = title, .problem = problem.text});
      }
    }
    out_.figures = std::move(ordered);
  }

  const ReportLine& line_;
  const fs::path& report_;
  bool with_golden_;
  std::size_t bytes_each_ = 0;
  JobPictures out_;
  std::vector<Problem> problems_;
};

}  // namespace

JobPictures make_pictures(const ReportLine& line, const fs::path& report, std::size_t bytes) {
  try {
    return Maker(line, report, bytes).make();
  } catch (const std::bad_alloc&) {
    return {.notes = {"Its pictures are too large for the memory here."}};
  }
}

double megapixels_of(const ReportLine& line, const fs::path& report) {
  double most = 0.0;
  const auto look = [&](const fs::path& path) {
    if (path.empty()) return;
    if (const auto size = codecs::picture_size(found_again(path, report))) most = std::max(most, size->megapixels());
  };
  look(line.path({"image"}));
  look(line.path({"output"}));
  look(line.path({"golden", "path"}));
  return most;
}

}  // namespace zimage::app
