#include "nn/kernels/cubin_cache.h"

#include <sys/stat.h>

#include <cstdlib>
#include <optional>

#include "support/catch.h"
#include "support/files.h"

namespace zimage::nn::kernels {
namespace {

using test::Bytes;

const Bytes kCode = {0x7F, 'E', 'L', 'F', 0, '\n', 1, 2, 3};

/// Returns the only file in a folder.
std::filesystem::path only_file(const test::TemporaryFolder& folder) {
  REQUIRE(folder.names().size() == 1);
  return folder / folder.names().front();
}

TEST_CASE("compiled kernels are found again under their key, and under no other") {
  const test::TemporaryFolder folder;
  const CubinCache cache(folder.path() / "a" / "b");
  CHECK_FALSE(cache.find("sm_90-bf16", "source 1"));
  cache.keep("sm_90-bf16", "source 1", kCode);
  CHECK(cache.find("sm_90-bf16", "source 1") == kCode);
  CHECK_FALSE(cache.find("sm_90-bf16", "source 2"));
  CHECK_FALSE(cache.find("sm_80-bf16", "source 1"));
  cache.keep("sm_90-bf16", "source 1", {});
  CHECK(cache.find("sm_90-bf16", "source 1") == Bytes());
}

TEST_CASE("a broken file of compiled kernels is ignored, wherever it is broken") {
  const test::TemporaryFolder folder;
  const CubinCache cache(folder.path());
  cache.keep("sm_90-bf16", "source", kCode);
  const auto path = only_file(folder);
  const Bytes whole = test::read(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes broken = whole;
    broken[i] ^= 0x20;
    test::write(path, broken);
    CHECK_FALSE(cache.find("sm_90-bf16", "source"));
    test::write(path, std::span(whole).first(i));
    CHECK_FALSE(cache.find("sm_90-bf16", "source"));
  }
  Bytes longer = whole;
  longer.push_back(0);
  test::write(path, longer);
  CHECK_FALSE(cache.find("sm_90-bf16", "source"));
  test::write(path, whole);
  CHECK(cache.find("sm_90-bf16", "source") == kCode);
  // What is compiled anew replaces it.
  test::write(path, longer);
  cache.keep("sm_90-bf16", "source", kCode);
  CHECK(cache.find("sm_90-bf16", "source") == kCode);
}

TEST_CASE("a file of compiled kernels under another one's name is ignored") {
  const test::TemporaryFolder one, other;
  CubinCache(one.path()).keep("sm_90-bf16", "source 1", kCode);
  const CubinCache cache(other.path());
  cache.keep("sm_90-bf16", "source 2", kCode);
  test::write(only_file(other), test::read(only_file(one)));
  CHECK_FALSE(cache.find("sm_90-bf16", "source 2"));
}

TEST_CASE("a file of compiled kernels that others may write is ignored") {
  const test::TemporaryFolder folder;
  const CubinCache cache(folder.path());
  cache.keep("sm_90-bf16", "source", kCode);
  const auto path = only_file(folder);
  REQUIRE(chmod(path.c_str(), 0646) == 0);
  CHECK_FALSE(cache.find("sm_90-bf16", "source"));
  REQUIRE(chmod(path.c_str(), 0644) == 0);
  CHECK(cache.find("sm_90-bf16", "source") == kCode);
}

TEST_CASE("compiled kernels that can't be kept cost nothing but time") {
  for (const char* folder : {"", "/proc/self/no", "/dev/null/no"}) {
    const CubinCache cache(folder);
    cache.keep("sm_90-bf16", "source", kCode);
    CHECK_FALSE(cache.find("sm_90-bf16", "source"));
  }
}

/// Sets a variable of the environment, or removes it, and puts it back.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~ScopedVariable() { set(before_ ? before_->c_str() : nullptr); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void set(const char* value) { value == nullptr ? unsetenv(name_) : setenv(name_, value, 1); }
  const char* name_;
  std::optional<std::string> before_;
};

TEST_CASE("compiled kernels are kept in the user's cache folder") {
  const ScopedVariable home("HOME", "/home/me");
  {
    const ScopedVariable cache("XDG_CACHE_HOME", "/var/cache/me");
    CHECK(cubin_cache_folder() == "/var/cache/me/zimage-inpaint/kernels");
  }
  for (const char* relative : {static_cast<const char*>(nullptr), "", "cache"}) {
    const ScopedVariable cache("XDG_CACHE_HOME", relative);
    CHECK(cubin_cache_folder() == "/home/me/.cache/zimage-inpaint/kernels");
    const ScopedVariable no_home("HOME", nullptr);
    CHECK(cubin_cache_folder().empty());
  }
}

}  // namespace
}  // namespace zimage::nn::kernels
