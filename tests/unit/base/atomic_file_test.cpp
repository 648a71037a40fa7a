#include "base/atomic_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/temporary_name.h"
#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;

namespace {

using Names = std::vector<std::string>;

std::optional<Error> write_error_of(const std::filesystem::path& path, bool replace = false) {
  return error_of([&] { write_file_atomically(path, bytes_of("new"), replace); });
}

/// Returns the id of a process that has ended.
int dead_process() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  return static_cast<int>(pid);
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

void check_usage(const std::filesystem::path& path, bool replace, const std::string& text) {
  const auto error = error_of([&] { check_writable(path, replace); });
  INFO(path);
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUsage);
  CHECK(error->message().find(text) != std::string::npos);
}

}  // namespace

TEST_CASE("atomic file: written, replaced, not replaced", "[base]") {
  const TemporaryFolder folder;
  const auto path = folder / "out.png";
  write_file_atomically(path, bytes_of("first"), false);
  CHECK(read(path) == bytes_of("first"));
  const auto error = write_error_of(path, false);
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kRuntime);
  CHECK(error->message().find(path.string()) == 0);
  CHECK(error->hint().find("--overwrite") != std::string::npos);
  CHECK(read(path) == bytes_of("first"));
  write_file_atomically(path, bytes_of("second"), true);
  CHECK(read(path) == bytes_of("second"));
  write_file_atomically(path, {}, true);
  CHECK(read(path).empty());
  CHECK(folder.names() == Names{"out.png"});
}

TEST_CASE("atomic file: pieces become one file, and a failure halfway leaves nothing", "[base]") {
  const TemporaryFolder folder;
  const auto path = folder / "out.safetensors";
  write_pieces_atomically(
      path,
      [](const ByteSink& sink) {
        sink(bytes_of("fi"));
        sink({});
        sink(bytes_of("rst"));
      },
      false);
  CHECK(read(path) == bytes_of("first"));
  const auto error = error_of([&] {
    write_pieces_atomically(
        path,
        [](const ByteSink& sink) {
          sink(bytes_of("sec"));
          throw Error(ErrorCode::kModel, "no more");
        },
        true);
  });
  REQUIRE(error);
  CHECK(error->message() == "no more");
  CHECK(read(path) == bytes_of("first"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "."), {}) == 1);
}

TEST_CASE("atomic file: permissions", "[base]") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  write_file_atomically(folder / "new", bytes_of("x"), false);
  CHECK(mode_of(folder / "new") == 0640);
  REQUIRE(::chmod((folder / "new").c_str(), 0604) == 0);
  write_file_atomically(folder / "new", bytes_of("y"), true);
  CHECK(mode_of(folder / "new") == 0604);
  ::umask(before);
}

TEST_CASE("atomic file: a link stays a link", "[base]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "real");
  std::filesystem::create_symlink("real/target", folder / "link");
  write_file_atomically(folder / "link", bytes_of("one"), false);
  write_file_atomically(folder / "link", bytes_of("two"), true);
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(read(folder / "real/target") == bytes_of("two"));
  CHECK(write_error_of(folder / "link", false));
  CHECK(folder.names() == Names{"link", "real"});
  std::filesystem::create_symlink("loop", folder / "loop");
  CHECK(write_error_of(folder / "loop", true));
  check_usage(folder / "loop", true, "form a loop");
}

TEST_CASE("atomic file: a device is written directly", "[base]") {
  CHECK_FALSE(error_of([] { check_writable("/dev/null", false); }));
  CHECK_FALSE(write_error_of("/dev/null", false));
  const auto full = write_error_of("/dev/full", false);
  REQUIRE(full);
  CHECK(full->code() == ErrorCode::kRuntime);
  CHECK(full->hint().find("space") != std::string::npos);
}

TEST_CASE("atomic file: failures leave nothing", "[base]") {
  const TemporaryFolder folder;
  const auto gone = write_error_of(folder / "gone/out.png");
  REQUIRE(gone);
  CHECK(gone->code() == ErrorCode::kRuntime);
  std::filesystem::create_directory(folder / "sub");
  CHECK(write_error_of(folder / "sub", true));
  CHECK(write_error_of(folder / std::string(256, 'x'), true));

  // This write fails half way, at the largest size that a file may have.
  write(folder / "old", "old");
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto error = error_of([&] { write_file_atomically(folder / "old", Bytes(5000), true); });
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, handler);
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kRuntime);
  CHECK(read(folder / "old") == bytes_of("old"));
  CHECK(folder.names() == Names{"old", "sub"});
}

