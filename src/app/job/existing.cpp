#include "app/job/existing.h"

#include <nlohmann/json.hpp>

#include "app/provenance/provenance.h"
#include "codecs/image_file.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

using nlohmann::ordered_json;

/// Returns the options and hashes to compare, without the order of their keys, which is the option table's.
nlohmann::json comparable(const ordered_json& provenance, bool any_seed) {
  ordered_json options = provenance.value("options", ordered_json::object());
  if (any_seed && options.is_object()) options.erase("seed");
  return {{"options", nlohmann::json(options)},
          {"hashes", nlohmann::json(provenance.value("hashes", ordered_json::object()))}};
}

}  // namespace

Existing judge_existing(const std::filesystem::path& path, const ordered_json& provenance, bool any_seed) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Existing::kNone;
  codecs::ImageFile picture;
  try {
    picture = codecs::read_image(path);
  } catch (const Error&) {
    return Existing::kDamaged;
  }
  const auto made = provenance_of(picture);
  if (!made) return Existing::kSame;
  const auto recorded = ordered_json::parse(*made, nullptr, false);
  if (!recorded.is_object()) return Existing::kOther;
  // This goes through text, as the recorded one did: there, what isn't UTF-8 in a path was replaced.
  const auto wanted = ordered_json::parse(provenance_text(provenance));
  return comparable(recorded, any_seed) == comparable(wanted, any_seed) ? Existing::kSame : Existing::kOther;
}

}  // namespace zimage::app
