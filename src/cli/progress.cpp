#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "app/job/interrupt.h"
#include "app/report/report_json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/eta.h"
#include "cli/loading_rate.h"
#include "cli/progress_line.h"
#include "cli/terminal.h"

namespace zimage::cli {
namespace {

using app::JobReport;

// A model of 20 GB loads in ten seconds to two minutes; small ones in no time, of which nobody needs to be told.
constexpr std::chrono::milliseconds kRedrawEvery{100};
constexpr std::chrono::milliseconds kEventEvery{500};
constexpr std::chrono::milliseconds kLineEvery{10'000};

/// Shows no progress, but heeds Ctrl-C, counts the jobs of a batch, and shows steps as pictures. The others build on
/// it.
class Silent : public app::Progress {
 public:
  explicit Silent(TerminalPictures pictures) : pictures_(pictures) {}
  void stage(const std::string& name) override { log::debug("stage " + name); }
  bool cancelled() override { return app::interrupted(); }
  bool wants_previews() override { return pictures_.shows_steps(); }
  void preview(const StepPreview& preview) override { pictures_.show_step(preview.image); }
  void batch_begin(std::optional<std::size_t> total) override {
    const std::lock_guard lock(mutex_);
    batch_ = true;
    jobs_ = total;
  }
  void job_end(const std::string&, const JobReport& report) override {
    const std::lock_guard lock(mutex_);
    ++ended_;
    if (report.status == "error") ++failed_;
  }

 protected:
  /// Returns "3/20", or "3" if nobody knows how many there are.
  std::string count_text(std::size_t number) const {
    std::string text = std::to_string(number);
    if (jobs_) text.append("/").append(std::to_string(*jobs_));
    return text;
  }

  TerminalPictures pictures_;
  std::mutex mutex_;  ///< guards what job_end() changes
  bool batch_ = false;
  std::optional<std::size_t> jobs_;
  std::size_t ended_ = 0;
  std::size_t failed_ = 0;
};

/// Writes a line for each step and, once per picture, for each stage; in a batch, a line for each job.
class Plain : public Silent {
 public:
  using Silent::Silent;
  void stage(const std::string& name) override {
    Silent::stage(name);
    if (!batch_ && said_.insert(name).second) write_stderr(name + "\n");
    stage_ = name;
  }
  void next_picture() override { said_.clear(); }
  void loading(std::uint64_t bytes, std::uint64_t total) override {
    rate_.add(bytes, total);
    if (!batch_ && rate_.due(kLineEvery)) write_stderr(concat({stage_, " ", rate_.text(), "\n"}));
  }
  void step(int step, int total) override {
    if (!batch_) write_stderr(stage_ + " " + std::to_string(step) + "/" + std::to_string(total) + "\n");
  }
  void job_end(const std::string& name, const JobReport& report) override {
    Silent::job_end(name, report);
    const std::string status = report.status == "ok" ? "done" : report.status == "error" ? "failed" : report.status;
    std::string line = "[";
    line.append(count_text(ended_)).append("] ").append(status).append(" ").append(printable(name)).append("\n");
    write_stderr(line);
  }

 private:
  std::string stage_;
  LoadingRate rate_;
  std::set<std::string> said_;  ///< the stages of this picture that have had their line
};

/// Writes an event for everything that happens, as a line of JSON.
class Json : public Silent {
 public:
  using Silent::Silent;
  void stage(const std::string& name) override {
    Silent::stage(name);
    event({{"event", "stage"}, {"stage", name}});
  }
  void step(int step, int total) override { event({{"event", "step"}, {"step", step}, {"total", total}}); }
  void loading(std::uint64_t bytes, std::uint64_t total) override {
    rate_.add(bytes, total);
    if (rate_.due(kEventEvery) || bytes == total) event({{"event", "loading"}, {"bytes", bytes}, {"total", total}});
  }
  void batch_begin(std::optional<std::size_t> total) override {
    Silent::batch_begin(total);
    event({{"event", "batch"}, {"total", total ? nlohmann::ordered_json(*total) : nlohmann::ordered_json()}});
  }
  void job_begin(const std::string& name) override { event({{"event", "job"}, {"job", name}}); }
  void job_end(const std::string& name, const JobReport& report) override {
    Silent::job_end(name, report);
    event({{"event", "job_end"},
           {"job", name},
           {"status", report.status},
           {"ended", ended_},
           {"failed", failed_},
           {"total", jobs_ ? nlohmann::ordered_json(*jobs_) : nlohmann::ordered_json()}});
  }

 private:
  /// Writes each line at once, so that lines of two threads don't mix.
  static void event(const nlohmann::ordered_json& object) {
    write_stderr(app::json_line(object, stderr_is_terminal()));
  }

  LoadingRate rate_;
};

/// Draws one line over and over; the log's hooks clear it for the log's own lines.
class Bar : public Silent {
 public:
  explicit Bar(TerminalPictures pictures) : Silent(pictures) {
    log::set_line_hooks(
        [this] {
          drawing_.lock();
          clear();
        },
        [this](bool redraw) {
          if (redraw) draw();
          drawing_.unlock();
        });
  }
  ~Bar() override {
    log::set_line_hooks({}, {});
    clear();
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  void stage(const std::string& name) override {
    Silent::stage(name);
    const std::lock_guard lock(drawing_);
    stage_ = name;
    step_ = total_ = 0;
    loading_.clear();
    begin_ = Clock::now();
    redraw();
  }
  void loading(std::uint64_t bytes, std::uint64_t total) override {
    const std::lock_guard lock(drawing_);
    rate_.add(bytes, total);
    if (!rate_.due(kRedrawEvery)) return;
    loading_ = rate_.text();
    redraw();
  }
  void step(int step, int total) override {
    const std::lock_guard lock(drawing_);
    step_ = step;
    total_ = total;
    redraw();
  }
  void job_begin(const std::string& name) override {
    const std::lock_guard lock(drawing_);
    job_ = printable(name);
    eta_.begin();
  }
  void batch_sizes(std::map<std::string, double> megapixels) override {
    const std::lock_guard lock(drawing_);
    left_.expect(std::move(megapixels));
  }
  void job_end(const std::string& name, const JobReport& report) override {
    Silent::job_end(name, report);
    const std::lock_guard lock(drawing_);
    if (jobs_) left_.ended(name);
    const bool made = report.status == "ok" || report.status == "mismatch";
    if (made) eta_.made(static_cast<double>(report.width) * report.height / 1e6);
    ended_shown_ = ended_;
    failed_shown_ = failed_;
    if (!stage_.empty()) redraw();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void redraw() {
    clear();
    draw();
  }

  void clear() {
    if (shown_) write_stderr("\r\033[K");
    shown_ = false;
  }

  void draw() {
    if (stage_.empty()) return;
    ProgressLine line{.stage = stage_, .step = step_, .total = total_, .loading = loading_};
    line.seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin_).count();
    if (batch_) {
      line.count = count_text(ended_shown_);
      line.failed = failed_shown_;
      line.rate = eta_.rate();
      const std::size_t left = jobs_ ? *jobs_ - std::min(ended_shown_, *jobs_) : 0;
      if (jobs_) line.left = eta_.text(left, left_.megapixels(left));
      line.name = job_;
    }
    // A line that wraps could not be cleared.
    write_stderr(fit_line(line, static_cast<std::size_t>(terminal_size().columns) - 1));
    shown_ = true;
  }

  std::mutex drawing_;  ///< guards everything below; taken after the log's own
  std::string stage_;
  std::string job_;
  std::string loading_;  ///< how far the part is that is being loaded; empty: none is
  LoadingRate rate_;
  Eta eta_;
  MegapixelsLeft left_;
  std::size_t ended_shown_ = 0;
  std::size_t failed_shown_ = 0;
  int step_ = 0;
  int total_ = 0;
  bool shown_ = false;
  Clock::time_point begin_;
};

}  // namespace

std::unique_ptr<app::Progress> make_progress(ProgressMode mode, TerminalPictures pictures) {
  switch (mode) {
    case ProgressMode::kBar: return std::make_unique<Bar>(pictures);
    case ProgressMode::kPlain: return std::make_unique<Plain>(pictures);
    case ProgressMode::kJson: return std::make_unique<Json>(pictures);
    case ProgressMode::kNone: break;
  }
  return std::make_unique<Silent>(pictures);
}

}  // namespace zimage::cli
