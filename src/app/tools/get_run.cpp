#include "app/tools/get_run.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "app/job/interrupt.h"
#include "app/provenance/hash.h"
#include "base/bytes_text.h"
#include "base/child_process.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "pipeline/tools/inspect.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

namespace fs = std::filesystem;

/// Here hf downloads to. It is within the folder, so that a checked file need only be renamed.
constexpr const char* kStaging = ".zimage-get";
constexpr const char* kGoOn = "run the same command again: it goes on where it stopped";
constexpr int kMostAttempts = 100;

// curl's exit codes.
constexpr int kHttpError = 22;
constexpr int kWriteError = 23;
constexpr int kNoRanges = 33;
constexpr int kCut[] = {18, 28, 52, 55, 56, 92};  // a transfer that ended early, in one way or another

void heed_signals() {
  if (interrupted()) throw Error(ErrorCode::kInterrupted, "interrupted; the same command goes on where it stopped");
}

std::uint64_t size_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

/// Returns the last line that says something.
std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "";
  const std::string whole = text.substr(0, end + 1);
  return whole.substr(whole.find_last_of("\r\n") + 1);  // npos + 1 is 0
}

/// Keeps a second download out of the folder as long as it, or the program that it has started, is at work.
UniqueFd lock_folder(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));  // without O_CLOEXEC: the downloader holds it, too
  if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorCode::kUsage, concat({"another download is at work in ", in_quotes(folder.string())}),
                "wait for its end, or name another folder with --to");
  }
  return fd;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::kUsage, concat({"can't make the folder ", in_quotes(folder.string()), ": ", error.message()}),
                "name another one with --to");
  }
}

/// Returns the free bytes of the file system that the folder is in, or will be in.
std::uint64_t free_bytes_of(const fs::path& folder) {
  std::error_code error;
  fs::path existing = fs::absolute(folder);
  while (!fs::exists(existing, error) && existing.has_relative_path()) existing = existing.parent_path();
  return fs::space(existing, error).available;
}

class Download {
 public:
  Download(const GetPlan& plan, const PlannedFile& file, bool show_progress)
      : plan_(plan), file_(file), show_progress_(show_progress) {}

  /// Returns where the complete file is. Errors: kRuntime, kInterrupted.
  fs::path run() const { return plan_.downloader.is_curl() ? run_curl() : run_hf(); }

 private:
  fs::path run_curl() const {
    make_folder(file_.part.parent_path());
    std::error_code ignored;
    if (file_.part_bytes > file_.file->bytes) fs::remove(file_.part, ignored);
    if (file_.complete()) return file_.part;
    std::vector<std::string> argv = download_command(plan_, file_, plan_.folder);
    // What went wrong comes on stdout, so that stderr is free for the progress.
    const std::vector<std::string> more = {"--connect-timeout", "30", "--speed-limit", "1000", "--speed-time", "60",
                                           "-w",                "%{errormsg}"};
    argv.insert(argv.begin() + 1, more.begin(), more.end());
    if (!show_progress_) argv.insert(argv.begin() + 1, "-s");
    std::string config;
    if (!plan_.hub.token.empty()) config = concat({"header = \"Authorization: Bearer ", plan_.hub.token, "\"\n"});
    for (int attempt = 1;; ++attempt) {
      const std::uint64_t before = size_of(file_.part);
      const ChildEnd end = run_child(
          {.program = plan_.downloader.program, .argv = argv, .input = config, .show_errors = show_progress_}, interrupted);
      heed_signals();
      if (end.code == 0) return file_.part;
      if (!goes_on(end.code, before) || attempt == kMostAttempts) fail(end.code, last_line(end.output));
    }
  }

  /// Returns whether another attempt is worth it: the connection was cut, but something came.
  bool goes_on(int code, std::uint64_t before) const {
    std::error_code ignored;
    if (code == kNoRanges && before > 0) return fs::remove(file_.part, ignored);
    const std::uint64_t now = size_of(file_.part);
    if (std::find(std::begin(kCut), std::end(kCut), code) == std::end(kCut) || now <= before) return false;
    log::notice(concat({"the connection ended after ", decimal_bytes_text(now), " of ",
                        decimal_bytes_text(file_.file->bytes), "; going on"}));
    return true;
  }

  fs::path run_hf() const {
    const fs::path staging = plan_.folder / kStaging;
    ChildCommand command{.program = plan_.downloader.program,
                         .argv = download_command(plan_, file_, staging),
                         .show_errors = show_progress_};
    if (!show_progress_) command.environment = {"HF_HUB_DISABLE_PROGRESS_BARS=1"};
    const ChildEnd end = run_child(command, interrupted);
    heed_signals();
    if (end.code != 0) fail(end.code, last_line(end.errors));
    const fs::path path = staging / file_.file->path;
    if (!fs::exists(path)) fail(end.code, "it made no file " + path.string());
    return path;
  }

