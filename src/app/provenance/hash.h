// SHA-256 of bytes and of files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace zimage::app {

/// Lower-case hexadecimal.
std::string sha256(std::span<const std::uint8_t> bytes);

/// What is known of a file's content.
struct FileDigest {
  std::uintmax_t size = 0;
  std::string sha256;  ///< of the whole file, or of its two ends
  bool whole = true;   ///< false: SHA-256 of the first and the last MiB, one after the other
};

/// Files up to 64 MiB are hashed whole; of larger ones only the ends are, as a model's shards would take a minute.
/// Errors: `kInput` naming the file if it can't be read.
FileDigest digest_file(const std::filesystem::path& path);

}  // namespace zimage::app
