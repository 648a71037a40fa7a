// Writes pictures as the escape sequences by which terminals show them. Sources: kitty's "Terminal graphics protocol",
// iTerm2's "Inline Images Protocol", and DEC's sixel graphics (VT330/VT340 programmer reference).
#pragma once

#include <string>
#include <string_view>

#include "zimage/image.h"

namespace zimage::cli {

enum class PictureProtocol { kNone, kKitty, kIterm2, kSixel };

/// Returns what shows an 8-bit RGB picture at the cursor, pixel by pixel, and then begins a new line.
/// Errors: kRuntime if it can't be encoded.
std::string picture_sequence(PictureProtocol protocol, const Image& picture);

/// The variables that terminals set; "" if they are unset.
struct TerminalVariables {
  std::string_view term{};          ///< TERM
  std::string_view term_program{};  ///< TERM_PROGRAM
  std::string_view lc_terminal{};   ///< LC_TERMINAL, which iTerm2 sends over ssh
  std::string_view kitty_window{};  ///< KITTY_WINDOW_ID
  std::string_view tmux{};          ///< TMUX
  std::string_view screen{};        ///< STY
};

/// Returns a terminal's protocol by its variables; kNone if they don't say. A multiplexer (tmux, screen) stands between
/// the program and the terminal that the variables are of, and passes nothing through by itself.
PictureProtocol protocol_of(const TerminalVariables& variables);

/// Returns whether what came from a terminal holds its whole answer to a request for its device attributes (DA1),
/// `ESC [ ? 62 ; 4 ; … c`, and whether that names sixel graphics. Keys may come before it.
bool is_whole_answer(std::string_view answer);
bool answer_has_sixel(std::string_view answer);

}  // namespace zimage::cli