TEST_CASE("atomic file: a leftover with our own process id is replaced", "[base]") {
  const TemporaryFolder folder;
  const std::string name = temporary_name("out", host_name(), static_cast<int>(::getpid()));
  write(folder / name, "stale");
  write_file_atomically(folder / "out", bytes_of("new"), false);
  CHECK(read(folder / "out") == bytes_of("new"));
  CHECK(folder.names() == Names{"out"});
}

TEST_CASE("atomic file: names of the maximum length", "[base]") {
  const TemporaryFolder folder;
  std::string name;
  while (name.size() < 254) name += "\xc3\xa4";
  name += "b";
  write_file_atomically(folder / name, bytes_of("x"), false);
  CHECK(folder.names() == Names{name});
  const std::string temporary = temporary_name(name, "host", 123);
  CHECK(temporary.size() <= 255);
  CHECK(temporary.size() >= 254);
  CHECK(temporary.substr(0, 3) == ".\xc3\xa4");
  CHECK(temporary.find("\xa4.host-123.part") != std::string::npos);
  CHECK(temporary_name("a.png", "h", 7) == ".a.png.h-7.part");
}

TEST_CASE("atomic file: temporary names are recognised strictly", "[base]") {
  CHECK(process_of_temporary(".a.png.my-host.lan-42.part", "my-host.lan") == 42);
  CHECK(process_of_temporary(".a.h-1.part", "h") == 1);
  for (const char* name : {"a.h-1.part", ".a.h-1.par", ".a.h-1.part2", ".a.h-.part", ".a.h-01.part", ".a.h-0.part",
                           ".a.h--1.part", ".a.h-1x.part", ".a.h-99999999999.part", ".a.g-1.part", ".a.xh-1.part",
                           ".h-1.part", "..h-1.part", ".part", ".a.h.part", ".a.h-1.h-.part"}) {
    INFO(name);
    CHECK_FALSE(process_of_temporary(name, "h"));
  }
}

TEST_CASE("atomic file: temporaries of dead processes are removed, others stay", "[base]") {
  const TemporaryFolder folder;
  const std::string host = host_name();
  const int dead = dead_process();
  const std::string living = temporary_name("b", host, static_cast<int>(::getpid()));
  const std::string elsewhere = temporary_name("c", host + "x", dead);
  const std::string number = std::to_string(dead);
  write(folder / temporary_name("a", host, dead), "x");
  write(folder / living, "x");
  write(folder / elsewhere, "x");
  write(folder / (host + "-" + number + ".part"), "x");
  const std::string as_folder = temporary_name("d", host, dead);
  std::filesystem::create_directory(folder / as_folder);
  remove_stale_temporaries(folder.path());
  Names expected = {living, elsewhere, host + "-" + number + ".part", as_folder};
  std::sort(expected.begin(), expected.end());
  CHECK(folder.names() == expected);
  CHECK_FALSE(error_of([&] { remove_stale_temporaries(folder / "nowhere"); }));
}

TEST_CASE("atomic file: a process that a signal ends removes its temporary", "[base]") {
  const TemporaryFolder folder;
  // The child stops in the middle of writing: its file may not grow beyond 1000 bytes, and the signal for that removes
  // it.
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, [](int) {
      remove_current_temporaries();
      ::_exit(42);
    });
    const rlimit small{1000, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) ::_exit(1);
    write_file_atomically(folder / "out", Bytes(5000), false);
    ::_exit(2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
  CHECK(folder.names().empty());
  remove_current_temporaries();  // nothing is being written, so nothing happens
  CHECK(folder.names().empty());
}

TEST_CASE("atomic file: check_writable", "[base]") {
  const TemporaryFolder folder;
  write(folder / "there", "x");
  CHECK_FALSE(error_of([&] { check_writable(folder / "new.png", false); }));
  CHECK_FALSE(error_of([&] { check_writable(folder / "there", true); }));
  CHECK(read(folder / "there") == bytes_of("x"));
  check_usage(folder / "there", false, "already exists");
  check_usage(folder.path(), true, "folder");
  check_usage(folder.path().string() + "/", true, "folder");
  check_usage(folder / "new/", true, "folder");
  check_usage(folder / "gone/new.png", false, (folder / "gone").string() + " does not exist");
  check_usage((folder / "there") / "new.png", false, "not a folder");
  check_usage(folder / std::string(256, 'x'), false, "too long");
  check_usage("", false, "no name");
  if (std::filesystem::exists("/proc/self")) check_usage("/proc/new.png", false, "can't be written");
  CHECK(folder.names() == Names{"there"});
}
