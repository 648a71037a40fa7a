#include "support/files.h"

#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "support/catch.h"

namespace zimage::test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "zimage-io-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder: " + name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

std::vector<std::string> TemporaryFolder::names() const {
  std::vector<std::string> out;
  for (const auto& item : fs::directory_iterator(path_)) out.push_back(item.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

void write(const fs::path& path, std::span<const std::uint8_t> bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw std::runtime_error("can't write " + path.string());
}

void write(const fs::path& path, const std::string& text) { write(path, bytes_of(text)); }

Bytes read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::optional<Error> error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

Bytes safetensors(const std::string& json, const Bytes& data) {
  Bytes out;
  for (std::size_t i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(std::uint64_t{json.size()} >> (8 * i)));
  std::copy(json.begin(), json.end(), std::back_inserter(out));
  std::copy(data.begin(), data.end(), std::back_inserter(out));
  return out;
}

Bytes safetensors_of(const std::vector<std::pair<std::string, std::vector<float>>>& tensors) {
  std::string json = "{";
  Bytes data;
  for (const auto& [name, values] : tensors) {
    const std::size_t begin = data.size();
    data.resize(begin + values.size() * sizeof(float));
    if (!values.empty()) std::memcpy(data.data() + begin, values.data(), values.size() * sizeof(float));
    json += (json.size() > 1 ? ",\"" : "\"") + name + "\":{\"dtype\":\"F32\",\"shape\":[" +
            std::to_string(values.size()) + "],\"data_offsets\":[" + std::to_string(begin) + "," +
            std::to_string(data.size()) + "]}";
  }
  return safetensors(json + "}", data);
}

Image noise_image(int width, int height, int channels, int bit_depth, unsigned seed) {
  Image image(width, height, channels, bit_depth);
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    image.samples.set(i, static_cast<std::uint16_t>(random() & image.max_value()));
  }
  return image;
}

void check_same(const Image& a, const Image& b) {
  CHECK(a.width == b.width);
  CHECK(a.height == b.height);
  CHECK(a.channels == b.channels);
  CHECK(a.bit_depth == b.bit_depth);
  CHECK(a.samples == b.samples);
}

Image gradient_image(int width, int height, int channels) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const int value = c == 0 ? 255 * x / width : c == 1 ? 255 * y / height : 255 * (x + y) / (width + height);
        image.samples.set(image.index(x, y, c), static_cast<std::uint16_t>(value));
      }
    }
  }
  return image;
}

}  // namespace zimage::test
