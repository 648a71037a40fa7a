// Runs another program and waits for it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace zimage {

struct ChildCommand {
  std::filesystem::path program{};         ///< its file, as find_program() returns it
  std::vector<std::string> argv{};         ///< its name and its arguments, which no shell reads
  std::vector<std::string> environment{};  ///< "NAME=value", in addition to ours
  std::string input{};                     ///< what it reads on stdin, at most 4096 bytes
  bool show_errors = false;                ///< its stderr is ours; otherwise it is captured
};

struct ChildEnd {
  int code = 0;  ///< its exit code, or 128 and the number of the signal that ended it
  std::string output{};
  std::string errors{};  ///< empty if they were shown
};

/// Runs it to its end. Of what it prints the last 4096 bytes are kept. `stop` is asked several times a second; once it
/// says so, the program gets a SIGTERM. Errors: kRuntime if the program can't be started.
ChildEnd run_child(const ChildCommand& command, const std::function<bool()>& stop);

/// Finds a program on PATH; empty if it isn't there.
std::filesystem::path find_program(const std::string& name);

}  // namespace zimage
