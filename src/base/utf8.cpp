#include "base/utf8.h"

namespace zimage::utf8 {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

/// Returns the length of a character by its first byte; 0 for a byte that can't begin one.
std::size_t length_of(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

/// Rules out overlong forms, surrogates and values above U+10FFFF by the second byte (Unicode, table 3-7).
bool second_byte_fits(unsigned lead, unsigned second) {
  switch (lead) {
    case 0xE0: return second >= 0xA0;
    case 0xED: return second < 0xA0;
    case 0xF0: return second >= 0x90;
    case 0xF4: return second < 0x90;
    default: return true;
  }
}

}  // namespace

char32_t next(std::string_view text, std::size_t& at) {
  const unsigned lead = byte_at(text, at);
  const std::size_t length = length_of(lead);
  char32_t code_point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code_point = (code_point << 6U) | (byte_at(text, at + i) & 0x3FU);
  at += length;
  return code_point;
}

char32_t before(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && is_continuation(text[at])) --at;
  return next(text, at);
}

std::size_t length_at(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  const std::size_t length = length_of(lead);
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[at + i])) return 0;
  }
  return length == 1 || second_byte_fits(lead, byte_at(text, at + 1)) ? length : 0;
}

std::size_t first_invalid(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = length_at(text, at);
    if (length == 0) return at;
    at += length;
  }
  return kValid;
}

void append(std::string& text, char32_t code_point) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | (code_point >> shift & 0x3FU)); };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0U | code_point >> 6U);
    tail(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0U | code_point >> 12U);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | code_point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string from_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) append(out, static_cast<unsigned char>(c));
  return out;
}

bool to_latin1(std::string_view text, std::string& out) {
  out.clear();
  if (!is_valid(text)) return false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code_point = next(text, at);
    if (code_point > 0xFF) return false;
    out += static_cast<char>(code_point);
  }
  return true;
}

}  // namespace zimage::utf8
