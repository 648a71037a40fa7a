#include "cli/picture_protocol.h"

#include <sixel.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "app/report/base64.h"
#include "app/report/shown_picture.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

/// The most bytes of base64 in one of kitty's sequences.
constexpr std::size_t kKittyChunk = 4096;
constexpr int kSixelColors = 256;
/// The attribute of a terminal with sixel graphics.
constexpr std::string_view kSixelAttribute = "4";

std::string kitty_sequence(const Image& picture) {
  const std::string data = app::base64(app::png_of(picture));
  std::string out;
  for (std::size_t begin = 0; begin < data.size(); begin += kKittyChunk) {
    const bool more = begin + kKittyChunk < data.size();
    // a=T: transmit and show; f=100: PNG; q=2: no answers, which nobody would read.
    out += concat({"\033_G", begin == 0 ? "a=T,f=100,q=2," : "", "m=", more ? "1" : "0", ";",
                   std::string_view(data).substr(begin, kKittyChunk), "\033\\"});
  }
  return out;
}

std::string iterm2_sequence(const Image& picture) {
  const std::vector<std::uint8_t> png = app::png_of(picture);
  return concat({"\033]1337;File=inline=1;size=", std::to_string(png.size()), ";width=", std::to_string(picture.width),
                 "px;height=", std::to_string(picture.height), "px:", app::base64(png), "\a"});
}

void require_encoded(SIXELSTATUS status) {
  if (SIXEL_SUCCEEDED(status)) return;
  throw Error(ErrorCode::kRuntime,
              std::string("a picture can't be shown as sixels: ") + ::sixel_helper_format_error(status));
}

int append(char* data, int size, void* out) {
  static_cast<std::string*>(out)->append(data, static_cast<std::size_t>(size));
  return size;
}

std::string sixel_sequence(const Image& picture) {
  std::string out;
  // libsixel takes the pixels as its own to change.
  std::vector<unsigned char> pixels(picture.samples.bytes(), picture.samples.bytes() + picture.samples.size());
  sixel_output_t* output = nullptr;
  require_encoded(::sixel_output_new(&output, append, &out, nullptr));
  const std::unique_ptr<sixel_output_t, decltype(&::sixel_output_unref)> owned_output(output, ::sixel_output_unref);
  sixel_dither_t* dither = nullptr;
  require_encoded(::sixel_dither_new(&dither, kSixelColors, nullptr));
  const std::unique_ptr<sixel_dither_t, decltype(&::sixel_dither_unref)> owned_dither(dither, ::sixel_dither_unref);
  require_encoded(::sixel_dither_initialize(dither, pixels.data(), picture.width, picture.height,
                                            SIXEL_PIXELFORMAT_RGB888, SIXEL_LARGE_AUTO, SIXEL_REP_AUTO,
                                            SIXEL_QUALITY_HIGH));
  require_encoded(::sixel_encode(pixels.data(), picture.width, picture.height, /*depth=*/3, dither, output));
  return out;
}

/// Returns the numbers of an answer to DA1; empty if it isn't there as a whole.
std::optional<std::string_view> attributes_in(std::string_view answer) {
  constexpr std::string_view kBegin = "\033[?";
  const std::size_t begin = answer.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view rest = answer.substr(begin + kBegin.size());
  const std::size_t end = rest.find('c');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

}  // namespace

std::string picture_sequence(PictureProtocol protocol, const Image& picture) {
  std::string out;
  switch (protocol) {
    case PictureProtocol::kNone: return "";
    case PictureProtocol::kKitty: out = kitty_sequence(picture); break;
    case PictureProtocol::kIterm2: out = iterm2_sequence(picture); break;
    case PictureProtocol::kSixel: out = sixel_sequence(picture); break;
  }
  return out + "\n";
}

PictureProtocol protocol_of(const TerminalVariables& variables) {
  const bool multiplexed = !variables.tmux.empty() || !variables.screen.empty() || variables.term.starts_with("tmux") ||
                           variables.term.starts_with("screen");
  if (multiplexed) return PictureProtocol::kNone;
  if (!variables.kitty_window.empty() || variables.term == "xterm-kitty" || variables.term == "xterm-ghostty" ||
      variables.term_program == "ghostty") {
    return PictureProtocol::kKitty;
  }
  if (variables.term_program == "iTerm.app" || variables.term_program == "WezTerm" ||
      variables.lc_terminal == "iTerm2") {
    return PictureProtocol::kIterm2;
  }
  return PictureProtocol::kNone;
}

bool is_whole_answer(std::string_view answer) { return attributes_in(answer).has_value(); }

bool answer_has_sixel(std::string_view answer) {
  std::string_view attributes = attributes_in(answer).value_or("");
  // The first number is the terminal's class.
  while (true) {
    const std::size_t next = attributes.find(';');
    if (next == std::string_view::npos) return false;
    attributes.remove_prefix(next + 1);
    if (attributes.substr(0, attributes.find(';')) == kSixelAttribute) return true;
  }
}

}  // namespace zimage::cli
