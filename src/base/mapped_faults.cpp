#include "base/mapped_faults.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

/// A signal handler may only look at memory that is always there. More files than this have no message of their own.
constexpr std::size_t kPlaces = 128;
constexpr std::size_t kNameBytes = 512;

struct Place {
  std::atomic<const std::uint8_t*> begin = nullptr;
  std::atomic<std::size_t> size = 0;
  std::array<char, kNameBytes> name{};
};

struct Known {
  std::filesystem::path path;
  struct stat status {};
  bool has_status = false;
  Place* place = nullptr;
};

std::array<Place, kPlaces> places;

std::mutex& mutex() {
  static std::mutex one;
  return one;
}

std::map<const std::uint8_t*, Known>& known_files() {
  static std::map<const std::uint8_t*, Known> files;
  return files;
}

bool same_time(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

void write_text(const char* text) { static_cast<void>(!::write(STDERR_FILENO, text, std::strlen(text))); }

/// Calls nothing that a signal handler mustn't.
void on_fault(int signal, siginfo_t* info, void*) {
  const auto* address = static_cast<const std::uint8_t*>(info->si_addr);
  for (const Place& place : places) {
    const std::uint8_t* begin = place.begin;
    if (begin == nullptr || address < begin || address >= begin + place.size) continue;
    if (::isatty(STDERR_FILENO) == 1) write_text("\r\x1b[K");  // what a progress line says is over
    write_text("error: ");
    write_text(place.name.data());
    write_text(
        " can't be read: its disk fails, or it became shorter while it was open (check the disk, or get the file "
        "again)\n");
    ::_exit(static_cast<int>(ErrorCode::kModel));
  }
  ::signal(signal, SIG_DFL);  // the access happens again, and the system does what it does
}

}  // namespace

MappedFileWatch::MappedFileWatch(const std::filesystem::path& path, int fd, const std::uint8_t* begin, std::size_t size)
    : begin_(begin) {
  const std::lock_guard lock(mutex());
  Known& known = known_files()[begin];
  known.path = path;
  known.has_status = ::fstat(fd, &known.status) == 0;
  for (Place& place : places) {
    if (place.begin != nullptr) continue;
    const std::string name = path.string().substr(0, kNameBytes - 1);
    std::memcpy(place.name.data(), name.c_str(), name.size() + 1);
    place.size = size;
    place.begin = begin;
    known.place = &place;
    return;
  }
}

MappedFileWatch::~MappedFileWatch() {
  const std::lock_guard lock(mutex());
  const auto known = known_files().extract(begin_);
  if (known && known.mapped().place != nullptr) known.mapped().place->begin = nullptr;
}

void require_unchanged_mapped_files() {
  const std::lock_guard lock(mutex());
  for (const auto& [begin, known] : known_files()) {
    struct stat now {};
    if (!known.has_status || ::stat(known.path.c_str(), &now) != 0) continue;
    if (now.st_ino != known.status.st_ino || now.st_dev != known.status.st_dev) continue;
    if (now.st_size == known.status.st_size && same_time(now.st_mtim, known.status.st_mtim)) continue;
    throw Error(ErrorCode::kModel, concat({known.path.string(), " was written to while it was in use"}),
                "run it again once the file stays as it is");
  }
}

void report_mapped_faults() {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  static_cast<void>(::sigaction(SIGBUS, &action, nullptr));
}

}  // namespace zimage
