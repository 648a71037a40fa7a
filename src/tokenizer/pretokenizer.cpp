#include "tokenizer/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/text.h"
#include "tokenizer/tokenizer_json.h"
#include "tokenizer/unicode.h"
#include "zimage/error.h"

namespace zimage {

namespace {

struct Free {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};
template <typename T>
using Handle = std::unique_ptr<T, Free>;

std::string pcre2_message(int code) {
  PCRE2_UCHAR buffer[256];
  const int length = pcre2_get_error_message(code, buffer, sizeof buffer);
  return length > 0 ? std::string(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(length)) : "?";
}

template <typename T>
T* checked(T* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

/// Returns how many steps a match may take: linear in the text, so that a pattern can't backtrack without end.
std::uint32_t step_limit(std::size_t size) {
  constexpr std::size_t kLeast = 10'000'000;
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(kMost, std::max(kLeast, size > kMost / 16 ? kMost : size * 16)));
}

}  // namespace

struct CompiledPattern {
  Handle<pcre2_code> code;
};

/// The working memory of a match. It must not be shared between threads.
struct MatchState {
  explicit MatchState(const pcre2_code* code)
      : match(checked(pcre2_match_data_create_from_pattern(code, nullptr))),
        context(checked(pcre2_match_context_create(nullptr))),
        stack(pcre2_jit_stack_create(32 * 1024, 1024 * 1024, nullptr)) {
    if (stack) pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
  Handle<pcre2_match_data> match;
  Handle<pcre2_match_context> context;
  Handle<pcre2_jit_stack> stack;
};

Split::Split(const std::string& pattern, bool regex, Behavior behavior, bool invert, std::string name)
    : pattern_(std::make_unique<CompiledPattern>()), behavior_(behavior), invert_(invert), name_(std::move(name)) {
  const std::string what = "the split pattern " + in_quotes(pattern);
  const std::string refused = regex ? why_not_portable(pattern) : "";
  if (!refused.empty()) tokenizer_json::fail(name_, what + " isn't supported: " + refused);
  const Handle<pcre2_compile_context> context(checked(pcre2_compile_context_create(nullptr)));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  const std::uint32_t options = regex ? PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C : PCRE2_UTF | PCRE2_LITERAL;
  int error = 0;
  PCRE2_SIZE offset = 0;
  pattern_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error,
                                     &offset, context.get()));
  if (!pattern_->code) {
    tokenizer_json::fail(name_, what + " is wrong at byte " + std::to_string(offset) + ": " + pcre2_message(error));
  }
  std::uint32_t matches_empty = 0;
  pcre2_pattern_info(pattern_->code.get(), PCRE2_INFO_MATCHEMPTY, &matches_empty);
  if (matches_empty != 0 || pattern.empty()) tokenizer_json::fail(name_, what + " can match an empty string");
  // Without a just-in-time compiler this fails, and matching works all the same.
  pcre2_jit_compile(pattern_->code.get(), PCRE2_JIT_COMPLETE);
}

Split::~Split() = default;
Split::Split(Split&&) noexcept = default;
Split& Split::operator=(Split&&) noexcept = default;

std::vector<Split::Span> Split::spans(std::string_view text, MatchState& state) const {
  // Both have the same length and the same character boundaries, so the offsets hold for the text itself.
  const std::string subject = unicode::with_stand_ins(text);
  pcre2_set_match_limit(state.context.get(), step_limit(subject.size()));
  std::vector<Span> spans;
  std::size_t done = 0;
  std::uint32_t options = PCRE2_NO_UTF_CHECK;
  while (done < subject.size()) {
    const int found = pcre2_match(pattern_->code.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(),
                                  done, options, state.match.get(), state.context.get());
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found == PCRE2_ERROR_JIT_STACKLIMIT && (options & PCRE2_NO_JIT) == 0) {
      options |= PCRE2_NO_JIT;  // the interpreter keeps its state on the heap
      continue;
    }
    if (found < 0) tokenizer_json::fail(name_, "the split pattern fails on this text: " + pcre2_message(found));
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(state.match.get());
    if (range[1] <= range[0] || range[0] < done)
      tokenizer_json::fail(name_, "the split pattern matches an empty string");
    if (range[0] > done) spans.emplace_back(range[0], false);
    spans.emplace_back(range[1], true);
    done = range[1];
  }
  if (done < subject.size()) spans.emplace_back(subject.size(), false);
  return spans;
}

std::vector<std::string_view> Split::apply(const std::vector<std::string_view>& texts) const {
  std::vector<std::string_view> pieces;
  MatchState state(pattern_->code.get());
  for (const std::string_view text : texts) append_pieces(text, spans(text, state), pieces);
  return pieces;
}

void Split::append_pieces(std::string_view text, std::vector<Span> all, std::vector<std::string_view>& pieces) const {
  if (invert_) {
    for (Span& span : all) span.second = !span.second;
  }
  // joined[i]: the piece that contains span i continues with span i + 1.
  std::vector<bool> joined(all.size(), false);
  if (behavior_ == Behavior::kContiguous) {
    for (std::size_t i = 0; i + 1 < all.size(); ++i) joined[i] = all[i].second == all[i + 1].second;
  } else if (behavior_ == Behavior::kMergedWithPrevious) {
    for (std::size_t i = 0; i + 1 < all.size(); ++i) joined[i] = all[i + 1].second && !all[i].second;
  } else if (behavior_ == Behavior::kMergedWithNext) {
    for (std::size_t i = 0; i + 1 < all.size(); ++i) joined[i] = all[i].second && !all[i + 1].second;
  }
  std::size_t start = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (joined[i]) continue;
    const bool dropped = behavior_ == Behavior::kRemoved && all[i].second;
    if (!dropped) pieces.push_back(text.substr(start, all[i].first - start));
    start = all[i].first;
  }
}

}  // namespace zimage
