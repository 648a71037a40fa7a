// Keeps compiled kernels from one run to the next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zimage::nn::kernels {

/// A folder of compiled kernels. It costs time and nothing else if it can't be read or written, or if its files are
/// broken, another user's or of another program: then nothing is found, or nothing is kept.
class CubinCache {
 public:
  /// An empty path keeps nothing.
  explicit CubinCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Returns what was kept under a key, or nothing. `name` is the file's name, for people; the key is all that decides
  /// the bytes.
  std::optional<std::vector<std::uint8_t>> find(const std::string& name, const std::string& key) const;
  /// Keeps the bytes. Files appear whole or not at all, so that several processes may do so at once.
  void keep(const std::string& name, const std::string& key, const std::vector<std::uint8_t>& bytes) const;

 private:
  std::filesystem::path file_of(const std::string& name, const std::string& key) const;

  std::filesystem::path folder_;
};

/// Returns the folder of this user: $XDG_CACHE_HOME/zimage-inpaint/kernels, else below ~/.cache; empty if neither is
/// an absolute path.
std::filesystem::path cubin_cache_folder();

}  // namespace zimage::nn::kernels
