#include "codecs/png_text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "base/utf8.h"
#include "codecs/metadata/photoshop.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

/// libpng treats the XMP packet as a text entry with this key.
constexpr const char* kXmpKey = "XML:com.adobe.xmp";
constexpr std::string_view kRawPrefix = "Raw profile type ";
constexpr std::size_t kMaxKey = 79;

bool is_key(const std::string& latin1) {
  return !latin1.empty() && latin1.size() <= kMaxKey && latin1.find('\0') == latin1.npos;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Reads ImageMagick's form: a line with the name, one with the number of bytes, and lines of hexadecimal digits.
std::optional<std::string> raw_profile(std::string_view text) {
  const std::size_t name = text.find_first_not_of('\n');
  const std::size_t line = name == text.npos ? name : text.find('\n', name);
  const std::size_t digits = line == text.npos ? line : text.find_first_not_of(" \n", line);
  if (digits == text.npos) return std::nullopt;
  std::size_t size = 0;
  const auto [rest, error] = std::from_chars(text.data() + digits, text.data() + text.size(), size);
  if (error != std::errc() || size > text.size() / 2) return std::nullopt;
  std::string out;
  int high = -1;
  for (const char c : text.substr(static_cast<std::size_t>(rest - text.data()))) {
    const int digit = hex_digit(c);
    if (digit < 0) continue;
    if (high >= 0) out += static_cast<char>(high << 4 | digit);
    high = high >= 0 ? -1 : digit;
  }
  if (out.size() != size) return std::nullopt;
  return out;
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return text;
}

/// Takes the bytes over if there are none yet, and tells of others.
template <class Place>
void take(std::string_view bytes, const char* kind, Place& place, std::vector<std::string>& dropped) {
  if (place.empty()) {
    place.assign(bytes.begin(), bytes.end());
  } else if (!std::equal(bytes.begin(), bytes.end(), place.begin(), place.end(),
                         [](char a, auto b) { return a == static_cast<char>(b); })) {
    dropped.push_back(concat({kind, " in text (the file has another)"}));
  }
}

/// Takes a profile in hexadecimal over, if the metadata has none of its kind. Returns false for other kinds.
bool take_raw(const std::string& kind, const std::string& bytes, ImageMetadata& metadata) {
  constexpr std::string_view kExif("Exif\0\0", 6), kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
  constexpr std::string_view kPhotoshop("Photoshop 3.0\0", 14);
  if (kind == "xmp" || (kind == "app1" && bytes.starts_with(kXmp))) {
    take(without_prefix(bytes, kXmp), "XMP", metadata.xmp, metadata.dropped);
    return true;
  }
  if (kind == "exif" || kind == "app1") {
    take(without_prefix(bytes, kExif), "EXIF", metadata.exif, metadata.dropped);
    return true;
  }
  if (kind != "iptc" && kind != "8bim") return false;
  const std::string_view data = without_prefix(bytes, kPhotoshop);
  const std::vector<std::uint8_t> whole(data.begin(), data.end());
  const std::vector<std::uint8_t> kept = data.starts_with("8BIM") ? photoshop::kept(whole) : photoshop::of_iptc(whole);
  take({reinterpret_cast<const char*>(kept.data()), kept.size()}, "IPTC", metadata.photoshop, metadata.dropped);
  return true;
}

}  // namespace

