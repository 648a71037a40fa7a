// Asks the terminal something, and reads its answer from where keys come from.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace zimage::cli {

/// Sends `question` to stderr's terminal and returns what comes back, as soon as `whole` holds for it; "" if that
/// doesn't come in time, or if the program is in the background, where reading would stop it. The terminal is as it was
/// afterwards: signals to this thread wait meanwhile. Keys pressed in that moment are lost.
std::string ask_terminal(std::string_view question, const std::function<bool(std::string_view answer)>& whole,
                         std::chrono::milliseconds patience);

}  // namespace zimage::cli
