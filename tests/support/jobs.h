// Makes jobs for the tests of app: a folder with a picture and a mask, and settings for them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/options/settings.h"
#include "codecs/image_file.h"
#include "support/files.h"

namespace zimage::test {

using Values = std::vector<std::pair<std::string, std::string>>;

/// A folder with picture.png (64x48, RGB noise) and mask.png (a hole of 16x12 at 20,10).
struct JobFolder {
  TemporaryFolder folder{};
  Image picture = noise_image(64, 48, 3, 8);
  Mask mask{64, 48};

  JobFolder() {
    for (int y = 10; y < 22; ++y) {
      for (int x = 20; x < 36; ++x) mask.repaint[mask.index(x, y)] = 1;
    }
    Image hole(64, 48, 1);
    for (std::size_t i = 0; i < mask.repaint.size(); ++i) {
      hole.samples.set(i, static_cast<std::uint16_t>(mask.repaint[i] * 255));
    }
    write(folder / "picture.png", codecs::encode_image(picture, {}));
    write(folder / "mask.png", codecs::encode_image(hole, {}));
  }

  std::string path(const std::string& name) const { return (folder / name).string(); }

  /// Returns the command's options for the picture and the parity tests' tiny model, and `more` on top.
  app::Settings settings(const Values& more = {}, std::span<const app::OptionSpec> table = app::option_table()) const {
    app::Settings out(table);
    const auto set = [&](const std::string& name, const std::string& value) {
      out.set(name, {value}, app::Source::kCommandLine);
    };
    set("image", path("picture.png"));
    set("mask", path("mask.png"));
    set("prompt", "a red fox");
    set("seed", "7");
    set("steps", "2");
    set("model", std::string(ZIMAGE_SOURCE_DIR) + "/tests/fixtures/models/a");
    for (const auto& [name, value] : more) set(name, value);
    return out;
  }
};

}  // namespace zimage::test
