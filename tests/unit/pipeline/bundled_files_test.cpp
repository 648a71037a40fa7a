// The demo model and the tokenizer are found from the executable's folder, in each place where builds and packages put
// them.
#include "pipeline/residency/bundled_files.h"

#include <string>
#include <vector>

#include "support/catch.h"
#include "support/files.h"

using zimage::find_bundled;
using zimage::test::TemporaryFolder;
using zimage::test::write;

TEST_CASE("what is bundled is found beside an installed, a packaged and a built program", "[bundled]") {
  struct Case {
    std::string program, file;
  };
  const std::vector<Case> cases = {{"bin", "share/zimage-inpaint/tokenizer/a"},
                                   {"lib/zimage-inpaint/bin", "share/zimage-inpaint/tokenizer/a"},
                                   {"build", "data/tokenizer/a"}};
  for (const Case& one : cases) {
    const TemporaryFolder folder;
    std::filesystem::create_directories(folder / one.program);
    const auto find = [&] { return find_bundled(folder / one.program, "tokenizer/a", "data/tokenizer/a"); };
    INFO(one.program);
    CHECK(find().empty());
    std::filesystem::create_directories(folder / one.file);
    CHECK(find().empty());  // a folder of that name isn't the file
    std::filesystem::remove(folder / one.file);
    write(folder / one.file, "x");
    CHECK(find() == folder / one.file);
  }
  CHECK(find_bundled({}, "tokenizer/a", "data/tokenizer/a").empty());
}

TEST_CASE("an installed file goes before one of the source tree", "[bundled]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "bin");
  write(folder / "data/tokenizer/a", "x");
  write(folder / "share/zimage-inpaint/tokenizer/a", "x");
  CHECK(find_bundled(folder / "bin", "tokenizer/a", "data/tokenizer/a") == folder / "share/zimage-inpaint/tokenizer/a");
}
