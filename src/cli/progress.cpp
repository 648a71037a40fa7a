#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "app/interrupt.h"
#include "cli/terminal.h"
#include "core/log.h"

namespace zimage::cli {
namespace {

/// No progress, but Ctrl-C; what the others build on.
class Silent : public Observer {
 public:
  void stage(const std::string& name) override { log::debug("stage " + name); }
  bool cancelled() override { return app::interrupted(); }
};

class Plain : public Silent {
 public:
  void stage(const std::string& name) override {
    Silent::stage(name);
    stage_ = name;
    write_stderr(name + "\n");
  }
  void step(int step, int total) override {
    write_stderr(stage_ + " " + std::to_string(step) + "/" + std::to_string(total) + "\n");
  }

 private:
  std::string stage_;
};

class Json : public Silent {
 public:
  void stage(const std::string& name) override {
    Silent::stage(name);
    event({{"event", "stage"}, {"stage", name}});
  }
  void step(int step, int total) override { event({{"event", "step"}, {"step", step}, {"total", total}}); }

 private:
  static void event(const nlohmann::ordered_json& object) { write_stderr(object.dump() + "\n"); }
};

class Bar : public Silent {
 public:
  Bar() {
    log::set_line_hooks([this] { clear(); }, [this] { draw(); });
  }
  ~Bar() override {
    log::set_line_hooks({}, {});
    clear();
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  void stage(const std::string& name) override {
    Silent::stage(name);
    stage_ = name;
    step_ = total_ = 0;
    begin_ = std::chrono::steady_clock::now();
    redraw();
  }
  void step(int step, int total) override {
    step_ = step;
    total_ = total;
    redraw();
  }

 private:
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
    std::string line = stage_;
    if (total_ > 0) {
      constexpr int kCells = 20;
      const int filled = kCells * step_ / total_;
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin_).count();
      line += " [" + std::string(static_cast<std::size_t>(filled), '#') +
              std::string(static_cast<std::size_t>(kCells - filled), '.') + "] " + std::to_string(step_) + "/" +
              std::to_string(total_) + " " + std::to_string(seconds) + " s";
    }
    // A line that wraps could not be cleared.
    line.resize(std::min(line.size(), terminal_width() - 1));
    write_stderr(line);
    shown_ = true;
  }

  std::string stage_;
  int step_ = 0;
  int total_ = 0;
  bool shown_ = false;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace

std::unique_ptr<Observer> make_progress(ProgressMode mode) {
  switch (mode) {
    case ProgressMode::kBar: return std::make_unique<Bar>();
    case ProgressMode::kPlain: return std::make_unique<Plain>();
    case ProgressMode::kJson: return std::make_unique<Json>();
    case ProgressMode::kNone: break;
  }
  return std::make_unique<Silent>();
}

}  // namespace zimage::cli
