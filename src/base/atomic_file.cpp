#include "base/atomic_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>

#include "base/regular_file.h"
#include "base/temporary_name.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // the kernel's own limit

/// The path of a file being written, where a signal handler can read it: it is filled in before the flag is set.
struct Slot {
  char path[PATH_MAX];
  std::atomic<bool> exists{false};
  bool taken = false;  ///< guarded by `slots_mutex`
};
static_assert(std::atomic<bool>::is_always_lock_free);
/// This many outputs can be written at once; others wait for their turn.
Slot slots[8];
std::mutex slots_mutex;
std::condition_variable slot_free;

/// Holds a slot for its lifetime.
class SlotLease {
 public:
  SlotLease() {
    std::unique_lock lock(slots_mutex);
    slot_free.wait(lock, [this] {
      for (Slot& slot : slots) {
        if (!slot.taken) slot_ = &slot;
      }
      return slot_ != nullptr;
    });
    slot_->taken = true;
  }
  ~SlotLease() {
    const std::lock_guard lock(slots_mutex);
    slot_->exists.store(false);
    slot_->taken = false;
    slot_free.notify_one();
  }
  SlotLease(const SlotLease&) = delete;
  SlotLease& operator=(const SlotLease&) = delete;
  Slot& slot() { return *slot_; }

 private:
  Slot* slot_ = nullptr;
};

[[noreturn]] void fail(const fs::path& path, int error, const char* what = "can't be written") {
  std::string hint;
  if (error == ENOSPC || error == EDQUOT) hint = "free some space, or write elsewhere";
  if (error == EEXIST) hint = "replace it with --overwrite";
  throw Error(ErrorCode::kRuntime, path.string() + " " + what + ": " + std::strerror(error), hint);
}

/// Returns where a link leads, so that a linked output stays a link. The target need not exist. Empty for links that
/// form a loop.
std::optional<fs::path> follow_links(const fs::path& path) {
  fs::path target = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(target, error))) return target;
    const fs::path link = fs::read_symlink(target, error);
    if (error) return target;
    target = link.is_absolute() ? link : target.parent_path() / link;
  }
  return std::nullopt;
}

fs::path folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

std::optional<struct stat> status_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

/// The temporary file beside an output. It is removed at the end unless it became the output.
class Temporary {
 public:
  explicit Temporary(const fs::path& target) {
    path_ = folder_of(target) / temporary_name(target.filename().string(), host_name(), static_cast<int>(::getpid()));
    std::error_code error;
    const std::string absolute = fs::absolute(path_, error).string();
    if (absolute.size() >= sizeof lease_.slot().path) fail(target, ENAMETOOLONG);
    std::memcpy(lease_.slot().path, absolute.c_str(), absolute.size() + 1);
  }
  ~Temporary() {
    if (exists().exchange(false)) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  /// Returns errno, or 0. A file of this name can only be left over from a dead process that had our process id.
  int create(mode_t mode) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      exists().store(true);
      fd_ = UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
      if (fd_.valid()) return 0;
      const int error = errno;
      exists().store(false);
      if (error != EEXIST || ::unlink(path_.c_str()) != 0) return error;
    }
    return EEXIST;
  }
  void became_output() { exists().store(false); }
  UniqueFd& fd() { return fd_; }
  const fs::path& path() const { return path_; }

 private:
  std::atomic<bool>& exists() { return lease_.slot().exists; }

  SlotLease lease_;
  fs::path path_;
  UniqueFd fd_;
};

/// Writes pieces to a file, one after another.
class Writer {
 public:
  Writer(int fd, const fs::path& path) : fd_(fd), path_(path) {}

  void write(std::span<const std::uint8_t> bytes) {
    constexpr std::size_t kPiece = std::size_t{8} << 20;
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), std::min(kPiece, bytes.size()));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(path_, errno);
#ifdef SYNC_FILE_RANGE_WRITE
      // Starting to write now leaves less to do for fsync(). Failure doesn't matter: not every file system can do this.
      ::sync_file_range(fd_, done_, count, SYNC_FILE_RANGE_WRITE);
#endif
      done_ += count;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

 private:
  int fd_;
  const fs::path& path_;
  off64_t done_ = 0;
};

using Produce = std::function<void(const ByteSink&)>;

void write_all(int fd, const Produce& produce, const fs::path& path) {
  Writer writer(fd, path);
  produce([&](std::span<const std::uint8_t> bytes) { writer.write(bytes); });
}

void sync(int fd, const fs::path& path) {
  while (::fsync(fd) != 0) {
    if (errno == EINTR) continue;
    if (errno == EINVAL || errno == ENOTSUP) return;  // the file system doesn't support it
    fail(path, errno);
  }
}

/// Makes new names in a folder durable. Some network file systems can't do this; the file itself is safe anyway.
void sync_folder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) ::fsync(fd.get());
}

