// Helpers that the unit tests share: a folder that cleans up after itself, errors as values, small files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "zimage/error.h"
#include "zimage/image.h"

namespace zimage::test {

/// A fresh folder, which is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// Returns the names in the folder, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

using Bytes = std::vector<std::uint8_t>;

/// Writes a file, and creates its parent folders.
void write(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write(const std::filesystem::path& path, const std::string& text);
Bytes read(const std::filesystem::path& path);
Bytes bytes_of(const std::string& text);

/// Returns the zimage::Error that `action` throws, or nothing if it throws none. Other exceptions pass through.
std::optional<Error> error_of(const std::function<void()>& action);

/// Returns a safetensors file: length, JSON, data.
Bytes safetensors(const std::string& json, const Bytes& data);
/// Returns a safetensors file with these F32 vectors, in order.
Bytes safetensors_of(const std::vector<std::pair<std::string, std::vector<float>>>& tensors);

/// Returns a picture with every sample different from its neighbours; the same seed gives the same picture.
Image noise_image(int width, int height, int channels, int bit_depth, unsigned seed = 1);
/// CHECKs that size, kind and samples are the same.
void check_same(const Image& a, const Image& b);

/// Returns a smooth picture, for lossy formats.
Image gradient_image(int width, int height, int channels);

}  // namespace zimage::test
