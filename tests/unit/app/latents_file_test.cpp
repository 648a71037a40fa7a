#include "app/job/latents_file.h"

#include <cstring>

#include "support/catch.h"
#include "weights/formats/safetensors.h"

using namespace zimage;

TEST_CASE("latents are written as a safetensors file that our reader accepts") {
  Latents latents{.channels = 2, .height = 3, .width = 1, .values = {1, 2, 3, 4, 5, -6.5F}};
  const auto bytes = app::encode_latents({latents});
  const auto header = parse_safetensors(bytes, "latents");
  const auto& entry = header.tensors.at("latents");
  CHECK(entry.dtype == "F32");
  CHECK(entry.shape == std::vector<std::int64_t>{1, 2, 3, 1});
  CHECK(entry.begin % 8 == 0);
  float last = 0;
  std::memcpy(&last, bytes.data() + entry.end - sizeof last, sizeof last);
  CHECK(last == -6.5F);
}
