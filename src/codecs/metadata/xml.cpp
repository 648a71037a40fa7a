#include "codecs/metadata/xml.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"

namespace zimage::codecs::xml {
namespace {

constexpr std::size_t kMaxElements = 100000;
constexpr std::size_t kMaxLevels = 1000;
constexpr std::size_t kMaxNamespaces = 1000;
constexpr std::string_view kSpaces = " \t\r\n";

bool is_space(char c) { return kSpaces.find(c) != kSpaces.npos; }

/// Returns the part before the colon, or "".
std::string_view prefix_of(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == name.npos ? std::string_view{} : name.substr(0, colon);
}

std::string_view local_of(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<std::vector<Element>> run() {
    bool fine = true;
    while (fine) {
      const std::size_t tag = text_.find('<', at_);
      if (tag == text_.npos) break;
      at_ = tag;
      fine = next();
    }
    if (!fine || !open_.empty() || elements_.empty()) return std::nullopt;
    return std::move(elements_);
  }

 private:
  struct Declared {
    std::string_view prefix, space;
    std::size_t level;
  };

  bool skip_past(std::string_view what) {
    const std::size_t found = text_.find(what, at_);
    if (found == text_.npos) return false;
    at_ = found + what.size();
    return true;
  }

  bool next() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<?")) return skip_past("?>");
    if (rest.starts_with("<!--")) return skip_past("-->");
    if (rest.starts_with("<![CDATA[")) return !open_.empty() && skip_past("]]>");
    if (rest.starts_with("<!")) return false;
    return rest.starts_with("</") ? close() : open();
  }

  std::string_view name() {
    constexpr std::string_view kEnds = " \t\r\n/>=\"'<";
    const std::size_t end = std::min(text_.find_first_of(kEnds, at_), text_.size());
    const std::string_view out = text_.substr(at_, end - at_);
    at_ = end;
    return out;
  }

  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  bool attribute(Element& element) {
    Attribute out;
    out.begin = at_;
    skip_spaces();
    const std::string_view full = name();
    skip_spaces();
    if (full.empty() || at_ >= text_.size() || text_[at_] != '=') return false;
    ++at_;
    skip_spaces();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == text_.npos) return false;
    out.value = text_.substr(at_ + 1, end - at_ - 1);
    out.prefix = prefix_of(full);
    out.local = local_of(full);
    at_ = out.end = end + 1;
    if (out.prefix == "xmlns" || full == "xmlns") {
      if (declared_.size() >= kMaxNamespaces) return false;
      declared_.push_back({full == "xmlns" ? std::string_view{} : out.local, out.value, open_.size()});
    }
    element.attributes.push_back(out);
    return element.attributes.size() < kMaxElements;
  }

  std::string_view space_of(std::string_view prefix) const {
    const auto place =
        std::find_if(declared_.rbegin(), declared_.rend(), [&](const Declared& d) { return d.prefix == prefix; });
    return place == declared_.rend() ? std::string_view{} : place->space;
  }

  bool open() {
    if (elements_.size() >= kMaxElements || open_.size() >= kMaxLevels) return false;
    Element element;
    element.begin = at_++;
    const std::string_view full = name();
    if (full.empty()) return false;
    element.name_end = at_;
    element.prefix = prefix_of(full);
    element.local = local_of(full);
    element.parent = open_.empty() ? -1 : static_cast<std::ptrdiff_t>(open_.back());
    while (true) {
      const std::size_t before = at_;
      skip_spaces();
      if (at_ >= text_.size()) return false;
      if (text_[at_] == '>' || text_[at_] == '/') break;
      at_ = before;
      if (!is_space(text_[at_]) || !attribute(element)) return false;
    }
    for (Attribute& a : element.attributes) {
      if (!a.prefix.empty()) a.space = space_of(a.prefix);
    }
    element.space = space_of(element.prefix);
    const bool empty = text_[at_] == '/';
    if (empty && (++at_ >= text_.size() || text_[at_] != '>')) return false;
    element.open_end = element.close_begin = element.end = ++at_;
    elements_.push_back(std::move(element));
    if (empty) {
      forget();
    } else {
      open_.push_back(elements_.size() - 1);
    }
    return true;
  }

  bool close() {
    if (open_.empty()) return false;
    Element& element = elements_[open_.back()];
    element.close_begin = at_;
    at_ += 2;
    const std::string_view full = name();
    skip_spaces();
    if (prefix_of(full) != element.prefix || local_of(full) != element.local) return false;
    if (at_ >= text_.size() || text_[at_] != '>') return false;
    element.end = ++at_;
    open_.pop_back();
    forget();
    return true;
  }

  /// Forgets the namespaces of an element that has ended.
  void forget() {
    while (!declared_.empty() && declared_.back().level >= open_.size()) declared_.pop_back();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Element> elements_;
  std::vector<std::size_t> open_;
  std::vector<Declared> declared_;
};

}  // namespace

std::optional<std::vector<Element>> parse(std::string_view text) { return Parser(text).run(); }

std::string edited(std::string_view text, std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    if (edit.begin < at) continue;
    out += text.substr(at, edit.begin - at);
    out += edit.with;
    at = edit.end;
  }
  out += text.substr(at);
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || is_space(c)) out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  constexpr struct {
    std::string_view name;
    char character;
  } kEntities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  constexpr std::size_t kLongest = 12;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = text[at] == '&' ? text.substr(at, kLongest).find(';') : text.npos;
    const std::size_t end = length == text.npos ? at : at + length;
    const std::string_view name = end == at ? std::string_view{} : text.substr(at + 1, length - 1);
    const auto known =
        std::find_if(std::begin(kEntities), std::end(kEntities), [&](const auto& e) { return e.name == name; });
    if (known != std::end(kEntities)) {
      out += known->character;
      at = end + 1;
    } else if (name.size() > 1 && name[0] == '#') {
      const bool hexadecimal = name[1] == 'x';
      const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
      std::uint32_t point = 0;
      const auto [rest, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), point, hexadecimal ? 16 : 10);
      const bool whole = error == std::errc() && rest == digits.data() + digits.size() && point < 0x110000;
      if (whole) utf8::append(out, point);
      if (!whole) out += text.substr(at, end + 1 - at);
      at = end + 1;
    } else {
      out += text[at++];
    }
  }
  return out;
}

}  // namespace zimage::codecs::xml
