#include "app/provenance/hash.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "support/catch.h"
#include "zimage/error.h"

using namespace zimage::app;

namespace {

std::string of(const std::string& text) {
  return sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

struct TemporaryFile {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("zimage-hash-" + std::to_string(::getpid()));
  ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("SHA-256 gives the examples of FIPS 180-4") {
  CHECK(of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(of(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a file's hash is that of its bytes") {
  const TemporaryFile file;
  std::ofstream(file.path) << "abc";
  const FileDigest digest = digest_file(file.path);
  CHECK(digest.sha256 == of("abc"));
  CHECK(digest.size == 3);
  CHECK(digest.whole);
  const std::vector<std::uint8_t> bytes{'a', 'b', 'c'};
  CHECK(digest_bytes(bytes).sha256 == digest.sha256);
  CHECK_THROWS_AS(digest_file(file.path.string() + "-none"), zimage::Error);
}

TEST_CASE("only the ends of a large file are hashed") {
  const TemporaryFile file;
  constexpr std::size_t kMiB = 1024 * 1024;
  std::ofstream(file.path) << "begin";
  std::filesystem::resize_file(file.path, 65 * kMiB);
  const FileDigest digest = digest_file(file.path);
  {
    std::vector<std::uint8_t> bytes(65 * kMiB);
    std::copy_n("begin", 5, bytes.begin());
    const FileDigest same = digest_bytes(bytes);
    CHECK(same.sha256 == digest.sha256);
    CHECK(same.size == digest.size);
    CHECK_FALSE(same.whole);
  }
  CHECK_FALSE(digest.whole);
  CHECK(digest.size == 65 * kMiB);
  std::string ends = "begin" + std::string(2 * kMiB - 5, '\0');
  CHECK(digest.sha256 == of(ends));
}

TEST_CASE("a whole file is hashed a MiB at a time, until somebody gives up") {
  const TemporaryFile file;
  std::ofstream(file.path) << "begin";
  std::filesystem::resize_file(file.path, 65 * 1024 * 1024 + 1);
  int pieces = 0;
  std::string whole = "begin";
  whole.resize(65 * 1024 * 1024 + 1);
  CHECK(sha256_of_file(file.path, [&] { ++pieces; }) == of(whole));
  CHECK(pieces == 66);
  CHECK_THROWS_AS(sha256_of_file(file.path, [&] { throw zimage::Error(zimage::ErrorCode::kInterrupted, "x"); }),
                  zimage::Error);
  CHECK_THROWS_AS(sha256_of_file(file.path.string() + "-none", [] {}), zimage::Error);
}
