#include "app/job/latents_file.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

namespace zimage::app {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian, and so are the values here");

std::vector<std::uint8_t> encode_latents(const std::vector<Latents>& regions) {
  nlohmann::ordered_json entries;
  std::size_t data_size = 0;
  for (std::size_t k = 0; k < regions.size(); ++k) {
    const Latents& latents = regions[k];
    const std::size_t end = data_size + latents.values.size() * sizeof(float);
    const std::string name = k == 0 ? "latents" : "latents." + std::to_string(k);
    entries[name] = {{"dtype", "F32"},
                     {"shape", {1, latents.channels, latents.height, latents.width}},
                     {"data_offsets", {data_size, end}}};
    data_size = end;
  }
  std::string header = entries.dump();
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the format requires tensors to start at a multiple of 8

  std::vector<std::uint8_t> bytes(8 + header.size() + data_size);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  std::size_t place = 8 + header.size();
  for (const Latents& latents : regions) {
    const std::size_t size = latents.values.size() * sizeof(float);
    if (size > 0) std::memcpy(bytes.data() + place, latents.values.data(), size);
    place += size;
  }
  return bytes;
}

}  // namespace zimage::app
