#include "app/page/job_html.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "app/page/html.h"
#include "app/page/units.h"
#include "base/text.h"

namespace zimage::app {
namespace {

using html::element;
using html::escaped;
using nlohmann::ordered_json;

std::string print(const char* format, double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

/// Collects pairs of a name and a value, without those that aren't known.
class Pairs {
 public:
  void add(const char* name, const std::optional<std::string>& value) {
    if (value && !value->empty())
      html_ += concat({"<div>", element("dt", "", name), element("dd", "", *value), "</div>"});
  }
  std::string list(const char* attributes) const {
    return html_.empty() ? "" : concat({"<dl", attributes, ">", html_, "</dl>\n"});
  }

 private:
  std::string html_;
};

std::optional<std::string> size_of(const ReportLine& line) {
  const ordered_json& size = line.value({"size"});
  if (!size.is_array() || size.size() != 2) return std::nullopt;
  return concat({size[0].dump(), " × ", size[1].dump()});
}

std::optional<std::string> pixels_of(const ReportLine& line, std::initializer_list<const char*> keys) {
  const std::optional<double> count = line.number(keys);
  if (!count || !(std::abs(*count) < 1e15)) return std::nullopt;
  return grouped(std::llround(*count));
}

std::optional<std::string> time_of(const ReportLine& line, std::initializer_list<const char*> keys) {
  const std::optional<double> ms = line.number(keys);
  return ms && *ms >= 0.0 && *ms < 1e15 ? std::optional(time_text(*ms)) : std::nullopt;
}

/// Returns the figures that everybody wants to see.
std::string facts(const ReportLine& line) {
  Pairs pairs;
  pairs.add("Seed", line.text({"seed"}));
  pairs.add("Strategy", line.text({"strategy"}));
  pairs.add("Steps", line.text({"steps"}));
  pairs.add("Size", size_of(line));
  pairs.add("Time", time_of(line, {"timings_ms", "total"}));
  pairs.add("Changed pixels", pixels_of(line, {"changed_pixels"}));
  pairs.add("Largest change outside the mask", line.text({"max_change_outside_mask"}));
  return pairs.list(" class=\"facts\"");
}

/// Returns what a golden check measured.
std::string golden_facts(const ReportLine& line) {
  Pairs pairs;
  pairs.add("Golden", line.text({"golden", "status"}));
  if (const auto max = line.number({"golden", "max"})) pairs.add("Largest difference", print("%.6g levels", *max));
  pairs.add("Tolerance", line.text({"tolerance"}));
  if (const auto mean = line.number({"golden", "mean"})) pairs.add("Mean", print("%.4g", *mean));
  pairs.add("Differing pixels", pixels_of(line, {"golden", "changed_pixels"}));
  if (const auto share = line.number({"golden", "changed_share"})) pairs.add("Share", print("%.3g %%", 100.0 * *share));
  if (const auto psnr = line.number({"golden", "psnr"})) pairs.add("PSNR", print("%.2f dB", *psnr));
  if (const auto ssim = line.number({"golden", "ssim"})) pairs.add("SSIM", print("%.6f", *ssim));
  return pairs.list(" class=\"facts golden\"");
}

std::string regions_of(const ReportLine& line) {
  std::string text;
  const ordered_json& regions = line.value({"regions"});
  if (!regions.is_array()) return text;
  for (const ordered_json& region : regions) {
    if (!region.is_object()) continue;
    const auto number = [&](const char* key) { return region.value(key, ordered_json()).dump(); };
    text += concat(
        {text.empty() ? "" : "; ", number("width"), " × ", number("height"), " at ", number("x"), ", ", number("y")});
    const ordered_json working = region.value("working_size", ordered_json());
    if (working.is_array() && working.size() == 2) {
      text += concat({" at the size ", working[0].dump(), " × ", working[1].dump()});
    }
  }
  return text;
}

std::string stages_of(const ReportLine& line) {
  std::string text;
  const ordered_json& timings = line.value({"timings_ms"});
  if (!timings.is_object()) return text;
  for (const auto& [stage, ms] : timings.items()) {
    if (stage == "total" || !ms.is_number()) continue;
    text += concat({text.empty() ? "" : ", ", stage, " ", time_text(ms.get<double>())});
  }
  return text;
}

std::string details(const ReportLine& line) {
  Pairs pairs;
  pairs.add("Result", line.text({"output"}));
  pairs.add("Picture", line.text({"image"}));
  pairs.add("Mask", line.text({"mask"}));
  pairs.add("Golden picture", line.text({"golden", "path"}));
  pairs.add("Strategy", line.text({"strategy_reason"}));
  pairs.add("Strength", line.text({"strength"}));
  pairs.add("Shift", line.text({"shift"}));
  pairs.add("Guidance", line.text({"guidance_scale"}));
  pairs.add("Control scale", line.text({"control_scale"}));
  pairs.add("Forwards", line.text({"forwards"}));
  pairs.add("Regions", regions_of(line));
  pairs.add("Stages", stages_of(line));
  if (const auto peak = line.number({"peak_memory_mb"})) pairs.add("Peak memory", print("%.0f MB", *peak));
  pairs.add("Model", line.text({"model", "path"}));
  pairs.add("Status", line.status());
  pairs.add("Line of the report", std::to_string(line.number()));
  return concat({"<details><summary>Details</summary>", pairs.list(" class=\"details\""), "</details>\n"});
}

/// Returns the class of a place without a picture; of a picture that isn't shrunk and so small that it is enlarged; and
/// of all others.
const char* frame_class(const Figure& figure) {
  if (!figure.problem.empty()) return "frame gone";
  return figure.picture.exact ? "frame pixels" : "frame";
}

std::string figure_html(const Figure& figure) {
  std::string out = concat({"<figure class=\"", figure.role, "\"><div class=\"", frame_class(figure), "\">"});
  if (figure.problem.empty()) {
    const Thumbnail& picture = figure.picture;
    out += concat({"<img src=\"", picture.uri, "\" width=\"", std::to_string(picture.width), "\" height=\"",
                   std::to_string(picture.height), "\" alt=\"", escaped(figure.alt), "\" decoding=\"async\">"});
  } else {
    out += element("p", "", figure.problem);
  }
  out += concat({"</div><figcaption>", element("b", "", figure.title)});
  if (!figure.caption.empty()) out += concat({" ", element("span", "", figure.caption)});
  return out + "</figcaption></figure>\n";
}

std::string pictures_html(const JobPictures& pictures) {
  if (pictures.figures.empty()) return "";
  std::string out = "<div class=\"pictures\"";
  if (!pictures.before.empty()) out += concat({" data-before=\"", pictures.before, "\""});
  out += ">\n";
  for (const Figure& figure : pictures.figures) out += figure_html(figure);
  return out + "</div>\n";
}

std::string problem_html(const ReportLine& line) {
  const auto message = line.text({"error", "message"});
  if (!message) return "";
  std::string out = concat({"<div class=\"problem\">", element("p", "", *message)});
  if (const auto hint = line.text({"error", "hint"}); hint && !hint->empty()) {
    out += element("p", " class=\"hint\"", *hint);
  }
  if (const auto code = line.text({"error", "code"})) out += element("p", " class=\"code\"", "Exit code " + *code);
  return out + "</div>\n";
}

}  // namespace

std::string status_word(const ReportLine& line) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 7> kWords = {{{"error", "failed"},
                                                                                      {"mismatch", "differs"},
                                                                                      {"ok", "done"},
                                                                                      {"skipped", "kept"},
                                                                                      {"planned", "planned"},
                                                                                      {"preview", "previewed"},
                                                                                      {"match", "matches"}}};
  for (const auto& [status, word] : kWords) {
    if (line.status() == status) return word;
  }
  return "other";
}

std::string job_html(const ReportLine& line, std::size_t place, const JobPictures& pictures) {
  const std::string word = status_word(line);
  const std::string id = std::to_string(place);
  std::string out =
      concat({"<article class=\"job\" id=\"job-", id, "\" aria-labelledby=\"name-", id, "\" data-status=\"", word,
              "\">\n<header><h3 id=\"name-", id, "\"><bdi>", escaped(line.name()), "</bdi></h3> <span class=\"badge\">",
              word, "</span> <a class=\"place\" href=\"#job-", id, "\" aria-label=\"Link to job ", id, "\">#", id,
              "</a></header>\n"});
  if (const auto prompt = line.text({"prompt"}); prompt && !prompt->empty()) {
    out += element("p", " class=\"prompt\" dir=\"auto\"", *prompt);
  }
  out += problem_html(line);
  out += pictures_html(pictures);
  if (!pictures.notes.empty()) {
    out += "<ul class=\"notes\">";
    for (const std::string& note : pictures.notes) out += element("li", "", note);
    out += "</ul>\n";
  }
  out += facts(line);
  if (!line.value({"golden"}).is_null()) out += golden_facts(line);
  return out + details(line) + "</article>\n";
}

}  // namespace zimage::app
