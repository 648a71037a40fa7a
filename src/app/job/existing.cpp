#include "app/job/existing.h"

#include <nlohmann/json.hpp>

#include "app/provenance/metadata.h"
#include "codecs/image_file.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

using nlohmann::ordered_json;

/// Without the order of the keys, which is the option table's.
nlohmann::json comparable(const ordered_json& making, bool any_seed) {
  ordered_json options = making.value("options", ordered_json::object());
  if (any_seed && options.is_object()) options.erase("seed");
  return {{"options", nlohmann::json(options)},
          {"hashes", nlohmann::json(making.value("hashes", ordered_json::object()))}};
}

}  // namespace

Existing judge_existing(const std::filesystem::path& path, const ordered_json& making, bool any_seed) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Existing::kNone;
  codecs::ImageFile picture;
  try {
    picture = codecs::read_image(path);
  } catch (const Error&) {
    return Existing::kDamaged;
  }
  const auto made = making_of(picture);
  if (!made) return Existing::kSame;
  const auto recorded = ordered_json::parse(*made, nullptr, false);
  if (!recorded.is_object()) return Existing::kOther;
  // Through text, as the recorded one went: what isn't UTF-8 in a path was replaced there.
  const auto wanted = ordered_json::parse(making.dump(-1, ' ', true, ordered_json::error_handler_t::replace));
  return comparable(recorded, any_seed) == comparable(wanted, any_seed) ? Existing::kSame : Existing::kOther;
}

}  // namespace zimage::app