/// Returns errno, or 0. It never replaces a file, not even one that appeared a moment ago.
int rename_without_replacing(const fs::path& from, const fs::path& to) {
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != ENOSYS && errno != EINVAL && errno != EPERM) return errno;
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return 0;
  }
  if (errno == EEXIST) return errno;
  // The file system has neither (FAT, some network ones): claim the name, then replace our own empty file.
  const UniqueFd claim(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!claim.valid()) return errno;
  if (::rename(from.c_str(), to.c_str()) == 0) return 0;
  const int error = errno;
  ::unlink(to.c_str());
  return error;
}

/// Writes to a device or a pipe, which can't be replaced atomically.
void write_directly(const fs::path& path, const Produce& produce) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) fail(path, errno);
  write_all(fd.get(), produce, path);
  if (!fd.close()) fail(path, errno);
}

[[noreturn]] void refuse(const fs::path& path, const std::string& why, const std::string& hint) {
  throw Error(ErrorCode::kUsage, path.string() + " can't be written: " + why, hint);
}

/// Checks that an existing file may be written. Returns false if there is nothing more to check.
bool check_existing(const fs::path& path, const struct stat& info, bool replace) {
  if (S_ISDIR(info.st_mode)) refuse(path, "it is a folder", "name a file, in it or elsewhere");
  if (::access(path.c_str(), W_OK) != 0) refuse(path, std::strerror(errno), "write elsewhere");
  if (!S_ISREG(info.st_mode)) return false;
  if (!replace) {
    throw Error(ErrorCode::kUsage, path.string() + " already exists", "replace it with --overwrite, or name another");
  }
  return true;
}

}  // namespace

void write_file_atomically(const fs::path& path, const std::vector<std::uint8_t>& bytes, bool replace) {
  write_pieces_atomically(
      path, [&](const ByteSink& sink) { sink(bytes); }, replace);
}

void write_pieces_atomically(const fs::path& path, const Produce& produce, bool replace) {
  const std::optional<fs::path> followed = follow_links(path);
  if (!followed) fail(path, ELOOP);
  const fs::path& target = *followed;
  const std::optional<struct stat> existing = status_of(target);
  if (existing && S_ISDIR(existing->st_mode)) fail(path, EISDIR);
  if (existing && !S_ISREG(existing->st_mode)) return write_directly(target, produce);
  if (existing && !replace) fail(path, EEXIST);

  const mode_t mode = existing ? existing->st_mode & 0777 : 0666;
  Temporary temporary(target);
  if (const int error = temporary.create(mode); error != 0) fail(path, error);
  // A replaced file keeps its permissions, whatever the umask says.
  if (existing && ::fchmod(temporary.fd().get(), mode) != 0 && errno != EPERM && errno != ENOTSUP) fail(path, errno);
  write_all(temporary.fd().get(), produce, path);
  sync(temporary.fd().get(), path);
  if (!temporary.fd().close()) fail(path, errno);
  int error = 0;
  if (!replace) {
    error = rename_without_replacing(temporary.path(), target);
  } else if (::rename(temporary.path().c_str(), target.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) fail(path, error);
  temporary.became_output();
  sync_folder(folder_of(target));
}

void check_writable(const fs::path& path, bool replace) {
  if (path.empty()) throw Error(ErrorCode::kUsage, "the output has no name", "name one");
  const std::optional<fs::path> followed = follow_links(path);
  if (!followed) refuse(path, "its links form a loop", "choose another name");
  const fs::path& target = *followed;
  const std::optional<struct stat> existing = status_of(target);
  if (existing && !check_existing(path, *existing, replace)) return;
  if (!existing && errno == ENAMETOOLONG) refuse(path, "its name is too long", "choose a shorter one");
  if (!target.has_filename()) refuse(path, "it is a folder", "name a file, in it or elsewhere");
  const fs::path folder = folder_of(target);
  const std::optional<struct stat> parent = status_of(folder);
  if (!parent) refuse(path, "the folder " + folder.string() + " does not exist", "make the folder first");
  if (!S_ISDIR(parent->st_mode)) refuse(path, folder.string() + " is not a folder", "choose another folder");
  // Permission bits mean nothing for root or on a read-only file system, so try it.
  Temporary probe(target);
  if (const int error = probe.create(0600); error != 0) refuse(path, std::strerror(error), "choose another folder");
}

void remove_stale_temporaries(const fs::path& folder) {
  const std::string host = host_name();
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::optional<int> pid = process_of_temporary(it->path().filename().string(), host);
    std::error_code ignored;
    if (!pid || !fs::is_regular_file(fs::symlink_status(it->path(), ignored))) continue;
    if (::kill(*pid, 0) != 0 && errno == ESRCH) ::unlink(it->path().c_str());
  }
}

void check_folder_writable(const fs::path& folder) {
  Temporary probe(folder / "probe");
  if (const int error = probe.create(0600); error != 0) refuse(folder, std::strerror(error), "choose another folder");
}

void remove_current_temporaries() noexcept {
  for (Slot& slot : slots) {
    if (slot.exists.load()) ::unlink(slot.path);
  }
}

}  // namespace zimage
