#include "app/tools/get_download.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>

#include "app/job/interrupt.h"
#include "base/bytes_text.h"
#include "base/child_process.h"
#include "base/log.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGoOn = "run the same command again: it goes on where it stopped";
constexpr std::array kPauses = {1, 2, 4};  // seconds before the next attempt, after one that brought nothing

// curl's exit codes.
constexpr int kHttpError = 22;
constexpr int kWriteError = 23;
constexpr int kNoRanges = 33;
constexpr std::array kNoConnection = {5, 6, 7, 35, 60};
constexpr std::array kCut = {18, 28, 52, 55, 56, 92};  // a transfer that ended early, in one way or another

/// Returns the last line that tells of an error, as hf gives advice behind it; else the last line.
std::string telling_line(const std::string& text) {
  std::istringstream lines(text);
  std::string last;
  std::string error;
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \r") == std::string::npos) continue;
    if (line.find("Error") != std::string::npos) error = line;
    last = line;
  }
  return error.empty() ? last : error;
}

class Download {
 public:
  Download(const GetPlan& plan, const PlannedFile& file, bool show_progress)
      : plan_(plan), file_(file), show_progress_(show_progress) {}

  /// Returns where the complete file is. Errors: kRuntime, kInterrupted.
  fs::path run() const { return plan_.downloader.is_curl() ? run_curl() : run_hf(); }

 private:
  fs::path run_curl() const {
    std::error_code ignored;
    if (file_.part_bytes > file_.file->bytes) fs::remove(file_.part, ignored);
    if (file_.complete()) return file_.part;
    std::size_t failures = 0;
    while (true) {
      const std::uint64_t before = size_of_file(file_.part);
      const ChildEnd end = run_child(curl(), interrupted);
      heed_signals();
      if (end.code == 0) return file_.part;
      const std::string said = telling_line(end.output);
      if (end.code == kNoRanges && before > 0 && fs::remove(file_.part, ignored)) continue;
      const bool grew = size_of_file(file_.part) > before;
      failures = grew ? 0 : failures + 1;
      if (!may_pass(end.code, said) || failures > kPauses.size()) fail(end.code, said);
      log::notice(concat({"the download stopped at ", decimal_bytes_text(size_of_file(file_.part)), " of ",
                          decimal_bytes_text(file_.file->bytes), " (", reason(end.code, said), "); going on"}));
      if (!grew) pause(kPauses[failures - 1]);
    }
  }

  ChildCommand curl() const {
    ChildCommand command{.program = plan_.downloader.program,
                         .argv = download_command(plan_, file_, plan_.folder),
                         .show_errors = show_progress_};
    // What went wrong comes on stdout, so that stderr is free for the progress. curl's own way to try again would throw
    // away what this attempt has brought.
    for (const char* word : {"--retry", "0", "--connect-timeout", "30", "--speed-limit", "1000", "--speed-time", "60",
                             "-w", "%{errormsg}"}) {
      command.argv.emplace_back(word);
    }
    if (!show_progress_) command.argv.emplace_back("-s");
    if (!plan_.hub.token.empty())
      command.input = concat({"header = \"Authorization: Bearer ", plan_.hub.token, "\"\n"});
    return command;
  }

  template <std::size_t count>
  static bool is_one_of(const std::array<int, count>& codes, int code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  }

  /// Returns whether another attempt may go better.
  static bool may_pass(int code, const std::string& said) {
    const bool busy = said.find("error: 5") != std::string::npos || said.find("error: 429") != std::string::npos;
    return (code == kHttpError && busy) || is_one_of(kCut, code);
  }

  static void pause(int seconds) {
    for (int tenth = 0; tenth < seconds * 10; ++tenth) {
      heed_signals();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  fs::path run_hf() const {
    const fs::path staging = plan_.folder / kHfFolder;
    ChildCommand command{.program = plan_.downloader.program,
                         .argv = download_command(plan_, file_, staging),
                         .show_errors = show_progress_};
    if (!show_progress_) command.environment = {"HF_HUB_DISABLE_PROGRESS_BARS=1", "NO_COLOR=1"};
    const ChildEnd end = run_child(command, interrupted);
    heed_signals();
    if (end.code != 0) fail(end.code, telling_line(end.errors));
    const fs::path path = staging / file_.file->path;
    if (!fs::exists(path)) fail(end.code, "it made no file " + path.string());
    return path;
  }

  std::string reason(int code, const std::string& said) const {
    const std::string text = concat({plan_.downloader.name, " ended with code ", std::to_string(code)});
    return said.empty() ? text : concat({text, ": ", printable(said)});
  }

  /// Returns what to do about a code of curl's.
  std::string curl_hint(int code) const {
    if (code == kHttpError) {
      return concat({"see whether the file is there: ", plan_.hub.endpoint, "/", file_.file->repository});
    }
    if (code == kWriteError) return concat({"free some space; then ", kGoOn});
    if (is_one_of(kNoConnection, code)) {
      return concat({"check the network, and HF_ENDPOINT and https_proxy where they are set; then ", kGoOn});
    }
    return kGoOn;
  }

  [[noreturn]] void fail(int code, const std::string& said) const {
    throw Error(ErrorCode::kRuntime, concat({"can't download ", file_.url, ": ", reason(code, said)}),
                plan_.downloader.is_curl() ? curl_hint(code) : kGoOn);
  }

  const GetPlan& plan_;
  const PlannedFile& file_;
  bool show_progress_;
};

}  // namespace

void heed_signals() {
  if (interrupted()) throw Error(ErrorCode::kInterrupted, "interrupted; the same command goes on where it stopped");
}

fs::path download_file(const GetPlan& plan, const PlannedFile& file, bool show_progress) {
  return Download(plan, file, show_progress).run();
}

}  // namespace zimage::app
