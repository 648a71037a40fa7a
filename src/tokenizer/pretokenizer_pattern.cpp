// Checks that a regular expression uses only syntax that Oniguruma (the `tokenizers` package's engine) and PCRE2 share.
// Elsewhere they differ: \h is a hexadecimal digit to one and a space to the other, && in a class intersects or not.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "base/text.h"
#include "tokenizer/pretokenizer.h"

namespace zimage {

namespace {

bool is_general_category(std::string_view name) {
  static constexpr std::array<std::string_view, 36> kNames = {
      "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Ps",
      "Pe", "Pi", "Pf", "Po", "S",  "Sm", "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp", "C",  "Cc", "Cf", "Cn", "Co"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

class Checker {
 public:
  explicit Checker(std::string_view pattern) : left_(pattern) {}

  std::string run() {
    while (!left_.empty() && reason_.empty()) step();
    return reason_;
  }

 private:
  bool take(std::string_view prefix) {
    if (left_.substr(0, prefix.size()) != prefix) return false;
    left_.remove_prefix(prefix.size());
    return true;
  }
  void refuse(const std::string& reason) {
    if (reason_.empty()) reason_ = reason;
  }

  void step() {
    if (left_.front() == '\\') return escape();
    if (left_.front() == '[') return character_class();
    if (left_.front() == '(') return group();
    if (left_.front() == '{') return counted();
    const char c = left_.front();
    left_.remove_prefix(1);
    if (c == '.' || c == '^' || c == '$' || c == ']' || c == '}') refuse(std::string("a bare '") + c + "'");
  }

  void escape() {
    if (left_.size() < 2) return refuse("it ends in a backslash");
    const char c = left_[1];
    left_.remove_prefix(2);
    if (c == 'p' || c == 'P') {
      const std::size_t close = left_.find('}');
      const bool named = !left_.empty() && left_.front() == '{' && close != std::string_view::npos;
      if (!named || !is_general_category(left_.substr(1, close - 1))) {
        return refuse("a property other than a general category");
      }
      left_.remove_prefix(close + 1);
    } else if (std::string_view("sSdDrnt").find(c) == std::string_view::npos &&
               std::ispunct(static_cast<unsigned char>(c)) == 0) {
      refuse(std::string("the escape \\") + c);
    }
  }

  void character_class() {
    left_.remove_prefix(1);
    take("^");
    if (!left_.empty() && left_.front() == ']') return refuse("a class that starts with ']'");
    while (!left_.empty() && left_.front() != ']' && reason_.empty()) {
      if (left_.front() == '[') return refuse("a class in a class");
      if (left_.substr(0, 2) == "&&") return refuse("an intersection of classes");
      if (left_.front() == '\\') {
        escape();
      } else {
        left_.remove_prefix(1);
      }
    }
    if (!take("]")) refuse("a class that isn't closed");
  }

  void group() {
    if (take("(?i:")) return ignoring_case();
    if (take("(?:") || take("(?=") || take("(?!")) return;
    left_.remove_prefix(1);
    if (!left_.empty() && (left_.front() == '?' || left_.front() == '*')) refuse("a group of an unknown kind");
  }

  /// Oniguruma also lets 'ss' match 'ß' and the like, so only letters without such a partner are accepted.
  void ignoring_case() {
    const std::size_t close = left_.find(')');
    if (close == std::string_view::npos) return refuse("a group that isn't closed");
    const std::string inside = lower(left_.substr(0, close));
    for (const char c : inside) {
      if (c != '\'' && c != '|' && std::isalpha(static_cast<unsigned char>(c)) == 0) {
        return refuse("more than letters in a group that ignores case");
      }
    }
    for (const char* pair : {"ff", "fi", "fl", "ss", "st"}) {
      if (inside.find(pair) != std::string::npos) return refuse(std::string("'") + pair + "' ignoring case");
    }
    left_.remove_prefix(close + 1);
  }

  void counted() {
    const std::size_t close = left_.find('}');
    const std::string_view inside = close == std::string_view::npos ? "" : left_.substr(1, close - 1);
    const bool digits = !inside.empty() && std::isdigit(static_cast<unsigned char>(inside.front())) != 0 &&
                        inside.find_first_not_of("0123456789,") == std::string_view::npos &&
                        std::count(inside.begin(), inside.end(), ',') <= 1;
    if (!digits) return refuse("a '{' that isn't a repeat count");
    left_.remove_prefix(close + 1);
    if (!left_.empty() && (left_.front() == '+' || left_.front() == '?')) refuse("a count followed by + or ?");
  }

  std::string_view left_;
  std::string reason_;
};

}  // namespace

std::string why_not_portable(std::string_view pattern) { return Checker(pattern).run(); }

}  // namespace zimage