std::vector<TextEntry> text_entries(png_const_structp png, png_infop info) {
  png_textp entries = nullptr;
  const int count = png_get_text(png, info, &entries, nullptr);
  std::vector<TextEntry> out;
  for (int i = 0; i < count; ++i) {
    const png_text& entry = entries[i];
    const bool international = entry.compression >= PNG_ITXT_COMPRESSION_NONE;
    const std::size_t length = international ? entry.itxt_length : entry.text_length;
    const std::string value = entry.text == nullptr ? "" : std::string(entry.text, length);
    TextEntry text;
    text.key = utf8::from_latin1(entry.key);
    // An iTXt entry must be UTF-8. If one isn't, read its bytes as Latin-1, so that every value here is UTF-8.
    text.value = international && utf8::is_valid(value) ? value : utf8::from_latin1(value);
    text.international = international;
    text.compressed = entry.compression == PNG_TEXT_COMPRESSION_zTXt || entry.compression == PNG_ITXT_COMPRESSION_zTXt;
    if (international && entry.lang != nullptr) text.language = utf8::from_latin1(entry.lang);
    if (international && entry.lang_key != nullptr && utf8::is_valid(entry.lang_key))
      text.translated_key = entry.lang_key;
    out.push_back(std::move(text));
  }
  return out;
}

void take_metadata_of_text(ImageMetadata& metadata) {
  const auto is_xmp = [](const TextEntry& entry) { return entry.key == kXmpKey; };
  const auto xmp = std::find_if(metadata.text.begin(), metadata.text.end(), is_xmp);
  if (xmp != metadata.text.end()) metadata.xmp = std::move(xmp->value);
  std::erase_if(metadata.text, is_xmp);
  std::erase_if(metadata.text, [&](const TextEntry& entry) {
    if (!entry.key.starts_with(kRawPrefix)) return false;
    const auto bytes = raw_profile(entry.value);
    return bytes && take_raw(lower(entry.key.substr(kRawPrefix.size())), *bytes, metadata);
  });
}

PngText::PngText(const ImageMetadata& metadata, const std::map<std::string, std::string>& text) {
  for (const TextEntry& entry : metadata.text) {
    Chunk chunk;
    if (!utf8::to_latin1(entry.key, chunk.key) || !is_key(chunk.key) || text.contains(entry.key)) continue;
    if (entry.value.find('\0') != entry.value.npos || !utf8::is_valid(entry.value)) continue;
    const bool international = entry.international || !utf8::to_latin1(entry.value, chunk.value);
    if (international) chunk.value = entry.value;
    chunk.language = entry.language;
    chunk.translated_key = entry.translated_key;
    chunk.compression = international      ? entry.compressed ? PNG_ITXT_COMPRESSION_zTXt : PNG_ITXT_COMPRESSION_NONE
                        : entry.compressed ? PNG_TEXT_COMPRESSION_zTXt
                                           : PNG_TEXT_COMPRESSION_NONE;
    chunks_.push_back(std::move(chunk));
  }
  for (const auto& [key, value] : text) {
    Chunk chunk;
    if (!utf8::to_latin1(key, chunk.key) || !is_key(chunk.key) || value.find('\0') != value.npos) {
      throw Error(ErrorCode::kRuntime, "the PNG can't be encoded: the text entry " + in_quotes(key) +
                                           " has an invalid name or contains a zero byte");
    }
    const bool valid = utf8::is_valid(value);
    if (!utf8::to_latin1(value, chunk.value)) {
      chunk.value = value;
      if (valid) chunk.compression = PNG_ITXT_COMPRESSION_NONE;
    }
    chunks_.push_back(std::move(chunk));
  }
  // An XMP packet goes into an iTXt chunk even if it is plain ASCII.
  if (!metadata.xmp.empty()) chunks_.push_back({kXmpKey, metadata.xmp, "", "", PNG_ITXT_COMPRESSION_NONE});
}

std::vector<png_text> PngText::entries() {
  std::vector<png_text> out;
  for (Chunk& chunk : chunks_) {
    png_text entry{};
    entry.compression = chunk.compression;
    entry.key = chunk.key.data();
    entry.text = chunk.value.data();
    (chunk.compression >= PNG_ITXT_COMPRESSION_NONE ? entry.itxt_length : entry.text_length) = chunk.value.size();
    entry.lang = chunk.language.data();
    entry.lang_key = chunk.translated_key.data();
    out.push_back(entry);
  }
  return out;
}

}  // namespace zimage::codecs
