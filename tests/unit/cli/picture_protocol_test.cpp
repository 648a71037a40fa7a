#include "cli/picture_protocol.h"

#include <cstdint>
#include <string>

#include "support/catch.h"

namespace zimage::cli {
namespace {

Image noise(int width, int height) {
  Image image(width, height, 3);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    image.samples.set(i, static_cast<std::uint16_t>(state >> 24U));
  }
  return image;
}

}  // namespace

TEST_CASE("a terminal's protocol follows from its variables") {
  using P = PictureProtocol;
  CHECK(protocol_of({.term = "xterm-kitty"}) == P::kKitty);
  CHECK(protocol_of({.term = "xterm-256color", .kitty_window = "1"}) == P::kKitty);
  CHECK(protocol_of({.term = "xterm-ghostty", .term_program = "ghostty"}) == P::kKitty);
  CHECK(protocol_of({.term = "xterm-256color", .term_program = "iTerm.app"}) == P::kIterm2);
  CHECK(protocol_of({.term = "xterm-256color", .lc_terminal = "iTerm2"}) == P::kIterm2);
  CHECK(protocol_of({.term = "xterm-256color", .term_program = "WezTerm"}) == P::kIterm2);
  CHECK(protocol_of({.term = "xterm-256color", .term_program = "Apple_Terminal"}) == P::kNone);
  CHECK(protocol_of({.term = "xterm"}) == P::kNone);
}

TEST_CASE("inside a multiplexer the outer terminal's variables say nothing") {
  using P = PictureProtocol;
  CHECK(protocol_of({.term = "tmux-256color", .kitty_window = "1"}) == P::kNone);
  CHECK(protocol_of({.term = "screen", .lc_terminal = "iTerm2"}) == P::kNone);
  CHECK(protocol_of({.term = "xterm-kitty", .tmux = "/tmp/tmux-0/default,1,0"}) == P::kNone);
  CHECK(protocol_of({.term = "xterm-kitty", .screen = "7.pts-0"}) == P::kNone);
}

TEST_CASE("sixel graphics are attribute 4 of a terminal, which is not its class") {
  CHECK(answer_has_sixel("\033[?62;4;22c"));
  CHECK(answer_has_sixel("\033[?63;1;2;4c"));
  CHECK(answer_has_sixel("echo\033[?64;4c"));
  CHECK_FALSE(answer_has_sixel("\033[?4;6c"));
  CHECK_FALSE(answer_has_sixel("\033[?62;14;44c"));
  CHECK_FALSE(answer_has_sixel("\033[?6c"));
  CHECK_FALSE(answer_has_sixel("\033[?62;4;22"));
  CHECK_FALSE(answer_has_sixel("62;4c"));
  CHECK_FALSE(answer_has_sixel(""));
  CHECK(is_whole_answer("echo\033[?6c"));
  CHECK_FALSE(is_whole_answer("echo"));
  CHECK_FALSE(is_whole_answer("echo\033[?64;4"));
}

TEST_CASE("kitty's chunks are at most 4096 bytes, and all but the last say that more follows") {
  const std::string sequence = picture_sequence(PictureProtocol::kKitty, noise(80, 60));
  std::size_t chunks = 0;
  std::size_t at = 0;
  bool more = true;
  while (sequence.compare(at, 3, "\033_G") == 0) {
    const std::size_t payload = sequence.find(';', at) + 1;
    const std::size_t end = sequence.find("\033\\", at);
    const std::string keys = sequence.substr(at + 3, payload - at - 4);
    CHECK(more);
    more = keys.ends_with("m=1");
    CHECK(keys == std::string(chunks == 0 ? "a=T,f=100,q=2," : "") + (more ? "m=1" : "m=0"));
    CHECK(end - payload <= 4096);
    if (more) CHECK(end - payload == 4096);
    ++chunks;
    at = end + 2;
  }
  CHECK(chunks >= 3);
  CHECK_FALSE(more);
  CHECK(sequence.substr(at) == "\n");
}

TEST_CASE("each protocol's sequence begins and ends as it must, and none is nothing") {
  const Image picture = noise(13, 7);
  CHECK(picture_sequence(PictureProtocol::kNone, picture).empty());
  const std::string iterm2 = picture_sequence(PictureProtocol::kIterm2, picture);
  CHECK(iterm2.starts_with("\033]1337;File=inline=1;size="));
  CHECK(iterm2.find(";width=13px;height=7px:iVBORw0KGgo") != std::string::npos);
  CHECK(iterm2.ends_with("\a\n"));
  const std::string sixel = picture_sequence(PictureProtocol::kSixel, picture);
  CHECK(sixel.starts_with("\033P"));
  CHECK(sixel.find("q\"1;1;13;7") != std::string::npos);
  CHECK(sixel.ends_with("\033\\\n"));
}

}  // namespace zimage::cli
