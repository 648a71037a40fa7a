#include "app/job/carried_metadata.h"

#include <algorithm>
#include <string>
#include <vector>

#include "app/provenance/provenance.h"
#include "base/log.h"
#include "base/text.h"
#include "codecs/metadata/carry.h"
#include "codecs/metadata/exif.h"

namespace zimage::app {
namespace {

using codecs::ImageFormat;
using codecs::TextEntry;

constexpr const char* kParameters = "parameters";

/// Removes the text of an earlier run, and warns if the result's own takes the place of another program's.
void drop_old_provenance(const JobSpec& spec, std::vector<TextEntry>& text) {
  const auto has = [&](const char* key) {
    return std::any_of(text.begin(), text.end(), [&](const TextEntry& e) { return e.key == key; });
  };
  const bool ours = has(kProvenanceKey);
  if (!ours && has(kParameters) && spec.output.format == ImageFormat::kPng && !spec.no_metadata) {
    log::notice("the provenance replaces the picture's text \"parameters\" (--no-metadata keeps the text)");
  }
  std::erase_if(text, [&](const TextEntry& e) { return e.key == kProvenanceKey || (ours && e.key == kParameters); });
}

/// Warns about pictures with light above white, of which the model makes none.
void warn_about_hdr(const JobSpec& spec, const codecs::ImageMetadata& metadata) {
  constexpr std::uint16_t kNone = 0xffff;
  if (metadata.hdr_white == kNone) return;
  const bool png = spec.output.format == ImageFormat::kPng && spec.composite;
  log::warning(
      concat({printable(spec.image_name()),
              " is in HDR (PQ or HLG), and the hole is painted in SDR: nothing in it is brighter than diffuse white",
              png ? "" : "; the result's colour profile shows all that is brighter as white (--format png keeps it)"}));
}

/// Says in one line what the result doesn't keep: `lost` because of its format, `dropped` in any.
void tell_lost(const JobSpec& spec, ImageFormat from, const std::vector<std::string>& lost,
               const std::vector<std::string>& dropped) {
  if (lost.empty() && dropped.empty()) return;
  constexpr std::size_t kShown = 12;
  const std::string format = codecs::to_string(spec.output.format);
  std::string text = concat({"the ", format, " lacks metadata of ", printable(spec.image_name()), ": "});
  text += list_some(lost, kShown);
  if (!lost.empty() && codecs::is_written(from) && from != spec.output.format) {
    text += concat({" (--format ", codecs::to_string(from), " keeps it)"});
  }
  if (!lost.empty() && !dropped.empty()) text += "; in any format it lacks ";
  log::notice(text + list_some(dropped, kShown));
}

/// Removes the comment in which an earlier run described its own result. The result's own takes its place.
void drop_old_comment(codecs::ImageMetadata& metadata) {
  const auto comment = codecs::exif::user_comment(metadata.exif);
  if (comment && is_provenance(*comment)) {
    metadata.exif = codecs::exif::without_user_comment(std::move(metadata.exif));
  }
}

}  // namespace

void bring_to_format(const JobSpec& spec, ImageFormat from, codecs::ImageMetadata& metadata) {
  const std::string name = printable(spec.image_name());
  for (const std::string& left_out : metadata.left_out) log::warning(concat({name, " ", left_out}));
  drop_old_provenance(spec, metadata.text);
  drop_old_comment(metadata);
  warn_about_hdr(spec, metadata);
  if (spec.outpaint.any()) codecs::drop_places(metadata);
  const std::vector<std::string> lost = codecs::carry_metadata(metadata, from, spec.output.format);
  tell_lost(spec, from, lost, metadata.dropped);
}

}  // namespace zimage::app
