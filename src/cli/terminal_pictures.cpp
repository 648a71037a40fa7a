#include "cli/terminal_pictures.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/report/shown_picture.h"
#include "base/log.h"
#include "cli/terminal.h"
#include "cli/terminal_query.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

/// The most pixels of a side.
constexpr int kResultSide = 640;
constexpr int kStepSide = 256;
/// The rows that stay free, for the prompt and the path.
constexpr int kFreeRows = 2;
/// Nearly every terminal answers this at once, whatever it can; over a network it takes a moment.
constexpr std::string_view kDeviceAttributes = "\033[c";
constexpr std::chrono::milliseconds kPatience{1000};

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

PictureProtocol find_protocol() {
  if (!stderr_is_terminal()) return PictureProtocol::kNone;
  const PictureProtocol known = protocol_of({.term = variable("TERM"),
                                             .term_program = variable("TERM_PROGRAM"),
                                             .lc_terminal = variable("LC_TERMINAL"),
                                             .kitty_window = variable("KITTY_WINDOW_ID"),
                                             .tmux = variable("TMUX"),
                                             .screen = variable("STY")});
  if (known != PictureProtocol::kNone) return known;
  const bool sixel = answer_has_sixel(ask_terminal(kDeviceAttributes, is_whole_answer, kPatience));
  return sixel ? PictureProtocol::kSixel : PictureProtocol::kNone;
}

}  // namespace

TerminalPictures::TerminalPictures(bool steps) : protocol_(find_protocol()), steps_(steps) {
  if (!shows()) log::info("--show shows nothing: stderr is no terminal with the pictures of kitty, iTerm2 or sixel");
}

void TerminalPictures::show_result(const Image& picture) const { show(picture, kResultSide, /*enlarge=*/false); }

void TerminalPictures::show_step(const Image& picture) const { show(picture, kStepSide, /*enlarge=*/true); }

void TerminalPictures::show(const Image& picture, int most, bool enlarge) const {
  const TerminalSize terminal = terminal_size();
  const int most_width = std::min(most, terminal.columns * terminal.cell_width);
  const int most_height = std::min(most, std::max(terminal.rows - kFreeRows, 1) * terminal.cell_height);
  try {
    const Image fitted = app::fitted_picture(picture, most_width, most_height, enlarge);
    const std::string sequence = picture_sequence(protocol_, fitted);
    log::around_line([&] { write_stderr(sequence); }, /*redraw=*/true);
  } catch (const Error& e) {
    log::warning(e.message());  // what is only shown is no reason to lose a result
  }
}

}  // namespace zimage::cli
