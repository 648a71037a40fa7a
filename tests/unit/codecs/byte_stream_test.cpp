#include "codecs/jpeg/byte_stream.h"

#include <algorithm>
#include <future>
#include <random>

#include "codecs/image_file.h"
#include "support/catch.h"
#include "support/samples.h"
#include "unit/codecs/splice_samples.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::test;

namespace {

Bytes read_all(codecs::ByteStream& stream) {
  Bytes all;
  while (true) {
    const auto bytes = stream.next();
    if (bytes.empty()) return all;
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
}

void write_some(codecs::ByteStream& stream, const Bytes& bytes, std::mt19937& random) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto room = stream.room();
    REQUIRE_FALSE(room.empty());
    const std::size_t count = std::min({room.size(), bytes.size() - at, std::size_t{1} + random() % 70000});
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, room.begin());
    stream.commit(count);
    at += count;
  }
}

Bytes random_bytes(std::size_t size, std::mt19937& random) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

}  // namespace

TEST_CASE("a stream's reader gets what was written, while it is and after", "[io]") {
  std::mt19937 random(3);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{65536}, std::size_t{65537}, std::size_t{900000}}) {
    for (const bool meanwhile : {false, true}) {
      CAPTURE(size, meanwhile);
      const Bytes bytes = random_bytes(size, random);
      codecs::ByteStream stream;
      std::future<Bytes> reading;
      if (meanwhile) reading = std::async(std::launch::async, [&] { return read_all(stream); });
      write_some(stream, bytes, random);
      CHECK((stream.bytes() == bytes));
      stream.close();
      CHECK(stream.begun() == (size > 0));
      CHECK(((meanwhile ? reading.get() : read_all(stream)) == bytes));
    }
  }
}

TEST_CASE("a stream says that it has begun as soon as it has", "[io]") {
  codecs::ByteStream stream;
  auto begun = std::async(std::launch::async, [&] { return stream.begun(); });
  CHECK(begun.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  stream.room()[0] = 7;
  stream.commit(1);
  CHECK(begun.get());
  CHECK(stream.next()[0] == 7);
}

TEST_CASE("jpeg: a file is decoded while it is being written", "[io]") {
  const Silence silence;
  std::mt19937 random(9);
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    INFO(recipe.name);
    const Bytes source = sample(recipe, {640, 480}, 4);
    const Image before = decoded(source);
    const Mask mask = random_mask(before.width, before.height, random);
    const Image picture = changed_picture(before, mask);
    codecs::EncodeOptions options = like(source, &mask);
    const Bytes alone = codecs::encode_image(picture, options);
    codecs::ByteStream stream;
    options.jpeg_stream = &stream;
    auto decoding = std::async(std::launch::async, [&] {
      Image seen(400, 300, before.channels);
      codecs::decode_jpeg_part(stream, "x", 96, 70, 400, 300, [&](const Image& rows, int top) {
        std::copy_n(rows.samples.bytes(), rows.samples.size(), seen.samples.bytes() + seen.index(0, top - 70));
      });
      return seen;
    });
    CHECK((codecs::encode_image(picture, options) == alone));
    stream.close();
    const Image whole = decoded(alone);
    const Image seen = decoding.get();
    int wrong = 0;
    for (int y = 0; y < 300; ++y) {
      wrong += std::equal(seen.samples.address(seen.index(0, y)), seen.samples.address(seen.index(400, y)),
                          whole.samples.address(whole.index(96, y + 70)))
                   ? 0
                   : 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("jpeg: a stream that ends too early is a truncated file", "[io]") {
  std::mt19937 random(1);
  const Bytes file = sample(jpeg_recipes().front(), {100, 80}, 4);
  for (const std::size_t size : {std::size_t{0}, std::size_t{2}, std::size_t{30}, file.size() / 2, file.size() - 40}) {
    CAPTURE(size);
    codecs::ByteStream stream;
    write_some(stream, Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)), random);
    stream.close();
    const auto error =
        error_of([&] { codecs::decode_jpeg_part(stream, "x", 0, 0, 100, 80, [](const Image&, int) {}); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInput);
  }
}
