// The names of temporary outputs: `.NAME.HOST-PID.part`.
#pragma once

#include <optional>
#include <string>

namespace zimage {

/// Returns this machine's name, with every character but letters, digits, dots and dashes replaced by an underscore.
std::string host_name();

/// Returns the name for an output called `name`. NAME is cut between characters so that it all fits in 255 bytes.
std::string temporary_name(const std::string& name, const std::string& host, int pid);

/// Returns the process that `file_name` belongs to, if it is a temporary name from `host`.
std::optional<int> process_of_temporary(const std::string& file_name, const std::string& host);

}  // namespace zimage
