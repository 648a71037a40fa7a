#include "base/read_ahead.h"

#include <chrono>
#include <filesystem>
#include <mutex>
#include <vector>

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// Records what would be read. A range's begin stands for its item; there is no file.
class Recorder {
 public:
  ReadAhead::Reading reading() {
    return {[this](const ByteRange& range) { add(advised_, range); },
            [this](const ByteRange& range) {
              if (range.begin == fails_at) throw Error(ErrorCode::kModel, "the disk fails");
              add(brought_in_, range);
            }};
  }
  std::vector<std::size_t> brought_in() {
    const std::lock_guard lock(mutex_);
    return brought_in_;
  }
  std::vector<std::size_t> advised() {
    const std::lock_guard lock(mutex_);
    return advised_;
  }
  std::size_t bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  /// Waits until so many ranges were brought in; false if that takes longer than any machine needs.
  bool reaches(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      if (brought_in().size() >= count) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  std::size_t fails_at = SIZE_MAX;

 private:
  void add(std::vector<std::size_t>& list, const ByteRange& range) {
    const std::lock_guard lock(mutex_);
    list.push_back(range.begin);
    if (&list == &brought_in_) bytes_ += range.size();
  }

  std::mutex mutex_;
  std::vector<std::size_t> advised_, brought_in_;
  std::size_t bytes_ = 0;
};

ByteRange range(std::size_t begin, std::size_t bytes) { return {nullptr, begin, begin + bytes}; }

}  // namespace

TEST_CASE("items are brought in once each, in their order and not in the file's") {
  Recorder recorder;
  {
    ReadAhead ahead({{range(500, 10)}, {range(100, 10), range(900, 5)}, {}, {range(0, 7)}}, 64 * kMiB,
                    recorder.reading());
    for (std::size_t item = 0; item < 4; ++item) {
      ahead.wait(item, {});
      ahead.used(item);
    }
  }
  CHECK(recorder.brought_in() == std::vector<std::size_t>{500, 100, 900, 0});
  CHECK(recorder.advised() == recorder.brought_in());
  CHECK(recorder.bytes() == 32);
}

TEST_CASE("reading stops at the window until items are used, and large items come in chunks") {
  Recorder recorder;
  std::vector<std::vector<ByteRange>> items;
  for (std::size_t i = 0; i < 8; ++i) items.push_back({range(i * 4 * kMiB, 4 * kMiB)});
  items.push_back({range(32 * kMiB, 20 * kMiB)});  // larger than the window
  ReadAhead ahead(items, 12 * kMiB, recorder.reading());
  REQUIRE(recorder.reaches(3));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time to go too far
  CHECK(recorder.brought_in().size() == 3);
  CHECK(recorder.advised().size() == 3);
  ahead.wait(0, {});
  ahead.used(0);
  REQUIRE(recorder.reaches(4));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(recorder.brought_in().size() == 4);
  ahead.wait(8, {});
  CHECK(recorder.bytes() == 52 * kMiB);
  const auto all = recorder.brought_in();
  CHECK(std::vector<std::size_t>(all.end() - 3, all.end()) ==
        std::vector<std::size_t>{32 * kMiB, 40 * kMiB, 48 * kMiB});
}

TEST_CASE("an error of reading reaches who waits for that item or a later one") {
  Recorder recorder;
  recorder.fails_at = 100;
  ReadAhead ahead({{range(0, 10)}, {range(100, 10)}, {range(200, 10)}}, kMiB, recorder.reading());
  ahead.wait(0, {});
  for (const std::size_t item : {1, 2, 1}) {
    const auto error = error_of([&] { ahead.wait(item, {}); });
    REQUIRE(error);
    CHECK(error->message() == "the disk fails");
  }
}

TEST_CASE("who waits for a slow disk can give up, and an unused reader ends at once") {
  std::mutex disk;
  std::unique_lock stuck(disk);
  const ReadAhead::Reading slow{[](const ByteRange&) {}, [&](const ByteRange&) { const std::lock_guard wait(disk); }};
  ReadAhead ahead({{range(0, 10)}}, kMiB, slow);
  int asked = 0;
  const auto error = error_of([&] {
    ahead.wait(0, [&] {
      if (++asked == 2) throw Error(ErrorCode::kInterrupted, "enough");
    });
  });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInterrupted);
  stuck.unlock();
  ahead.wait(0, {});
  Recorder recorder;
  const ReadAhead unused({{range(0, 8 * kMiB)}, {range(0, 8 * kMiB)}}, 0, recorder.reading());
  CHECK(recorder.brought_in().empty());
}

TEST_CASE("a file that became shorter is an error that names it") {
  const TemporaryFolder folder;
  write(folder / "weights", Bytes(64 * 4096, 7));
  const auto file = MappedFile::open(folder / "weights");
  file->advise(5, 64 * 4096);
  file->bring_in(5, 64 * 4096);
  CHECK(file->bytes()[40 * 4096] == 7);
  std::filesystem::resize_file(folder / "weights", 10 * 4096);
  file->bring_in(0, 10 * 4096);
  ReadAhead ahead({{{file, 0, 100}}, {{file, 9 * 4096, 12 * 4096}}});
  ahead.wait(0, {});
  const auto error = error_of([&] { ahead.wait(1, {}); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
  CHECK(error->message().find((folder / "weights").string() + " can't be read") == 0);
}
