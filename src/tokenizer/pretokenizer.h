// Splits text into the pieces that BPE works on.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zimage {

struct CompiledPattern;
struct MatchState;

/// One "Split" step, or ByteLevel's built-in pattern.
class Split {
 public:
  enum class Behavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

  /// Without `regex`, `pattern` is a plain string. Errors: kModel, naming `name`, for a pattern that doesn't compile,
  /// that PCRE2 and the `tokenizers` package's Oniguruma may read differently, or that can match an empty string.
  Split(const std::string& pattern, bool regex, Behavior behavior, bool invert, std::string name);
  ~Split();
  Split(Split&&) noexcept;
  Split& operator=(Split&&) noexcept;

  /// Splits each of `texts` (valid UTF-8) on its own.
  /// Errors: kModel if matching takes far more steps than the text is long.
  std::vector<std::string_view> apply(const std::vector<std::string_view>& texts) const;

 private:
  using Span =
      std::pair<std::size_t, bool>;  ///< where it ends, and whether it is a match; it begins where the last one ended
  std::vector<Span> spans(std::string_view text, MatchState& state) const;
  void append_pieces(std::string_view text, std::vector<Span> spans, std::vector<std::string_view>& pieces) const;

  std::unique_ptr<CompiledPattern> pattern_;
  Behavior behavior_;
  bool invert_;
  std::string name_;
};

/// Reads "pre_tokenizer": ByteLevel, or a Sequence of Splits with ByteLevel last. Errors: kModel, naming `name`.
std::vector<Split> read_pre_tokenizer(const nlohmann::json& file, const std::string& name);

/// Returns why `pattern` is refused, or an empty string. Only syntax that Oniguruma and PCRE2 share is accepted.
std::string why_not_portable(std::string_view pattern);

}  // namespace zimage
