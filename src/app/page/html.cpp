#include "app/page/html.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "app/provenance/hash.h"
#include "app/report/base64.h"
#include "base/text.h"
#include "base/utf8.h"
#include "zimage/error.h"

namespace zimage::app::html {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_control(char32_t c) { return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0); }

/// Embeddings, overrides and isolates (Unicode's UAX #9). Marks such as U+200F move nothing but themselves.
bool turns_direction(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

bool is_no_character(char32_t c) { return (c & 0xFFFEU) == 0xFFFEU || (c >= 0xFDD0 && c <= 0xFDEF); }

void append(std::string& out, std::string_view bytes, char32_t c) {
  std::array<char, 16> text{};
  if (c == '&') {
    out += "&amp;";
  } else if (c == '<') {
    out += "&lt;";
  } else if (c == '>') {
    out += "&gt;";
  } else if (c == '"') {
    out += "&quot;";
  } else if (c == '\'') {
    out += "&#39;";
  } else if (is_control(c)) {
    std::snprintf(text.data(), text.size(), "\\x%02x", static_cast<unsigned>(c));
    out += text.data();
  } else if (turns_direction(c)) {
    std::snprintf(text.data(), text.size(), "[U+%04X]", static_cast<unsigned>(c));
    out += text.data();
  } else {
    out += is_no_character(c) ? kReplacement : bytes;
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 2) == "\r\n") ++at;  // the end of a line, as Windows writes it
    const std::size_t length = utf8::length_at(text, at);
    if (length == 0) {
      out += kReplacement;
      ++at;
      continue;
    }
    const std::string_view bytes = text.substr(at, length);
    append(out, bytes, utf8::next(text, at));
  }
  return out;
}

std::string element(std::string_view tag, std::string_view attributes, std::string_view text) {
  return concat({"<", tag, attributes, ">", escaped(text), "</", tag, ">"});
}

std::string data_uri(std::string_view media_type, std::span<const std::uint8_t> bytes) {
  return concat({"data:", media_type, ";base64,", base64(bytes)});
}

std::string policy_hash(std::string_view source) {
  const std::string hex = sha256({reinterpret_cast<const std::uint8_t*>(source.data()), source.size()});
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return concat({"'sha256-", base64(bytes), "'"});
}

std::string filled(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out;
  while (true) {
    const std::size_t begin = text.find("{{");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    const std::size_t end = text.find("}}", begin);
    const auto value = values.find(std::string(text.substr(begin + 2, end - begin - 2)));
    if (end == std::string_view::npos || value == values.end()) {
      throw Error(ErrorCode::kRuntime, "the page's template has a name without a value");
    }
    out += value->second;
    text.remove_prefix(end + 2);
  }
}

}  // namespace zimage::app::html
