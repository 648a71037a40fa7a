#include "app/page/page.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app/page/contents.h"
#include "app/page/job_html.h"
#include "app/page/job_pictures.h"
#include "app/page/report_lines.h"
#include "app/page/units.h"
#include "base/atomic_file.h"
#include "base/log_silence.h"
#include "base/parallel.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// So many jobs' pictures are read at once, unless they are large.
constexpr std::size_t kJobsAtOnce = 4;
constexpr double kMegapixelsAtOnce = 64.0;
/// The pictures of a job are this large at least, in bytes of base64, however many jobs or how much text there is.
constexpr std::size_t kLeastShare = 9'000;
/// From this many jobs on it takes so long that progress is shown, about as many times.
constexpr std::size_t kProgressSteps = 20;

/// Writes jobs a few at a time: as many as can be read at once are.
class JobWriter {
 public:
  JobWriter(const fs::path& report, std::size_t share, std::size_t jobs, Progress& progress,
            const std::function<void(std::string_view)>& write)
      : report_(report), share_(share), jobs_(jobs), progress_(progress), write_(write) {
    if (jobs_ >= kProgressSteps) progress_.stage("jobs");
  }

  void add(const Contents::Place& place) {
    ReportLine line(place.line->text, place.line->number);
    const double megapixels = megapixels_of(line, report_);
    if (!waiting_.empty() && (waiting_.size() == kJobsAtOnce || megapixels_ + megapixels > kMegapixelsAtOnce)) flush();
    megapixels_ += megapixels;
    waiting_.emplace_back(std::move(line), place.place);
  }

  void flush() {
    if (progress_.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted; no page was written");
    std::vector<std::string> made(waiting_.size());
    parallel_for(0, static_cast<std::int64_t>(made.size()), 1, [&](std::int64_t from, std::int64_t to) {
      for (auto i = static_cast<std::size_t>(from); i < static_cast<std::size_t>(to); ++i) {
        const auto& [line, place] = waiting_[i];
        made[i] = job_html(line, place, make_pictures(line, report_, share_));
      }
    });
    for (const std::string& html : made) write_(html);
    waiting_.clear();
    megapixels_ = 0.0;
    const std::size_t before = done_ * kProgressSteps / jobs_;
    done_ += made.size();
    const std::size_t step = done_ * kProgressSteps / jobs_;
    if (jobs_ < kProgressSteps || step == before) return;
    progress_.step(static_cast<int>(done_), static_cast<int>(jobs_));
  }

 private:
  const fs::path& report_;
  std::size_t share_;
  std::size_t jobs_;
  Progress& progress_;
  const std::function<void(std::string_view)>& write_;
  std::vector<std::pair<ReportLine, std::size_t>> waiting_;
  double megapixels_ = 0.0;
  std::size_t done_ = 0;
};

void write_page(const PageJob& job, const ReportText& report, const Contents& contents, Progress& progress,
                const std::function<void(std::string_view)>& write) {
  const auto [begin, end] = page_frame(job.report.filename().string(), report.truncated, contents);
  const std::size_t text = begin.size() + end.size() + contents.text_bytes;
  const std::size_t left = text < kPageBytes ? kPageBytes - text : 0;
  JobWriter jobs(job.report, std::max(kLeastShare, left / contents.jobs()), contents.jobs(), progress, write);
  write(begin);
  for (std::size_t part = 0; part < kPageParts; ++part) {
    const auto& places = contents.parts.at(part);
    if (places.empty()) continue;
    const auto& [id, heading] = kPartTexts.at(part);
    write(concat({"<section id=\"", id, "\" aria-labelledby=\"heading-", id, "\">\n<h2 id=\"heading-", id, "\">",
                  heading, " <small>", grouped(static_cast<std::int64_t>(places.size())), "</small></h2>\n"}));
    for (const Contents::Place& place : places) jobs.add(place);
    jobs.flush();
    write("</section>\n");
  }
  write(end);
}

void check_page(const PageJob& job) {
  std::error_code ignored;
  if (fs::equivalent(job.report, job.page, ignored)) {
    throw Error(ErrorCode::kUsage, job.page.string() + " is the report itself", "name another file with --output");
  }
  check_writable(job.page, job.overwrite);
}

}  // namespace

PageJob page_job(const Settings& settings) {
  PageJob job{
      .report = settings.text("REPORT"), .page = settings.text("output"), .overwrite = settings.flag("overwrite")};
  if (job.page.empty()) job.page = fs::path(job.report).replace_extension(".html");
  if (job.page == "-") job.page.clear();
  return job;
}

PageSummary make_page(const PageJob& job, Progress& progress, const std::function<void(std::string_view)>& write) {
  if (!write) check_page(job);
  const ReportText report = read_report(job.report);
  const Contents contents = contents_of(report);
  PageSummary summary{.jobs = contents.jobs(),
                      .failed = contents.parts[kFailed].size(),
                      .mismatched = contents.parts[kDiffering].size(),
                      .skipped = contents.count("kept"),
                      .truncated = report.truncated};
  const auto counted = [&](const std::function<void(std::string_view)>& sink) {
    // What is odd about a picture or a mask was said by the run that read it first.
    const log::Silence silence;
    write_page(job, report, contents, progress, [&](std::string_view text) {
      summary.bytes += text.size();
      sink(text);
    });
  };
  if (write) {
    counted(write);
    return summary;
  }
  write_pieces_atomically(
      job.page,
      [&](const ByteSink& sink) {
        counted([&](std::string_view text) {
          sink({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        });
      },
      job.overwrite);
  return summary;
}

}  // namespace zimage::app
