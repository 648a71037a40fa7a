// What the unit tests share: a folder that cleans up after itself, errors as values, small files.
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

/// A fresh folder, removed with all in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// The names in it, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

using Bytes = std::vector<std::uint8_t>;

/// Makes the folders on the way.
void write(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write(const std::filesystem::path& path, const std::string& text);
Bytes read(const std::filesystem::path& path);
Bytes bytes_of(const std::string& text);

/// The zimage::Error that `action` throws; empty if it throws none. Any other exception goes on.
std::optional<Error> error_of(const std::function<void()>& action);

/// A safetensors file: length, JSON, data.
Bytes safetensors(const std::string& json, const Bytes& data);
/// With these F32 scalars-in-a-vector, in order.
Bytes safetensors_of(const std::vector<std::pair<std::string, std::vector<float>>>& tensors);

/// A picture with every sample different from its neighbours; the same seed gives the same one.
Image noise_image(int width, int height, int channels, int bit_depth, unsigned seed = 1);
/// CHECKs that size, kind and samples are the same.
void check_same(const Image& a, const Image& b);

/// A smooth one, for lossy formats.
Image gradient_image(int width, int height, int channels);

}  // namespace zimage::test
