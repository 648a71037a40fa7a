#include "app/text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "conditioning/tokenizer_unicode.h"

namespace zimage::app {
bool is_plain_utf8(std::string_view text) {
  return text.find('\0') == std::string_view::npos && unicode::first_invalid(text) == unicode::kValid;
}

std::string read_text_file(const std::filesystem::path& path, std::size_t limit, ErrorCode code) {
  std::error_code status;
  if (std::filesystem::is_directory(path, status)) throw Error(code, path.string() + " is a folder", "give a file");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(code, "can't read " + path.string() + ": " + std::strerror(errno));
  std::string text(limit + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) throw Error(code, "can't read " + path.string());
  if (text.size() > limit) {
    throw Error(code, path.string() + " is larger than " + std::to_string(limit) + " bytes", "is it the right file?");
  }
  return text;
}

std::string concat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string printable(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace zimage::app
