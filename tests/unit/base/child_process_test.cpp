#include "base/child_process.h"

#include <csignal>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "support/catch.h"
#include "support/files.h"

namespace zimage {
namespace {

ChildEnd run_shell(
    const std::string& script, const std::string& input = "",
    const std::function<bool()>& stop = [] { return false; }) {
  return run_child({.program = "/bin/sh",
                    .argv = {"sh", "-c", script, "name", "an argument; $HOME"},
                    .environment = {"ADDED=a value", "HOME=/nowhere"},
                    .input = input},
                   stop);
}

TEST_CASE("a child gets its arguments, its input and its environment as they are") {
  const ChildEnd end =
      run_shell("cat; printf '|%s|%s|%s' \"$1\" \"$ADDED\" \"$HOME\"; echo no >&2; exit 3", "some input");
  CHECK(end.output == "some input|an argument; $HOME|a value|/nowhere");
  CHECK(end.errors == "no\n");
  CHECK(end.code == 3);
}

TEST_CASE("of much output the end is kept") {
  const ChildEnd end = run_shell("i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i + 1)); done; echo the end");
  CHECK(end.code == 0);
  CHECK(end.output.size() == 4096);
  CHECK(end.output.ends_with("29999\nthe end\n"));
}

TEST_CASE("a signal's number is in the code, and a child that is told to stop gets SIGTERM") {
  CHECK(run_shell("kill -9 $$").code == 137);
  int asked = 0;
  const ChildEnd end = run_shell("trap 'echo stopping; exit 7' TERM; echo begun; while :; do sleep 0.02; done", "",
                                 [&] { return ++asked > 3; });
  CHECK(end.code == 7);
  CHECK(end.output == "begun\nstopping\n");
}

TEST_CASE("a program that outlives the child isn't waited for") {
  const ChildEnd end = run_shell("sleep 600 & echo $!");
  CHECK(end.code == 0);
  CHECK(std::system(("kill " + end.output).c_str()) == 0);
}

TEST_CASE("where the system keeps no child's code, none is made up") {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const auto error = test::error_of([] { run_shell("exit 3"); });
  std::signal(SIGCHLD, before);
  REQUIRE(error.has_value());
  CHECK(error->message().starts_with("can't tell how a program ended"));
}

TEST_CASE("a program that can't be run is an error that names it") {
  const auto error = test::error_of([] { run_child({.program = "/nowhere/x", .argv = {"x"}}, [] { return false; }); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::kRuntime);
  CHECK(error->message() == "can't run \"/nowhere/x\": No such file or directory");
}

TEST_CASE("a program is the first on PATH that can be run") {
  const test::TemporaryFolder folder;
  test::write(folder / "a/tool", std::string("text"));
  test::write(folder / "b/tool", std::string("#!/bin/sh\n"));
  std::filesystem::create_directories(folder / "c/tool");
  std::filesystem::permissions(folder / "b/tool", std::filesystem::perms::owner_all);
  const std::string before = std::getenv("PATH");
  ::setenv("PATH",
           concat({(folder / "c").string(), ":", (folder / "a").string(), ":", (folder / "b").string()}).c_str(), 1);
  CHECK(find_program("tool") == folder / "b/tool");
  CHECK(find_program("other").empty());
  ::setenv("PATH", "", 1);
  CHECK(find_program("tool").empty());
  ::setenv("PATH", before.c_str(), 1);
}

}  // namespace
}  // namespace zimage
