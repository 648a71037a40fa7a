#include "app/tools/get_run.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "app/provenance/hash.h"
#include "app/tools/get_download.h"
#include "base/atomic_file.h"
#include "base/bytes_text.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "pipeline/tools/inspect.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

namespace fs = std::filesystem;

/// Keeps a second download out of the folder as long as it, or the program that it has started, is at work.
UniqueFd lock_folder(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));  // without O_CLOEXEC: the downloader holds it, too
  if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorCode::kUsage, concat({"another download is at work in ", folder.string()}),
                "wait for its end, or name another folder with --to");
  }
  return fd;
}

/// Makes a folder, unless it is there, in which files can be made. Errors: kUsage.
void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::kUsage, concat({"can't make the folder ", folder.string(), ": ", error.message()}),
                "name another one with --to");
  }
  check_folder_writable(folder);
}

/// Returns the free bytes of the file system that the folder is in, or will be in.
std::uint64_t free_bytes_of(const fs::path& folder) {
  std::error_code error;
  fs::path existing = fs::absolute(folder);
  while (!fs::exists(existing, error) && existing.has_relative_path()) existing = existing.parent_path();
  return fs::space(existing, error).available;
}

/// Puts a complete file in its place, if it is the published one. Errors: kModel; kRuntime if it can't be renamed.
void accept(const fs::path& path, const PlannedFile& file) {
  log::notice(concat({"checking ", path.string()}));
  const std::string fault = fault_of(path, *file.file, heed_signals);
  std::error_code error;
  if (!fault.empty()) {
    const fs::path bad = file.bad();
    fs::rename(path, bad, error);
    throw Error(ErrorCode::kModel,
                concat({"what came from ", file.url, " isn't the published file: ", fault, "; it is kept as ",
                        (error ? path : bad).string()}),
                "run the same command again; if the same happens, the mirror or the publisher has another file there");
  }
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) {
    throw Error(ErrorCode::kRuntime, concat({path.string(), " can't be written: ", std::strerror(errno)}));
  }
  fs::rename(path, file.target, error);
  if (error) {
    throw Error(ErrorCode::kRuntime,
                concat({path.string(), " can't be renamed to ", file.target.string(), ": ", error.message()}));
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
              concat({"the download needs ", decimal_bytes_text(needed), ", and ", plan.folder.string(), " has ",
                      decimal_bytes_text(free_bytes), " free"}),
              "free some space, or name a folder on another disk with --to");
}

std::string fault_of(const fs::path& path, const PublishedFile& file, const std::function<void()>& before_each) {
  const std::uint64_t size = size_of_file(path);
  if (size != file.bytes)
    return concat({"it has ", std::to_string(size), " bytes instead of ", std::to_string(file.bytes)});
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
    make_folder(file.target.parent_path());
    const fs::path path = download_file(plan, file, show_progress);
    accept(path, file);
  }
  std::error_code ignored;
  fs::remove_all(plan.folder / kHfFolder, ignored);
}

}  // namespace zimage::app