  [[noreturn]] void fail(int code, const std::string& said) const {
    std::string reason = concat({plan_.downloader.name, " ended with code ", std::to_string(code)});
    if (!said.empty()) reason += concat({": ", printable(said)});
    std::string hint = kGoOn;
    if (plan_.downloader.is_curl() && code == kHttpError) {
      hint = concat({"see whether the file is there: ", plan_.hub.endpoint, "/", file_.file->repository});
    } else if (plan_.downloader.is_curl() && code == kWriteError) {
      hint = concat({"free some space; then ", kGoOn});
    }
    throw Error(ErrorCode::kRuntime, concat({"can't download ", file_.url, ": ", reason}), hint);
  }

  const GetPlan& plan_;
  const PlannedFile& file_;
  bool show_progress_;
};

/// Puts a complete file in its place, if it is the published one. Errors: kModel; kRuntime if it can't be renamed.
void accept(const fs::path& path, const PlannedFile& file) {
  log::notice(concat({"checking ", path.string()}));
  const std::string fault = fault_of(path, *file.file, heed_signals);
  std::error_code error;
  if (!fault.empty()) {
    const fs::path bad = file.target.string() + ".bad";
    fs::rename(path, bad, error);
    throw Error(ErrorCode::kModel,
                concat({"what came from ", file.url, " isn't the published file: ", fault, "; it is kept as ",
                        in_quotes((error ? path : bad).string())}),
                "run the same command again; if the same happens, the mirror or the publisher has another file there");
  }
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) {
    throw Error(ErrorCode::kRuntime, concat({in_quotes(path.string()), " can't be written: ", std::strerror(errno)}));
  }
  fs::rename(path, file.target, error);
  if (error) {
    throw Error(ErrorCode::kRuntime,
                concat({in_quotes(path.string()), " can't be renamed to ", file.target.string(), ": ", error.message()}));
  }
  fs::remove(file.part, error);  // an earlier run's, which another downloader began
}

/// Returns what the header says that the published one doesn't.
std::string header_fault(const FileReport& found, const PublishedFile& file) {
  if (!found.problems.empty()) return found.problems.front();
  if (found.kind != file.kind) return concat({"it is ", found.what, ", and \"", file.kind, "\" was expected"});
  if (found.version != file.version) return concat({"its version is ", found.version, " and not ", file.version});
  if (found.layers != file.layers || found.width != file.width || found.parameters != file.parameters) {
    return concat({"its tensors are another model's: ", std::to_string(found.layers), " layers of width ",
                   std::to_string(found.width), " and ", std::to_string(found.parameters), " parameters instead of ",
                   std::to_string(file.layers), ", ", std::to_string(file.width), " and ",
                   std::to_string(file.parameters)});
  }
  return "";
}

}  // namespace

void check_space(const GetPlan& plan, std::uint64_t free_bytes) {
  const std::uint64_t needed = plan.missing_bytes();
  if (needed <= free_bytes) return;
  throw Error(ErrorCode::kRuntime,
              concat({"the download needs ", decimal_bytes_text(needed), ", and ", in_quotes(plan.folder.string()),
                      " has ", decimal_bytes_text(free_bytes), " free"}),
              "free some space, or name a folder on another disk with --to");
}

std::string fault_of(const fs::path& path, const PublishedFile& file, const std::function<void()>& before_each) {
  const std::uint64_t size = size_of(path);
  if (size != file.bytes) return concat({"it has ", std::to_string(size), " bytes instead of ", std::to_string(file.bytes)});
  const std::string fault = header_fault(inspect_path(path, /*check=*/false, before_each), file);
  if (!fault.empty() || file.sha256.empty()) return fault;
  const std::string found = sha256_of_file(path, before_each);
  return found == file.sha256 ? "" : concat({"its SHA-256 is ", found, " instead of ", file.sha256});
}

void run_get(const GetPlan& plan, bool show_progress) {
  check_space(plan, free_bytes_of(plan.folder));
  make_folder(plan.folder);
  const UniqueFd lock = lock_folder(plan.folder);
  for (const PlannedFile& file : plan.files) {
    heed_signals();
    if (file.there) {
      log::notice(concat({file.target.string(), " is there"}));
      continue;
    }
    log::notice(concat({"downloading ", address_text(*file.file), ", ", decimal_bytes_text(file.file->bytes)}));
    const fs::path path = Download(plan, file, show_progress).run();
    make_folder(file.target.parent_path());
    accept(path, file);
  }
  std::error_code ignored;
  fs::remove_all(plan.folder / kStaging, ignored);
}

}  // namespace zimage::app
