// The plan of `get` as commands to paste.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "app/tools/get_plan.h"
#include "base/bytes_text.h"
#include "base/text.h"

namespace zimage::app {
namespace {

constexpr const char* kNext = " &&\n  ";  // the next command of a file, if this one succeeds

/// Returns the commands that compare a file's hash, and put a file with another one aside, so that the next attempt
/// begins anew; empty if the hash isn't known.
std::string hash_check(const PublishedFile& file, const std::filesystem::path& path, const std::filesystem::path& bad) {
  if (file.sha256.empty()) return "";
  return concat({"{ printf '%s\\n' ", shell_word(concat({file.sha256, "  ", path.string()})),
                 " | sha256sum -c - ||\n    { mv -f ", shell_word(path.string()), " ", shell_word(bad.string()),
                 "; false; }; }"});
}

/// Returns the commands in a subshell that works in the file's folder, so that the lines stay short.
std::string curl_lines(const GetPlan& plan, const PlannedFile& file) {
  std::filesystem::path place = file.target.parent_path();
  if (place.is_relative()) place = "." / place;  // CDPATH would lead cd elsewhere
  const std::string folder = shell_word(place.string());
  const std::string part = shell_word(file.part.filename().string());
  std::string lines = concat({"(mkdir -p ", folder, " && cd ", folder, kNext});
  if (file.part_bytes > file.file->bytes) lines += concat({"rm -f ", part, kNext});
  if (!file.complete()) {
    // The shell's own printf: no list of processes shows what it prints.
    const bool token = !plan.hub.token.empty();
    if (token) lines += "printf 'header = \"Authorization: Bearer %s\"\\n' \"$HF_TOKEN\" |\n  ";
    lines += concat(
        {"curl ", token ? "-K - " : "", "-fL --retry 5 -C - -o ", part, " \\\n    ", shell_word(file.url), kNext});
  }
  const std::string check = hash_check(*file.file, file.part.filename(), file.bad().filename());
  if (!check.empty()) lines += concat({check, kNext});
  return concat({lines, "mv ", part, " ", shell_word(file.target.filename().string()), ")"});
}

std::string hf_lines(const GetPlan& plan, const PlannedFile& file) {
  const std::string line = shell_line(download_command(plan, file, plan.folder));
  const std::string check = hash_check(*file.file, file.target, file.bad());
  return check.empty() ? line : concat({line, kNext, check});
}

std::string file_lines(const GetPlan& plan, const PlannedFile& file) {
  const PublishedFile& published = *file.file;
  std::string lines = concat({"# ", decimal_bytes_text(published.bytes), ", ", published.licence, ", ",
                              address_text(published), published.sha256.empty() ? ", its hash isn't known" : "", "\n"});
  if (file.there) return concat({lines, "# is there: ", file.target.string(), "\n"});
  return concat({lines, plan.downloader.is_curl() ? curl_lines(plan, file) : hf_lines(plan, file), "\n"});
}

}  // namespace

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line.append(line.empty() ? "" : " ").append(shell_word(word));
  return line;
}

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./:=@%+,").find(c) != std::string::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return concat({quoted, "'"});
}

std::string download_script(const GetPlan& plan) {
  const PublishedSet& set = *plan.set;
  std::string script = concat({"# ", set.name, ": ", set.what, ", ", decimal_bytes_text(plan.missing_bytes()), " of ",
                               decimal_bytes_text(set.bytes()), " to download\n"});
  std::vector<std::string> inspect = {"zimage-inpaint", "inspect"};
  for (const PlannedFile& file : plan.files) {
    script += concat({"\n", file_lines(plan, file)});
    inspect.push_back(file.target.string());
  }
  script += concat({"\n# says what the files are, and whether they would load:\n", shell_line(inspect), "\n"});
  return concat({script, "\n# uses them:\n# ", shell_line(use_command(plan)), "\n"});
}

}  // namespace zimage::app
