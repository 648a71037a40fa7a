// The names of temporary outputs: `.NAME.HOST-PID.part`.
#pragma once

#include <optional>
#include <string>

namespace zimage {

/// This machine's name, of letters, digits, dots, dashes and underscores alone.
std::string host_name();

/// For an output called `name`. NAME is cut (between characters) so that the whole has at most 255 bytes.
std::string temporary_name(const std::string& name, const std::string& host, int pid);

/// The process that `file_name` belongs to, if it is a temporary name of `host`.
std::optional<int> process_of_temporary(const std::string& file_name, const std::string& host);

}  // namespace zimage
