#include "nn/kernels/cubin_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <span>
#include <system_error>

#include "base/atomic_file.h"
#include "base/fnv.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage::nn::kernels {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMagic = "zimage-inpaint kernels 1\n";
constexpr std::size_t kMaxBytes = std::size_t{256} << 20;

/// Returns 128 bits of two hashes as 32 hexadecimal digits. They tell files apart and find broken ones; nobody who
/// could plant a file needs to plant this one, as the folder is the user's own.
std::string digest(std::span<const std::uint8_t> bytes) {
  constexpr std::array<std::uint64_t, 2> kBases = {kFnvBasis, 0x84222325CBF29CE4U};
  std::string text;
  for (const std::uint64_t basis : kBases) {
    const std::uint64_t hash = fnv1a(bytes, basis);
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(hash >> shift) & 15U];
  }
  return text;
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Returns what a file begins with, before its bytes: they belong to this key, and are whole.
std::string header_of(const std::string& key, std::span<const std::uint8_t> bytes) {
  return concat({kMagic, digest(bytes_of(key)), " ", std::to_string(bytes.size()), " ", digest(bytes), "\n"});
}

/// Returns whether nobody else can have written the file: a GPU would run what is in it.
bool is_own(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
         (status.st_mode & S_IWOTH) == 0;
}

}  // namespace

fs::path CubinCache::file_of(const std::string& name, const std::string& key) const {
  return folder_ / concat({name, "-", digest(bytes_of(key)).substr(0, 16)});
}

std::optional<std::vector<std::uint8_t>> CubinCache::find(const std::string& name, const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  const fs::path path = file_of(name, key);
  if (!is_own(path)) return std::nullopt;
  try {
    std::vector<std::uint8_t> file = read_bytes(path, kMaxBytes, ErrorCode::kRuntime);
    const std::size_t line = kMagic.size();
    for (std::size_t end = line; end < file.size() && end < line + 100; ++end) {
      if (file[end] != '\n') continue;
      const auto begin = file.begin() + static_cast<std::ptrdiff_t>(end) + 1;
      std::vector<std::uint8_t> bytes(begin, file.end());
      const std::string header = header_of(key, bytes);
      if (std::equal(header.begin(), header.end(), file.begin(), begin)) return bytes;
      break;
    }
    log::debug(printable(concat({path.string(), " isn't a whole file of these kernels, so they are compiled anew"})));
  } catch (const Error& e) {
    log::debug(printable(e.message()));
  }
  return std::nullopt;
}

void CubinCache::keep(const std::string& name, const std::string& key, const std::vector<std::uint8_t>& bytes) const {
  if (folder_.empty()) return;
  try {
    std::error_code error;
    fs::create_directories(folder_, error);
    const std::string header = header_of(key, bytes);
    std::vector<std::uint8_t> file(header.begin(), header.end());
    file.insert(file.end(), bytes.begin(), bytes.end());
    write_file_atomically(file_of(name, key), file, true);
  } catch (const Error& e) {
    log::debug(printable(concat({"the compiled kernels aren't kept: ", e.message()})));
  }
}

fs::path cubin_cache_folder() {
  const auto absolute = [](const char* name) {
    const char* value = std::getenv(name);
    const fs::path path = value == nullptr ? "" : value;
    // The XDG Base Directory Specification says to ignore relative paths.
    return path.is_absolute() ? path : fs::path();
  };
  fs::path base = absolute("XDG_CACHE_HOME");
  if (base.empty()) {
    base = absolute("HOME");
    if (base.empty()) return {};
    base /= ".cache";
  }
  return base / "zimage-inpaint" / "kernels";
}

}  // namespace zimage::nn::kernels
