// Hashes bytes and files with SHA-256.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace zimage::app {

/// Returns the hash in lower-case hexadecimal.
std::string sha256(std::span<const std::uint8_t> bytes);

/// Hashes the whole file, however large it is. `before_each` is called before each MiB, and may throw to give up.
/// Errors: kInput, naming the file, if it can't be read.
std::string sha256_of_file(const std::filesystem::path& path, const std::function<void()>& before_each);

/// A file's size and hash.
struct FileDigest {
  std::uintmax_t size = 0;
  std::string sha256;  ///< of the whole file, or of its two ends
  bool whole = true;   ///< false: SHA-256 of the first and the last MiB, one after the other
};

/// Hashes a file: up to 64 MiB whole, above that its two ends only, because a model's shards would take a minute.
/// Errors: kInput, naming the file, if it can't be read.
FileDigest digest_file(const std::filesystem::path& path);
/// Returns what digest_file() says of a file of these bytes.
FileDigest digest_bytes(std::span<const std::uint8_t> bytes);

}  // namespace zimage::app
