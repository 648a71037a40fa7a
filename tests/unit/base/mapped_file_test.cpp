#include "base/mapped_file.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/catch.h"
#include "support/files.h"

namespace zimage {
namespace {

using namespace std::chrono_literals;

/// Returns how many of the mapping's bytes are in memory, as Linux counts them for this process.
std::size_t bytes_in_memory(const MappedFile& file) {
  std::ostringstream first;
  first << std::hex << reinterpret_cast<std::uintptr_t>(file.bytes().data()) << "-";
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  while (std::getline(maps, line) && !line.starts_with(first.str())) continue;
  while (std::getline(maps, line)) {
    if (line.starts_with("Rss:")) return std::stoull(line.substr(4)) * 1024;
  }
  return 0;
}

TEST_CASE("pages of a mapped file come and go by ranges of bytes") {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  // Longer than what is read at once, and not a whole number of pages.
  const std::size_t size = 3 * 1000 * page + 5;
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "file";
  test::write(path, test::Bytes(size, 7));
  const auto file = MappedFile::open(path);
  CHECK(bytes_in_memory(*file) == 0);
  file->bring_in(0, size);
  CHECK(bytes_in_memory(*file) == 3001 * page);
  file->drop_pages(0, size);
  CHECK(bytes_in_memory(*file) == page);  // the last page isn't whole
  file->drop_pages(0, 3001 * page);
  CHECK(bytes_in_memory(*file) == 0);
  file->bring_in(5 * page, 5 * page);
  CHECK(bytes_in_memory(*file) == 0);
  // A range takes the pages that it touches. The kernel may bring the rest of a large page with them.
  file->bring_in(10 * page + 100, 12 * page + 1);
  CHECK(bytes_in_memory(*file) >= 3 * page);
  CHECK(bytes_in_memory(*file) < 3001 * page);
}

TEST_CASE("a mapped file that is written to is noticed, and one that is deleted or replaced is no matter") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "file", other = folder.path() / "other";
  test::write(path, test::Bytes(10000, 7));
  const auto open_and = [&](const auto& change) {
    const auto file = MappedFile::open(path);
    CHECK_NOTHROW(require_unchanged_mapped_files());
    change();
    require_unchanged_mapped_files();
  };
  CHECK_THROWS_WITH(open_and([&] { std::filesystem::resize_file(path, 5000); }), Catch::Contains("was written to"));
  CHECK_THROWS_WITH(open_and([&] {
                      std::fstream(path, std::ios::in | std::ios::out) << "x";
                      std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() + 1s);
                    }),
                    Catch::Contains(path.string()));
  test::write(other, test::Bytes(5000, 1));
  CHECK_NOTHROW(open_and([&] { std::filesystem::rename(other, path); }));
  CHECK_NOTHROW(open_and([&] { std::filesystem::remove(path); }));
  CHECK_NOTHROW(require_unchanged_mapped_files());
}

}  // namespace
}  // namespace zimage
