#include "app/batch/manifest.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "app/options/mask_source.h"
#include "app/options/option.h"
#include "base/regular_file.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "base/text_encoding.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::size_t kManifestLimit = std::size_t{1} << 30;
constexpr std::size_t kLineLimit = std::size_t{4} << 20;
constexpr int kPollMs = 50;

[[noreturn]] void refuse(const std::string& what, const std::string& hint = "") {
  throw Error(ErrorCode::kInput, what, hint);
}

std::string value_text(const std::string& key, const json& value) {
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    // Whoever opens a file would take the name to end there.
    if (text.find('\0') != std::string::npos) refuse("'" + key + "' holds a zero character", "take it out");
    return text;
  }
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return value.dump();
  refuse("'" + key + "' has a value of the wrong type", "give text, a number, true or false");
}

/// Returns the option that a key names, and sets `negated` for the `no-` of a switch. Errors: kInput.
const OptionSpec& option_of(const Settings& settings, const std::string& key, bool& negated) {
  const OptionSpec* spec = find_option(settings.options(), key);
  if (spec == nullptr && key.starts_with("no-")) {
    spec = find_option(settings.options(), key.substr(3));
    negated = spec != nullptr && spec->kind == Kind::kSwitch;
    if (!negated) spec = nullptr;
  }
  if (spec == nullptr) refuse("unknown key '" + key + "'", "keys are long option names; --help-all lists them");
  if (!spec->per_job) refuse("'" + key + "' can't differ between jobs", "give it on the command line");
  return *spec;
}

/// Errors: kInput for a shape with a mistake, which would otherwise be found only when its turn comes.
void check_mask(const std::string& text) {
  try {
    parse_mask_source(text);
  } catch (const Error& e) {
    refuse(e.message(), e.hint());
  }
}

void set(Settings& settings, const std::string& key, const json& value, const fs::path& folder) {
  if (value.is_null()) return;
  bool negated = false;
  const OptionSpec& spec = option_of(settings, key, negated);
  std::string text = value_text(key, value);
  if (key == "output" && text == "-") refuse("'output' can't be - in a batch", "give a file or a folder");
  if (key == "image" && text == "-") refuse("'image' can't be - in a batch", "give a file");
  const bool mask = key == "mask";
  if (mask) check_mask(text);
  if (spec.path && !(mask ? mask_path(text) : fs::path(text)).empty()) text = (folder / text).string();
  settings.set(spec.name, {text}, Source::kJob);
  if (negated) settings.set(spec.name, {settings.flag(spec.name) ? "false" : "true"}, Source::kJob);
}

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r\n") == std::string::npos; }

json job_object(const std::string& line) {
  if (const std::string problem = encoding_problem(line); !problem.empty()) {
    refuse("it " + problem, encoding_hint());
  }
  try {
    return parse_strict_json(line, "it");
  } catch (const Error& e) {
    refuse(e.message(), "give one JSON object per line: {\"image\": …, \"mask\": …, \"prompt\": …}");
  }
}

/// Makes a line's job; what is wrong with the line is the job's error.
Job make_job(const std::string& line, const std::string& name, std::size_t index, const Settings& command,
             const fs::path& folder) {
  Job job{.index = index, .name = name, .settings = command};
  try {
    job.settings = parse_manifest_line(line, command, folder);
  } catch (const Error& e) {
    job.error = Error(ErrorCode::kInput, name + ": " + e.message(), e.hint());
  }
  return job;
}

class StdinJobs final : public JobSource {
 public:
  StdinJobs(Settings command, std::function<bool()> stopped)
      : command_(std::move(command)), stopped_(std::move(stopped)) {}

  std::optional<Job> next() override {
    while (std::optional<std::string> line = read_line()) {
      ++number_;
      if (number_ == 1) remove_byte_order_mark(*line);
      const std::string name = "stdin line " + std::to_string(number_);
      if (std::exchange(too_long_, false)) {
        const Error error(ErrorCode::kInput, name + " is longer than 4 MiB", "end each job with a newline");
        return Job{.index = index_++, .name = name, .settings = command_, .error = error};
      }
      if (is_blank(*line)) continue;
      return make_job(*line, name, index_++, command_, {});
    }
    return std::nullopt;
  }

 private:
  /// Reads a line; nothing at the end of the input. Sets `too_long_` for a line that is too long, and returns its rest.
  std::optional<std::string> read_line() {
    std::size_t end = buffer_.find('\n');
    while (end == std::string::npos && !ended_) {
      const std::size_t before = buffer_.size();
      read_some();
      end = buffer_.find('\n', before);
      if (buffer_.size() > kLineLimit && end == std::string::npos) {
        too_long_ = true;
        buffer_.clear();
      }
    }
    if (end == std::string::npos && buffer_.empty() && !too_long_) return std::nullopt;
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end == std::string::npos ? end : end + 1);
    return line;
  }

  void read_some() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    while (::poll(&input, 1, kPollMs) <= 0) {  // nothing yet, or a signal
      if (!stopped_()) continue;
      ended_ = true;
      return;
    }
    char bytes[65536];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count < 0) throw Error(ErrorCode::kInput, std::string("stdin can't be read: ") + std::strerror(errno));
    ended_ = count == 0;
    buffer_.append(bytes, static_cast<std::size_t>(count));
  }

  Settings command_;
  std::function<bool()> stopped_;
  std::string buffer_;
  std::size_t number_ = 0;
  std::size_t index_ = 0;
  bool too_long_ = false;  ///< the line that is being read is too long
  bool ended_ = false;
};

}  // namespace

Settings parse_manifest_line(const std::string& line, const Settings& command, const fs::path& folder) {
  Settings settings = command;
  const json object = job_object(line);
  for (const auto& [key, value] : object.items()) set(settings, key, value, folder);
  try {
    settings.check_values();
  } catch (const Error& e) {
    refuse(e.message(), e.hint());
  }
  return settings;
}

std::vector<Job> list_manifest_jobs(const fs::path& path, const Settings& command) {
  std::string read = read_text_file(path, kManifestLimit, ErrorCode::kInput);
  // What is wrong with one line is said of that line.
  const bool text_file = encoding_problem(read).find(" begins no character") != std::string::npos;
  std::istringstream text(text_file ? std::move(read) : utf8_text(std::move(read), path.string(), ErrorCode::kInput));
  std::vector<Job> jobs;
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (number == 1) remove_byte_order_mark(line);
    if (is_blank(line)) continue;
    const std::string name = path.string() + " line " + std::to_string(number);
    jobs.push_back(make_job(line, name, jobs.size(), command, path.parent_path()));
    if (jobs.back().error) throw *jobs.back().error;
  }
  if (jobs.empty())
    throw Error(ErrorCode::kInput, "there is no job in " + path.string(), "give one JSON object per line");
  return jobs;
}

std::unique_ptr<JobSource> make_stdin_jobs(const Settings& command, std::function<bool()> stopped) {
  return std::make_unique<StdinJobs>(command, std::move(stopped));
}

}  // namespace zimage::app
