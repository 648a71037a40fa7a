#include "weights/formats/safetensors_json.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/regular_file.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr int kMaxNesting = 64;
constexpr const char* kMetadataKey = "__metadata__";

/// Handles the root object (depth 1), in it an object for each tensor and one for the metadata (depth 2), and the
/// tensors' arrays of numbers. It skips whatever a later version of the format may add to a tensor's object.
class HeaderHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  SafetensorsHeader header;
  std::string problem;

  bool null() override {
    if (depth_ == 1 && name_ == kMetadataKey) return true;
    return skipped() || wrong("null");
  }
  bool boolean(bool) override { return skipped() || wrong("a boolean"); }
  bool number_integer(number_integer_t) override { return skipped() || wrong("a negative number"); }
  bool number_float(number_float_t, const string_t&) override {
    return skipped() || wrong("a number that isn't a 64-bit integer");
  }
  bool binary(binary_t&) override { return wrong("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (skipped()) return true;
    if (!in_array_) return wrong("a number");
    if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return wrong("a number beyond 63 bits");
    }
    if (field_ == Field::kShape) {
      if (entry_.shape.size() == kMaxRank) return wrong("a shape of more than 64 dimensions");
      entry_.shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (offsets_seen_ == 2) return wrong("more than two data_offsets");
    (offsets_seen_++ == 0 ? entry_.begin : entry_.end) = static_cast<std::size_t>(value);
    return true;
  }

  bool string(string_t& value) override {
    if (skipped()) return true;
    if (depth_ == 2 && in_metadata_) {
      header.metadata.emplace(key_, std::move(value));
      return true;
    }
    if (depth_ == 2 && field_ == Field::kDtype) {
      entry_.dtype = std::move(value);
      return true;
    }
    return wrong("a string");
  }

  bool start_object(std::size_t) override {
    if (skipped()) return open_skipped();
    if (depth_ == 2) return wrong("an object");
    if (depth_ == 1) {
      in_metadata_ = name_ == kMetadataKey;
      entry_ = {};
      fields_seen_ = 0;
      offsets_seen_ = 0;
      field_ = Field::kNone;
    }
    ++depth_;
    return true;
  }

  bool start_array(std::size_t) override {
    if (skipped()) return open_skipped();
    const bool expected = depth_ == 2 && !in_metadata_ && !in_array_;
    if (!expected || (field_ != Field::kShape && field_ != Field::kOffsets)) return wrong("an array");
    in_array_ = true;
    return true;
  }

  bool key(string_t& value) override {
    if (skip_ > 0) return true;
    if (depth_ == 1) {
      name_ = std::move(value);
      const bool twice = name_ == kMetadataKey ? std::exchange(metadata_seen_, true) : header.tensors.count(name_) > 0;
      return !twice || fail("the name " + in_quotes(name_) + " appears twice in the header");
    }
    if (in_metadata_) {
      key_ = std::move(value);
      return header.metadata.count(key_) == 0 || fail("the metadata key " + in_quotes(key_) + " appears twice");
    }
    field_ = value == "dtype"          ? Field::kDtype
             : value == "shape"        ? Field::kShape
             : value == "data_offsets" ? Field::kOffsets
                                       : Field::kUnknown;
    if (field_ == Field::kUnknown) return true;
    const unsigned bit = 1u << static_cast<unsigned>(field_);
    if ((fields_seen_ & bit) != 0) return fail("tensor " + in_quotes(name_) + " gives its " + value + " twice");
    fields_seen_ |= bit;
    return true;
  }

  bool end_array() override {
    if (skip_ > 0) return close_skipped();
    in_array_ = false;
    return true;
  }

  bool end_object() override {
    if (skip_ > 0) return close_skipped();
    if (depth_ == 2 && !in_metadata_) {
      if (fields_seen_ != kAllFields || offsets_seen_ != 2) {
        return fail("tensor " + in_quotes(name_) + " lacks its dtype, its shape or its two data_offsets");
      }
      header.tensors.emplace(name_, std::move(entry_));
    }
    --depth_;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail("its header is not valid JSON (byte " + std::to_string(position) + " of it)");
  }

 private:
  enum class Field { kNone, kDtype, kShape, kOffsets, kUnknown };
  static constexpr unsigned kAllFields = 1u << static_cast<unsigned>(Field::kDtype) |
                                         1u << static_cast<unsigned>(Field::kShape) |
                                         1u << static_cast<unsigned>(Field::kOffsets);

  bool skipped() const { return skip_ > 0 || (depth_ == 2 && !in_metadata_ && field_ == Field::kUnknown); }
  bool open_skipped() { return ++skip_ <= kMaxNesting || fail("its header is nested too deeply"); }
  bool close_skipped() {
    --skip_;
    return true;
  }
  bool fail(std::string text) {
    problem = std::move(text);
    return false;
  }
  bool wrong(const std::string& what) {
    if (depth_ == 0) return fail("its header is " + what + ", not an object");
    if (depth_ == 2 && in_metadata_)
      return fail("its metadata holds " + what + " at " + in_quotes(key_) + ", not a string");
    return fail("its header has " + what + " where it doesn't belong, at " + in_quotes(name_));
  }

  int depth_ = 0;
  int skip_ = 0;  ///< open brackets inside a value that is being skipped
  bool in_metadata_ = false;
  bool metadata_seen_ = false;
  bool in_array_ = false;
  std::string name_;
  std::string key_;
  Field field_ = Field::kNone;
  unsigned fields_seen_ = 0;
  int offsets_seen_ = 0;
  SafetensorsEntry entry_;
};

}  // namespace

SafetensorsHeader parse_safetensors_json(std::string_view json) {
  // Neither a zero byte, which the parser would take for the end, nor a byte order mark, which it would skip, is JSON.
  if (json.empty() || json.front() != '{') throw Error(ErrorCode::kModel, "its header doesn't begin with {");
  if (json.find('\0') != std::string_view::npos) throw Error(ErrorCode::kModel, "its header holds a zero byte");
  HeaderHandler handler;
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &handler)) throw Error(ErrorCode::kModel, handler.problem);
  return std::move(handler.header);
}

}  // namespace zimage
