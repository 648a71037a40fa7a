#include "codecs/metadata/carry.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "codecs/metadata/exif.h"
#include "codecs/metadata/photoshop.h"
#include "codecs/metadata/tiff_tags.h"
#include "codecs/metadata/xmp_values.h"

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

void add_names(std::vector<std::string>& names, const std::vector<std::string>& more) {
  for (const std::string& name : more) name_once(names, name);
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
    XmpProperty property{known.prefix, known.space, known.name,
                         known.kind,   {},          concat({"text ", in_quotes(known.keyword)})};
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

/// Adds properties that `all` doesn't have yet, and names those that it has with another value.
void add_missing(std::vector<XmpProperty>& all, std::vector<XmpProperty> more, std::vector<std::string>& lost) {
  for (XmpProperty& property : more) {
    const auto known = std::find_if(all.begin(), all.end(), [&](const XmpProperty& p) {
      return std::string_view(p.space) == property.space && std::string_view(p.name) == property.name;
    });
    if (known == all.end()) {
      all.push_back(std::move(property));
    } else if (says_otherwise(*known, property)) {
      name_once(lost, concat({property.origin, " ", property.name, " (", known->origin, " says something else)"}));
    }
  }
}

/// Names the entries of text, which have no place of their own.
void name_texts(const std::vector<TextEntry>& text, std::vector<std::string>& lost) {
  for (const TextEntry& entry : text) name_once(lost, concat({"text ", in_quotes(entry.key)}));
}

/// Names what a file loses whose format has no place for any metadata.
void name_all(const ImageMetadata& metadata, std::vector<std::string>& lost) {
  if (exif::says_anything(metadata.exif)) lost.emplace_back("EXIF");
  if (says_anything(metadata.xmp)) lost.emplace_back("XMP");
  std::vector<std::string> rest;
  if (!photoshop::properties(metadata.photoshop, rest).empty() || !rest.empty()) lost.emplace_back("IPTC");
  add_names(lost, photoshop::names_of_places(metadata.photoshop));
  if (!metadata.comments.empty()) lost.emplace_back("comments");
  name_texts(metadata.text, lost);
}

/// Names the properties for which the XMP has another value.
void name_otherwise(const std::string& xmp, const std::vector<XmpProperty>& properties,
                    std::vector<std::string>& lost) {
  for (const std::string& name : said_otherwise(xmp, properties)) {
    name_once(lost, concat({name, " (XMP says something else)"}));
  }
}

/// Brings credits, comments and text to where the format has them, else to XMP, and names what finds no place.
void carry_credits(ImageMetadata& metadata, ImageFormat from, ImageFormat to, std::vector<std::string>& lost) {
  std::vector<XmpProperty> properties;
  if (from != to) {
    exchange_comments(metadata, to);
    if (!is_text_format(to)) properties = take_properties(metadata, to != ImageFormat::kJpeg);
  }
  name_otherwise(metadata.xmp, properties, lost);
  if (to != ImageFormat::kJpeg && to != ImageFormat::kTiff && !metadata.photoshop.empty()) {
    // A PNG has IPTC only as another program's text, so its own format doesn't keep it either.
    std::vector<std::string>& rest = is_text_format(from) ? metadata.dropped : lost;
    add_names(rest, photoshop::names_of_places(metadata.photoshop));
    std::vector<XmpProperty> credits = photoshop::properties(metadata.photoshop, rest);
    name_otherwise(metadata.xmp, credits, rest);
    add_missing(properties, std::move(credits), rest);
    metadata.photoshop.clear();
  }
  if (!properties.empty()) {
    if (auto xmp = with_properties(metadata.xmp, properties)) {
      metadata.xmp = *std::move(xmp);
    } else {
      lost.emplace_back("credits (the XMP can't take them)");
    }
  }
  if (!is_text_format(to)) name_texts(metadata.text, lost);
}

/// Names the chunks of a PNG that another format has no place for. What they say about the colours is in the profile.
void name_chunks(const ImageMetadata& metadata, std::vector<std::string>& lost) {
  for (const PngChunk& chunk : metadata.color_chunks) {
    const bool only_there = chunk.name.starts_with("mDC") || chunk.name.starts_with("cLL") ||
                            (chunk.name == "cICP" && !metadata.icc_of_chunks);
    if (only_there) lost.push_back(chunk.name);
  }
  if (metadata.background) lost.emplace_back("bKGD chunk");
  for (const PngChunk& chunk : metadata.chunks) name_once(lost, concat({printable(chunk.name), " chunk"}));
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
    name_all(metadata, lost);
  } else {
    carry_credits(metadata, from, to, lost);
  }
  if (to == ImageFormat::kTiff && from != to) add_names(lost, exif::left_by_tiff(metadata.exif));
  if (to != ImageFormat::kTiff) add_names(lost, tiff::names_of(std::exchange(metadata.tiff_tags, {})));
  if (to != ImageFormat::kPng) {
    name_chunks(metadata, lost);
    metadata.text.clear();
  }
  if (to != ImageFormat::kJpeg) metadata.comments.clear();
  return lost;
}

void drop_places(ImageMetadata& metadata) {
  const std::vector<std::string> places = photoshop::names_of_places(metadata.photoshop);
  add_names(metadata.dropped, places);
  if (!places.empty()) metadata.photoshop = photoshop::without_places(metadata.photoshop);
  metadata.tiff_tags = tiff::without_places(metadata.tiff_tags, metadata.dropped);
  std::erase_if(metadata.chunks, [&](const PngChunk& chunk) {
    const bool place = chunk.name == "oFFs" || chunk.name == "sTER";
    if (place) name_once(metadata.dropped, concat({chunk.name, " chunk"}));
    return place;
  });
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
