#include <unistd.h>

#include <fstream>

#include "app/batch/job_source.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::app;
namespace fs = std::filesystem;

namespace {

/// A folder of empty files.
class Tree {
 public:
  explicit Tree(std::initializer_list<const char*> files) {
    // A test that root runs goes on as another user, who has to get in too.
    fs::permissions(root, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    for (const char* file : files) {
      fs::create_directories((root / file).parent_path());
      std::ofstream(root / file) << "x";
    }
  }

  Settings settings(bool prompt = true) const {
    Settings settings;
    settings.set("image", {(root / "in").string()}, Source::kCommandLine);
    settings.set("mask", {(root / "masks").string()}, Source::kCommandLine);
    if (prompt) settings.set("prompt", {"p"}, Source::kCommandLine);
    return settings;
  }
  std::vector<Job> jobs(bool prompt = true) const { return list_folder_jobs(settings(prompt), root / "out"); }

  const test::TemporaryFolder folder;
  const fs::path root = folder.path();
};

}  // namespace

TEST_CASE("a folder's pictures are jobs in the order of their names, with their masks and prompts") {
  const Tree tree{"in/b.png",    "in/a.JPG",    "in/sub/c.webp", "in/sub/c.txt",    "in/notes.md", "in/.hidden.png",
                  "in/.x/d.png", "masks/a.png", "masks/b.bmp",   "masks/sub/c.png", "masks/e.png"};
  const auto jobs = tree.jobs();
  REQUIRE(jobs.size() == 3);
  CHECK(jobs[0].name == (tree.root / "in/a.JPG").string());
  CHECK(jobs[1].settings.text("mask") == (tree.root / "masks/b.bmp").string());
  CHECK(jobs[1].settings.text("prompt") == "p");
  CHECK(jobs[2].settings.text("prompt-file") == (tree.root / "in/sub/c.txt").string());
  CHECK_FALSE(jobs[2].settings.has("prompt"));
  CHECK(jobs[2].folder == tree.root / "out/sub");
  CHECK(jobs[2].index == 2);
  for (const Job& job : jobs) CHECK_FALSE(job.error);
}

TEST_CASE("a fault in one picture is an error of its job alone") {
  const Tree tree{"in/a.png", "in/b.png", "in/c.png", "masks/a.png", "masks/a.jpg", "masks/c.png"};
  const auto jobs = tree.jobs();
  REQUIRE(jobs.size() == 3);
  CHECK(jobs[0].error->message().find("two masks") != std::string::npos);
  CHECK(jobs[1].error->message().find("no mask") != std::string::npos);
  CHECK(jobs[1].error->code() == ErrorCode::kInput);
  CHECK_FALSE(jobs[2].error);
}

TEST_CASE("results and masks inside the picture folder are not taken for pictures") {
  const Tree tree{"in/a.png", "in/masks/a.png", "in/results/a.png"};
  Settings settings = tree.settings();
  settings.set("mask", {(tree.root / "in/masks").string()}, Source::kJob);
  const auto jobs = list_folder_jobs(settings, tree.root / "in/results");
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].settings.text("mask") == (tree.root / "in/masks/a.png").string());
}

TEST_CASE("a folder without a picture, a prompt or a separate folder of masks is refused") {
  {
    const Tree tree{"in/a.txt", "masks/a.png"};
    CHECK_THROWS_WITH(tree.jobs(), Catch::Contains("no picture"));
  }
  const Tree tree{"in/a.png", "masks/a.png"};
  CHECK_THROWS_WITH(tree.jobs(/*prompt=*/false), Catch::Contains("no prompt"));
  Settings settings = tree.settings();
  settings.set("mask", {(tree.root / "in/../in").string()}, Source::kJob);
  CHECK_THROWS_WITH(list_folder_jobs(settings, tree.root / "out"), Catch::Contains("same folder"));
}

TEST_CASE("a folder's results are written beside it") {
  CHECK(default_output_folder("photos") == "photos-inpainted");
  CHECK(default_output_folder("a/photos/") == "a/photos-inpainted");
  const fs::path here = fs::current_path();
  CHECK(default_output_folder(".") == here.parent_path() / (here.filename().string() + "-inpainted"));
}

TEST_CASE("pictures, masks and prompts pair if their names differ only in their Unicode form") {
  const Tree tree{"in/caf\u00e9.png", "in/cafe\u0301.txt", "masks/cafe\u0301.png"};
  const auto jobs = tree.jobs();
  REQUIRE(jobs.size() == 1);
  CHECK_FALSE(jobs[0].error);
  CHECK(jobs[0].settings.text("mask") == (tree.root / "masks/cafe\u0301.png").string());
  CHECK(jobs[0].settings.text("prompt-file") == (tree.root / "in/cafe\u0301.txt").string());
}

TEST_CASE("where both Unicode forms of a name are there, each picture has the mask of its own") {
  const Tree tree{"in/caf\u00e9.png", "in/cafe\u0301.png", "masks/caf\u00e9.png", "masks/cafe\u0301.png"};
  for (const Job& job : tree.jobs()) {
    CHECK_FALSE(job.error);
    CHECK(fs::path(job.settings.text("mask")).filename() == fs::path(job.name).filename());
  }
}

namespace {

/// Takes away the right to read a folder, and from root its power, for the lifetime.
class Locked {
 public:
  explicit Locked(fs::path folder) : folder_(std::move(folder)) {
    fs::permissions(folder_, fs::perms::none);
    if (::geteuid() == 0) powerless_ = ::seteuid(65534) == 0;
  }
  ~Locked() {
    if (powerless_) powerless_ = ::seteuid(0) != 0;
    fs::permissions(folder_, fs::perms::owner_all);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  fs::path folder_;
  bool powerless_ = false;
};

}  // namespace

TEST_CASE("a folder in the folder that can't be read is a failed job, and the rest go on") {
  const Tree tree{"in/a.png", "in/locked/b.png", "masks/a.png", "masks/locked/b.png"};
  const Locked locked(tree.root / "in/locked");
  const auto jobs = tree.jobs();
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0].name == (tree.root / "in/a.png").string());
  CHECK_FALSE(jobs[0].error);
  CHECK(jobs[1].name == (tree.root / "in/locked").string());
  REQUIRE(jobs[1].error);
  CHECK(jobs[1].error->message().find("can't be read") != std::string::npos);
}

TEST_CASE("pictures go on without the masks of a folder that can't be read") {
  const Tree tree{"in/a.png", "in/locked/b.png", "masks/a.png", "masks/locked/b.png"};
  const Locked locked(tree.root / "masks/locked");
  const auto jobs = tree.jobs();
  REQUIRE(jobs.size() == 2);
  CHECK_FALSE(jobs[0].error);
  REQUIRE(jobs[1].error);
  CHECK(jobs[1].error->message().find("no mask") != std::string::npos);
}

TEST_CASE("a folder that can't be read at all is refused") {
  const Tree tree{"in/a.png", "masks/a.png"};
  const Locked locked(tree.root / "in");
  CHECK_THROWS_WITH(tree.jobs(), Catch::Contains("can't be read"));
}
