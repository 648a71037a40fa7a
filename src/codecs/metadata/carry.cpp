#include "codecs/metadata/carry.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "codecs/metadata/exif.h"
#include "codecs/metadata/photoshop.h"
#include "codecs/metadata/xmp.h"

namespace zimage::codecs {
namespace {

using Kind = XmpProperty::Kind;

constexpr const char* kDc = "http://purl.org/dc/elements/1.1/";
constexpr const char* kXmpBasic = "http://ns.adobe.com/xap/1.0/";
constexpr const char* kExif = "http://ns.adobe.com/exif/1.0/";
constexpr const char* kComment = "Comment";
constexpr std::size_t kMaxJpegComment = 65533;

/// PNG's keywords (PNG, third edition, 11.3.3.1) that XMP has a property for.
constexpr struct {
  const char* keyword;
  const char* prefix;
  const char* space;
  const char* name;
  Kind kind;
} kKeywords[] = {{"Title", "dc", kDc, "title", Kind::kLanguages},
                 {"Author", "dc", kDc, "creator", Kind::kOrderedList},
                 {"Description", "dc", kDc, "description", Kind::kLanguages},
                 {"Copyright", "dc", kDc, "rights", Kind::kLanguages},
                 {"Software", "xmp", kXmpBasic, "CreatorTool", Kind::kText},
                 {"Comment", "exif", kExif, "UserComment", Kind::kLanguages}};

bool is_text_format(ImageFormat format) { return format == ImageFormat::kPng; }

std::string as_utf8(const std::string& text) { return utf8::is_valid(text) ? text : utf8::from_latin1(text); }

/// Turns comments into PNG's text, or the text's comment into a JPEG's.
void exchange_comments(ImageMetadata& metadata, ImageFormat to) {
  const auto is_comment = [](const TextEntry& e) { return lower(e.key) == lower(kComment); };
  if (to == ImageFormat::kPng) {
    for (const std::string& comment : std::exchange(metadata.comments, {})) {
      // A zero ends it: text in PNG can't hold one.
      metadata.text.push_back({kComment, as_utf8(comment.substr(0, comment.find('\0')))});
    }
  } else if (to == ImageFormat::kJpeg) {
    for (const TextEntry& entry : metadata.text) {
      if (is_comment(entry) && entry.value.size() <= kMaxJpegComment) metadata.comments.push_back(entry.value);
    }
    std::erase_if(metadata.text,
                  [&](const TextEntry& e) { return is_comment(e) && e.value.size() <= kMaxJpegComment; });
  }
}

/// Takes the text entries and comments that XMP has a property for.
std::vector<XmpProperty> take_properties(ImageMetadata& metadata, bool comments) {
  std::vector<XmpProperty> out;
  if (comments) {
    for (const std::string& comment : std::exchange(metadata.comments, {})) {
      metadata.text.push_back({kComment, as_utf8(comment.substr(0, comment.find('\0')))});
    }
  }
  for (const auto& known : kKeywords) {
    XmpProperty property{known.prefix, known.space, known.name, known.kind};
    std::erase_if(metadata.text, [&](const TextEntry& entry) {
      if (lower(entry.key) != lower(known.keyword)) return false;
      const bool first = property.values.empty();
      const bool other_language = known.kind == Kind::kLanguages && !entry.language.empty();
      if (!first && !other_language && known.kind != Kind::kOrderedList) return false;
      property.values.push_back({entry.value, first ? "" : entry.language});
      return true;
    });
    if (!property.values.empty()) out.push_back(std::move(property));
  }
  return out;
}

/// Adds properties that `all` doesn't have yet.
void add_missing(std::vector<XmpProperty>& all, std::vector<XmpProperty> more) {
  for (XmpProperty& property : more) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const XmpProperty& p) {
      return std::string_view(p.space) == property.space && std::string_view(p.name) == property.name;
    });
    if (!known) all.push_back(std::move(property));
  }
}

std::vector<std::string> names_of(const ImageMetadata& metadata) {
  std::vector<std::string> lost;
  if (!metadata.photoshop.empty()) lost.emplace_back("IPTC");
  if (!metadata.comments.empty()) lost.emplace_back("comments");
  for (const TextEntry& entry : metadata.text) {
    const std::string name = "text " + in_quotes(entry.key);
    if (std::find(lost.begin(), lost.end(), name) == lost.end()) lost.push_back(name);
  }
  return lost;
}

}  // namespace

std::vector<std::string> carry_metadata(ImageMetadata& metadata, ImageFormat from, ImageFormat to) {
  if (to != ImageFormat::kJpeg && !metadata.xmp_extension.empty()) {
    metadata.xmp = merged_xmp(metadata.xmp, std::exchange(metadata.xmp_extension, {}));
  }
  if (from != to && metadata.resolution) {
    metadata.exif = exif::with_resolution(std::move(metadata.exif), *metadata.resolution, to == ImageFormat::kWebp);
  }
  std::vector<std::string> lost;
  if (to == ImageFormat::kBmp) {
    lost = names_of(metadata);
  } else if (from != to) {
    exchange_comments(metadata, to);
    const bool keeps_photoshop = to == ImageFormat::kJpeg || to == ImageFormat::kTiff;
    std::vector<XmpProperty> properties;
    if (!is_text_format(to)) properties = take_properties(metadata, to != ImageFormat::kJpeg);
    if (!keeps_photoshop) add_missing(properties, photoshop::properties(std::exchange(metadata.photoshop, {})));
    if (!properties.empty()) {
      if (auto xmp = with_properties(metadata.xmp, properties)) {
        metadata.xmp = *std::move(xmp);
      } else {
        lost.emplace_back("credits (the XMP can't take them)");
      }
    }
    if (!is_text_format(to)) {
      ImageMetadata rest;
      rest.text = std::move(metadata.text);
      for (std::string& name : names_of(rest)) lost.push_back(std::move(name));
    }
  }
  for (const PngChunk& chunk : metadata.color_chunks) {
    const bool only_there = chunk.name.starts_with("mDC") || chunk.name.starts_with("cLL") ||
                            (chunk.name == "cICP" && !metadata.icc_of_chunks);
    if (to != ImageFormat::kPng && only_there) lost.push_back(chunk.name);
  }
  if (!is_text_format(to)) metadata.text.clear();
  if (to != ImageFormat::kJpeg) metadata.comments.clear();
  return lost;
}

void make_srgb(ImageMetadata& metadata) {
  metadata.icc.clear();
  metadata.icc_beside_chunks.clear();
  metadata.icc_of_chunks = false;
  metadata.color_chunks.clear();
  metadata.hdr_white = 0xffff;
  metadata.exif = exif::as_srgb(std::move(metadata.exif));
}

}  // namespace zimage::codecs
