#include "app/page/contents.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "app/page/html.h"
#include "app/page/job_html.h"
#include "app/page/page_sources.h"
#include "app/page/units.h"
#include "base/text.h"

namespace zimage::app {
namespace {

/// The tags around a job's pictures, and notes about them.
constexpr std::size_t kAroundPictures = 1'500;
/// With more jobs than this, pictures are so small that they stand side by side at their own size.
constexpr std::size_t kManyJobs = 60;

PagePart part_of(const ReportLine& line) { return line.failed() ? kFailed : line.differs() ? kDiffering : kRest; }

void count(const std::string& status, Contents& contents) {
  const auto found = std::find_if(contents.statuses.begin(), contents.statuses.end(),
                                  [&](const auto& entry) { return entry.first == status; });
  if (found == contents.statuses.end()) {
    contents.statuses.emplace_back(status, 1);
  } else {
    ++found->second;
  }
}

std::string model_text(const ReportLine& line) {
  std::string text = line.text({"model", "name"}).value_or("");
  std::string where;
  for (const char* key : {"device", "dtype"}) {
    if (const auto value = line.text({"model", key})) where += (where.empty() ? "" : ", ") + *value;
  }
  return where.empty() ? text : concat({text, " (", where, ")"});
}

std::string fact(const char* name, const std::string& value, const std::string& attributes = "") {
  return concat({"<div", attributes, ">", html::element("dt", "", name), html::element("dd", "", value), "</div>\n"});
}

std::string summary_html(const Contents& contents) {
  std::string out = fact("jobs", grouped(static_cast<std::int64_t>(contents.jobs())));
  for (const auto& [status, jobs] : contents.statuses) {
    out += fact(status == "differs" ? "differ" : status.c_str(), grouped(static_cast<std::int64_t>(jobs)),
                concat({" data-status=\"", status, "\""}));
  }
  if (contents.total_ms > 0.0 && contents.total_ms < 1e15)
    out += fact("time of all jobs", time_text(contents.total_ms));
  return out;
}

std::string model_html(const Contents& contents) {
  if (contents.models.empty()) return "";
  std::string text = concat({contents.models.size() == 1 ? "Model: " : "Models: ",
                             list_some({contents.models.begin(), contents.models.end()}, 4)});
  if (contents.demo) text += ". The bundled demo model is a toy.";
  return html::element("p", " class=\"model\"", text);
}

std::string links_html(const Contents& contents) {
  std::string out;
  for (std::size_t part = 0; part < kPageParts; ++part) {
    const std::size_t jobs = contents.parts.at(part).size();
    if (jobs == 0) continue;
    out += concat({"<a href=\"#", kPartTexts.at(part).id, "\">", kPartTexts.at(part).heading, " (",
                   grouped(static_cast<std::int64_t>(jobs)), ")</a>\n"});
  }
  return out;
}

std::string choices_html(const Contents& contents) {
  std::string out;
  for (const auto& [status, jobs] : contents.statuses) {
    out += html::element("option", concat({" value=\"", status, "\""}), status);
  }
  return out;
}

}  // namespace

std::size_t Contents::count(std::string_view status) const {
  for (const auto& [word, jobs] : statuses) {
    if (word == status) return jobs;
  }
  return 0;
}

Contents contents_of(const ReportText& report) {
  Contents contents;
  for (std::size_t i = 0; i < report.lines.size(); ++i) {
    const ReportLine line(report.lines[i].text, report.lines[i].number);
    contents.parts.at(part_of(line)).push_back({&report.lines[i], i + 1});
    count(status_word(line), contents);
    if (const std::string model = model_text(line); !model.empty()) contents.models.insert(model);
    contents.demo = contents.demo || line.flag({"model", "demo"});
    contents.total_ms += std::max(0.0, line.number({"timings_ms", "total"}).value_or(0.0));
    contents.text_bytes += job_html(line, i + 1, {}).size() + kAroundPictures;
  }
  // Failures come first here too.
  const auto rank = [](const auto& entry) { return entry.first == "failed" ? 0 : entry.first == "differs" ? 1 : 2; };
  std::stable_sort(contents.statuses.begin(), contents.statuses.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return contents;
}

std::pair<std::string, std::string> page_frame(const std::string& name, bool truncated, const Contents& contents) {
  const std::string policy =
      concat({"default-src 'none'; img-src data:; style-src ", html::policy_hash(page_style()), "; script-src ",
              html::policy_hash(page_script()), "; base-uri 'none'; form-action 'none'"});
  const std::string notice =
      truncated ? "<p class=\"problem\">The report's last line breaks off: the run was stopped while it wrote "
                  "it, so that job isn't here.</p>\n"
                : "";
  const std::string text = html::filled(page_template(), {{"policy", html::escaped(policy)},
                                                          {"name", html::escaped(name)},
                                                          {"style", std::string(page_style())},
                                                          {"script", std::string(page_script())},
                                                          {"amount", contents.jobs() > kManyJobs ? "many" : "few"},
                                                          {"summary", summary_html(contents)},
                                                          {"model", model_html(contents)},
                                                          {"links", links_html(contents)},
                                                          {"choices", choices_html(contents)},
                                                          {"notice", notice},
                                                          {"jobs", "\x01"}});
  const std::size_t at = text.find('\x01');
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace zimage::app
