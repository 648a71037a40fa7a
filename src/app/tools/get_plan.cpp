#include "app/tools/get_plan.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "base/child_process.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHub = "https://huggingface.co";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Returns whether a text is one word of printable ASCII, which nothing can be smuggled into.
bool is_plain_word(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

void check_target(const PlannedFile& file, const GetJob& job) {
  std::error_code error;
  const fs::file_status status = fs::status(file.target, error);
  if (!fs::exists(status)) return;
  if (!fs::is_regular_file(status)) {
    throw Error(ErrorCode::kUsage, concat({file.target.string(), " is there and isn't a file"}),
                "name another folder with --to");
  }
  if (!file.there && !job.overwrite) {
    const std::string bytes = std::to_string(fs::file_size(file.target, error));
    throw Error(ErrorCode::kUsage,
                concat({file.target.string(), " is there with ", bytes, " bytes, and the published file has ",
                        std::to_string(file.file->bytes)}),
                "replace it with --overwrite, or name another folder with --to");
  }
}

PlannedFile plan_file(const PublishedFile& file, const GetJob& job, const Hub& hub) {
  PlannedFile planned{.file = &file};
  planned.url = concat({hub.endpoint, "/", file.repository, "/resolve/main/", file.path});
  planned.target = job.folder / file.path;
  planned.part = planned.target.string() + ".part";
  planned.there = size_of_file(planned.target) == file.bytes;
  planned.part_bytes = size_of_file(planned.part);
  check_target(planned, job);
  return planned;
}

}  // namespace

std::uint64_t size_of_file(const fs::path& path) {
  std::error_code error;
  const auto size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
  return error ? 0 : size;
}

std::uint64_t PublishedSet::bytes() const {
  std::uint64_t sum = 0;
  for (const PublishedFile& file : files) sum += file.bytes;
  return sum;
}

std::string address_text(const PublishedFile& file) { return concat({file.repository, ": ", file.path}); }

std::uint64_t GetPlan::missing_bytes() const {
  std::uint64_t sum = 0;
  for (const PlannedFile& file : files) {
    if (!file.there) sum += file.file->bytes - (file.part_bytes > file.file->bytes ? 0 : file.part_bytes);
  }
  return sum;
}

GetJob get_job(const Settings& settings) {
  GetJob job{.name = settings.text("NAME"),
             .folder = settings.text("to"),
             .downloader = settings.text("with"),
             .overwrite = settings.flag("overwrite")};
  const std::string folder = job.folder.string();
  if (printable(folder) != folder) {
    throw Error(ErrorCode::kUsage, concat({"--to ", in_quotes(folder), " is no name for a folder"}),
                "give one that is plain text");
  }
  // A word that begins with a dash would be an option of the commands.
  if (folder.starts_with('-')) job.folder = fs::path(".") / job.folder;
  return job;
}

Hub hub_of_environment() {
  Hub hub{.endpoint = variable("HF_ENDPOINT"), .token = variable("HF_TOKEN")};
  if (hub.endpoint.empty()) hub.endpoint = kHub;
  while (hub.endpoint.ends_with('/')) hub.endpoint.pop_back();
  const bool web = hub.endpoint.starts_with("https://") || hub.endpoint.starts_with("http://");
  if (!web || !is_plain_word(hub.endpoint)) {
    throw Error(ErrorCode::kUsage, concat({"HF_ENDPOINT is ", in_quotes(hub.endpoint), ", which is no web address"}),
                "give one such as https://huggingface.co, or unset it");
  }
  if (!is_plain_word(hub.token)) {
    throw Error(ErrorCode::kUsage, "HF_TOKEN has a character that no token has, such as a blank or a line's end",
                "set it to the token alone, or unset it");
  }
  return hub;
}

Downloader find_downloader(const std::string& wanted) {
  std::vector<std::string> names;
  if (wanted != "curl") names = {"hf", "huggingface-cli"};
  if (wanted != "hf") names.emplace_back("curl");
  for (const std::string& name : names) {
    const fs::path program = find_program(name);
    if (!program.empty()) return {.name = name, .program = program};
  }
  const std::string what = wanted == "auto" ? "neither hf nor curl" : "no " + wanted;
  const std::string package = wanted == "hf" ? "hf comes with Python's huggingface_hub: pip install huggingface_hub"
                                             : "install the package curl: sudo apt install curl";
  throw Error(ErrorCode::kUsage, concat({"there is ", what, " on PATH to download with"}), package);
}

GetPlan plan_get(const GetJob& job, const Hub& hub, const Downloader& downloader) {
  const auto& sets = published_sets();
  const auto set = std::find_if(sets.begin(), sets.end(), [&](const PublishedSet& s) { return s.name == job.name; });
  if (set == sets.end()) {
    throw Error(ErrorCode::kUsage, concat({"there is nothing to get that is called ", in_quotes(job.name)}),
                "zimage-inpaint get lists what there is");
  }
  GetPlan plan{.set = &*set, .folder = job.folder, .downloader = downloader, .hub = hub};
  for (const PublishedFile& file : set->files) plan.files.push_back(plan_file(file, job, hub));
  return plan;
}

std::vector<std::string> download_command(const GetPlan& plan, const PlannedFile& file, const fs::path& folder) {
  if (!plan.downloader.is_curl()) {
    return {plan.downloader.name, "download", file.file->repository, file.file->path, "--local-dir", folder.string()};
  }
  std::vector<std::string> words = {"curl", "-fL", "--retry", "5", "-C", "-", "-o", file.part.string(), file.url};
  if (!plan.hub.token.empty()) words.insert(words.begin() + 1, {"-K", "-"});
  return words;
}

std::vector<std::string> use_command(const GetPlan& plan) {
  std::vector<std::string> words = {"zimage-inpaint"};
  for (const PlannedFile& file : plan.files) {
    words.push_back("--" + file.file->option);
    words.push_back(file.target.string());
  }
  words.insert(words.end(), {"-i", "photo.jpg", "-m", "mask.png", "-p", "a stone bridge"});
  return words;
}

}  // namespace zimage::app
