// The program, with another table of downloads: $ZIMAGE_STAND_IN_FILES names its JSON. The published files take
// gigabytes, and their hashes are known, so nothing else can stand in for them. The library's own table isn't linked,
// because this file has the function already.
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/tools/published_files.h"
#include "cli/main.h"

namespace zimage::app {
namespace {

PublishedFile file_of(const nlohmann::json& json) {
  return {.repository = json.at("repository"),
          .path = json.at("path"),
          .option = json.at("option"),
          .bytes = json.at("bytes"),
          .sha256 = json.at("sha256"),
          .licence = json.at("licence"),
          .kind = json.at("kind"),
          .version = json.at("version"),
          .layers = json.at("layers"),
          .width = json.at("width"),
          .parameters = json.at("parameters")};
}

std::vector<PublishedSet> read_sets() {
  const char* path = std::getenv("ZIMAGE_STAND_IN_FILES");
  std::ifstream in(path == nullptr ? "" : path);
  std::vector<PublishedSet> sets;
  for (const auto& json : nlohmann::json::parse(in)) {
    PublishedSet set{.name = json.at("name"), .what = "a stand-in", .memory = "little"};
    for (const auto& file : json.at("files")) set.files.push_back(file_of(file));
    sets.push_back(set);
  }
  return sets;
}

}  // namespace

const std::vector<PublishedSet>& published_sets() {
  static const std::vector<PublishedSet> sets = read_sets();
  return sets;
}

}  // namespace zimage::app

int main(int argc, char* argv[]) { return zimage::cli::main(argc, argv); }
