#include "app/job/carried_metadata.h"

#include <algorithm>
#include <string>
#include <vector>

#include "app/provenance/provenance.h"
#include "base/log.h"
#include "base/text.h"
#include "codecs/metadata/carry.h"

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

}  // namespace

void bring_to_format(const JobSpec& spec, ImageFormat from, codecs::ImageMetadata& metadata) {
  const std::string name = printable(spec.image_name());
  for (const std::string& left_out : metadata.left_out) log::warning(concat({name, " ", left_out}));
  drop_old_provenance(spec, metadata.text);
  warn_about_hdr(spec, metadata);
  const ImageFormat to = spec.output.format;
  const std::vector<std::string> lost = codecs::carry_metadata(metadata, from, to);
  if (lost.empty()) return;
  const std::string hint =
      codecs::is_written(from) ? concat({" (--format ", codecs::to_string(from), " keeps it)"}) : "";
  log::notice(concat({"the result is a ", codecs::to_string(to),
                      " file, which has no place for some of the metadata of ", name, ": ", list_some(lost), hint}));
}

}  // namespace zimage::app
