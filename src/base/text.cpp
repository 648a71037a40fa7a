#include "base/text.h"

#include <algorithm>

#include "base/utf8.h"

namespace zimage {
namespace {

void append_hex(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 15U];
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

}  // namespace

bool is_plain_utf8(std::string_view text) { return text.find('\0') == std::string_view::npos && utf8::is_valid(text); }

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::max<std::size_t>(utf8::length_at(text, at), 1);
    std::size_t after = at;
    const bool shown = utf8::length_at(text, at) > 0 && !is_control(utf8::next(text, after));
    if (shown) {
      out += text.substr(at, length);
    } else if (text[at] == '\n') {
      out += "\\n";
    } else if (text[at] == '\t') {
      out += "\\t";
    } else {
      for (const char c : text.substr(at, length)) append_hex(out, c);
    }
    at += length;
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::size_t length = std::min(text.size(), kLongest);
  while (length > 0 && length < text.size() && utf8::is_continuation(text[length])) --length;
  return concat({"\"", printable(text.substr(0, length)), length < text.size() ? "…\"" : "\""});
}

std::string list_some(const std::vector<std::string>& items, std::size_t shown) {
  std::string out;
  const std::size_t count = std::min(shown, items.size());
  for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ", ") + items[i];
  if (items.size() > count) out += " and " + std::to_string(items.size() - count) + " more";
  return out;
}

std::string size_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string concat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

std::string utf8_or_printable(const std::string& text) { return is_plain_utf8(text) ? text : printable(text); }

}  // namespace zimage
