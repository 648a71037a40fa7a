#include "app/latents_file.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

namespace zimage::app {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian, and so are the values here");

std::vector<std::uint8_t> encode_latents(const Latents& latents) {
  const std::size_t data_size = latents.values.size() * sizeof(float);
  const nlohmann::ordered_json entry = {{"dtype", "F32"},
                                        {"shape", {1, latents.channels, latents.height, latents.width}},
                                        {"data_offsets", {0, data_size}}};
  std::string header = nlohmann::ordered_json{{"latents", entry}}.dump();
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the format asks for tensors that start at a multiple of 8

  std::vector<std::uint8_t> bytes(8 + header.size() + data_size);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  if (data_size > 0) std::memcpy(bytes.data() + 8 + header.size(), latents.values.data(), data_size);
  return bytes;
}

}  // namespace zimage::app
