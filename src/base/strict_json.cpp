#include "base/strict_json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

#include "base/regular_file.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::size_t kMaxNesting = 64;
using Event = nlohmann::json::parse_event_t;

}  // namespace

nlohmann::json parse_strict_json(std::string_view text, const std::string& name) {
  std::vector<std::unordered_set<std::string>> keys;  // one set for each open object
  std::size_t nesting = 0;
  const auto check = [&](int, Event event, nlohmann::json& value) {
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_start || event == Event::array_start) ++nesting;
    if (event == Event::object_end || event == Event::array_end) --nesting;
    if (event == Event::object_end) keys.pop_back();
    if (nesting > kMaxNesting) throw Error(ErrorCode::kModel, name + " is nested too deeply", "get the file again");
    if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      throw Error(ErrorCode::kModel, name + " gives the key " + in_quotes(value.get<std::string>()) + " twice",
                  "get the file again");
    }
    return true;
  };
  // The parser would take a zero byte for the end of its input.
  if (text.find('\0') != std::string_view::npos) {
    const std::string problem = encoding_problem(text);
    const bool zero = problem.find("UTF") == std::string::npos;
    throw Error(ErrorCode::kModel,
                concat({name, zero ? " is not valid JSON: it holds a zero byte" : " ", zero ? "" : problem.c_str()}),
                zero ? "get the file again" : encoding_hint());
  }
  try {
    nlohmann::json json = nlohmann::json::parse(text, check);
    if (json.is_object()) return json;
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(ErrorCode::kModel, name + " is not valid JSON (byte " + std::to_string(error.byte) + ")",
                "get the file again");
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorCode::kModel, name + " is not valid JSON (a number out of range)", "get the file again");
  }
  throw Error(ErrorCode::kModel, name + " is not a JSON object", "get the file again");
}

}  // namespace zimage
