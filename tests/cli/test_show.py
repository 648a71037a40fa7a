"""--show prints pictures on terminals that can, by the bytes that reach them."""

import base64
import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import numpy as np
import pytest
from conftest import TIMEOUT, environment, load
from PIL import Image

JOB = ["-i", "picture.png", "-m", "mask.png", "-p", "a door", "--seed", "7", "--steps", "2", "-o", "out.png"]
KITTY = {"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}
ITERM2 = {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}
PLAIN = {"TERM": "xterm-256color"}
QUESTION = b"\x1b[c"


class Terminal:
    """A pseudo-terminal that answers the request for its attributes, if it has an `answer`."""

    def __init__(self, columns=80, rows=24, pixels=(0, 0), answer=b""):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *pixels))
        self.answer = answer
        self.seen = b""
        self.before = termios.tcgetattr(self.slave)

    def read(self):
        asked = False
        while True:
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.seen += chunk
            if self.answer and not asked and QUESTION in self.seen:
                asked = True
                os.write(self.master, self.answer)

    def run(self, work, *args, variables, stdout=subprocess.PIPE):
        clean = {name: None for name in ("KITTY_WINDOW_ID", "TERM_PROGRAM", "LC_TERMINAL", "TMUX", "STY")}
        process = subprocess.Popen(work.command(*args), cwd=work.folder, env=environment(**{**clean, **variables}),
                                   stdin=subprocess.DEVNULL, stdout=stdout, stderr=self.slave)  # fmt: skip
        reader = threading.Thread(target=self.read)
        reader.start()
        out = process.communicate(timeout=TIMEOUT)[0]
        self.after = termios.tcgetattr(self.slave)
        os.close(self.slave)
        reader.join(TIMEOUT)
        os.close(self.master)
        return process.returncode, out


def show(work, *args, variables, terminal=None, **more):
    terminal = terminal or Terminal()
    code, out = terminal.run(work, *args, "--show", variables=variables, **more)
    assert code == 0, terminal.seen
    assert out == b"out.png\n"
    return terminal.seen


def picture_of(png):
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def kitty_pictures(seen):
    pictures, data = [], b""
    for keys, payload in re.findall(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\", seen):
        assert len(payload) <= 4096
        data += payload
        if b"m=0" in keys:
            pictures.append(picture_of(base64.b64decode(data)))
            data = b""
    assert not data
    return pictures


def iterm2_pictures(seen):
    return [picture_of(base64.b64decode(data)) for data in re.findall(rb"\x1b\]1337;File=[^:]*:([^\x07]*)\x07", seen)]


def decode_sixel(data):
    """Decodes sixel graphics (DEC VT340) with absolute RGB colours."""
    width, height = (int(part) for part in re.match(rb'"1;1;(\d+);(\d+)', data).groups())
    picture = np.zeros((height + 6, width, 3))
    colors, color, x, y = {}, 0, 0, 0
    for token in re.finditer(rb"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)", data):
        define, red, green, blue, choose, count, repeated, one, back, down = token.groups()
        if define:
            colors[int(define)] = [int(part) * 255 / 100 for part in (red, green, blue)]
        elif choose:
            color = int(choose)
        elif back:
            x = 0
        elif down:
            x, y = 0, y + 6
        else:
            times = int(count or 1)
            bits = (repeated or one)[0] - 63
            for row in range(6):
                if bits >> row & 1:
                    picture[y + row, x : x + times] = colors[color]
            x += times
    return picture[:height]


def sixel_pictures(seen):
    return [decode_sixel(data) for data in re.findall(rb"\x1bP[0-9;]*q([^\x1b]*)\x1b\\", seen)]


@pytest.mark.parametrize(("variables", "pictures"), [(KITTY, kitty_pictures), (ITERM2, iterm2_pictures)])
def test_the_result_is_shown_once(work, variables, pictures):
    seen = show(work, *JOB, variables=variables)
    (shown,) = pictures(seen)
    assert np.array_equal(shown, load(work.folder / "out.png"))
    assert QUESTION not in seen


def test_sixel_where_the_terminal_says_so(work):
    # Few colours, so that the palette holds all of them.
    work.pixels[:] = [200, 100, 50]
    Image.fromarray(work.pixels).save(work.folder / "picture.png")
    terminal = Terminal(answer=b"echo \x1b[?62;4;22c")  # after keys that were pressed meanwhile
    seen = show(work, *JOB, variables=PLAIN, terminal=terminal)
    (shown,) = sixel_pictures(seen)
    made = load(work.folder / "out.png").astype(float)
    assert shown.shape == made.shape
    # Levels are percents, and colours beyond 256 are dithered.
    assert np.abs(shown - made)[~work.hole].max() < 8
    assert np.abs(shown - made).mean() < 12
    assert terminal.after == terminal.before


@pytest.mark.parametrize("answer", [b"\x1b[?62;22c", b"\x1b[?1;2c"])
def test_nothing_where_the_terminal_cant(work, answer):
    terminal = Terminal(answer=answer)
    seen = show(work, *JOB, "-v", variables=PLAIN, terminal=terminal)
    assert b"\x1bP" not in seen and b"\x1b_G" not in seen and b"]1337" not in seen
    assert seen.count(b"--show shows nothing") == 1
    assert b"^[" not in seen and terminal.after == terminal.before


def test_nothing_where_no_answer_comes(work):
    terminal = Terminal()
    seen = show(work, *JOB, "--color", "never", variables=PLAIN, terminal=terminal)
    assert seen.count(QUESTION) == 1 and b"shows nothing" not in seen
    assert seen.replace(QUESTION, b"").count(b"\x1b") == seen.count(b"\x1b[K")
    assert terminal.after == terminal.before


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": None}])
def test_a_dumb_terminal_is_not_even_asked(work, variables):
    assert b"\x1b" not in show(work, *JOB, variables=variables)


def test_inside_tmux_the_outer_terminals_variables_dont_count(work):
    seen = show(work, *JOB, variables={**KITTY, "TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"},
                terminal=Terminal(answer=b"\x1b[?1;2;4c"))  # fmt: skip
    assert not kitty_pictures(seen) and len(sixel_pictures(seen)) == 1


def test_no_terminal_gets_no_byte(work):
    finished = work.job("-o", "out.png", "--show", env=environment(**KITTY))
    assert finished.code == 0 and "\x1b" not in finished.err and finished.out == b"out.png\n"


def test_without_the_option_nothing_is_shown(work):
    terminal = Terminal()
    code, _ = terminal.run(work, *JOB, variables=KITTY)
    assert code == 0 and not kitty_pictures(terminal.seen)


def make_large(work, width=1500, height=900):
    rows, columns = np.mgrid[0:height, 0:width]
    work.pixels = np.dstack([columns * 255 // width, rows * 255 // height, (columns + rows) % 256]).astype(np.uint8)
    hole = np.zeros((height, width), dtype=bool)
    hole[100:130, 100:130] = True
    Image.fromarray(work.pixels).save(work.folder / "picture.png")
    work.save_mask(hole, "mask.png")


def covered(side, shrunk):
    """Returns the share of each pixel of a shrunk side that each of the side's covers."""
    edges = np.arange(shrunk + 1)[:, None] * side / shrunk
    at = np.arange(side)
    cover = np.clip(np.minimum(edges[1:], at + 1) - np.maximum(edges[:-1], at), 0, None)
    return cover * shrunk / side


def area_mean(pixels, size):
    """Shrinks sRGB in linear light, each pixel to the mean of its area."""
    share = pixels / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    height, width = light.shape[:2]
    mean = np.einsum("yr,rxc->yxc", covered(height, size[1]), light, optimize=True)
    mean = np.einsum("xs,ysc->yxc", covered(width, size[0]), mean, optimize=True)
    share = np.where(mean <= 0.0031308, mean * 12.92, 1.055 * mean ** (1 / 2.4) - 0.055)
    return np.rint(share * 255).astype(int)


@pytest.mark.parametrize(
    ("terminal", "size"),
    [(Terminal, (587, 352)), (lambda: Terminal(columns=40), (320, 192)),
     (lambda: Terminal(columns=100, rows=50, pixels=(1000, 1000)), (640, 384))],
)  # fmt: skip
def test_a_large_result_is_scaled_to_fit(work, terminal, size):
    make_large(work)
    (shown,) = kitty_pictures(show(work, *JOB, variables=KITTY, terminal=terminal()))
    assert shown.shape[1::-1] == size
    with Image.open(work.folder / "out.png") as made:
        expected = area_mean(np.asarray(made.convert("RGB")), size)
    assert np.abs(shown.astype(int) - expected).max() <= 1


def test_steps_are_shown_with_v_and_change_nothing(work):
    assert work.job("-o", "plain.png").code == 0
    seen = show(work, *JOB, "-v", variables=KITTY)
    shown = kitty_pictures(seen)
    assert [picture.shape for picture in shown] == [(192, 256, 3)] * 2 + [load(work.folder / "out.png").shape]
    assert (work.folder / "plain.png").read_bytes() == (work.folder / "out.png").read_bytes()


def test_the_line_is_cleared_first_and_each_picture_has_its_own_lines(work):
    seen = show(work, *JOB, "-v", variables=KITTY)
    for picture in re.finditer(rb"(?:\x1b_G[^\x1b]*\x1b\\)+", seen):
        before, after = seen[: picture.start()], seen[picture.end() :]
        assert before.endswith(b"\r\x1b[K") or before.endswith(b"\n"), before[-40:]
        assert after.startswith(b"\r\n")


def test_grey_deep_and_transparent_results(work):
    clear = np.dstack([work.pixels, np.full(work.hole.shape, 0, dtype=np.uint8)])
    Image.fromarray(clear).save(work.folder / "picture.png")
    (shown,) = kitty_pictures(show(work, *JOB, variables=KITTY))
    assert {tuple(color) for color in shown[:8, :16].reshape(-1, 3)} == {(204,) * 3, (153,) * 3}
    Image.fromarray(np.full(work.hole.shape, 0x4040, dtype=np.uint16)).save(work.folder / "picture.png")
    (shown,) = kitty_pictures(show(work, *JOB, "--overwrite", variables=KITTY))
    assert shown[2, 2].tolist() == [64, 64, 64]


def test_a_preview_is_shown_too(work):
    terminal = Terminal()
    code, out = terminal.run(work, "-i", "picture.png", "-m", "mask.png", "--preview", "p.png", "--show",
                             variables=KITTY)  # fmt: skip
    assert code == 0 and out == b"p.png\n"
    (shown,) = kitty_pictures(terminal.seen)
    assert np.array_equal(shown, load(work.folder / "p.png"))


def test_a_batch_shows_each_result(work):
    (work.folder / "in").mkdir()
    for name in ("a", "b", "c"):
        (work.folder / f"in/{name}.png").write_bytes((work.folder / "picture.png").read_bytes())
    terminal = Terminal(rows=60)
    code, out = terminal.run(work, "-i", "in", "-m", "mask.png", "-p", "a door", "--seed", "7", "--steps", "2",
                             "-o", "out", "--show", variables=KITTY)  # fmt: skip
    assert code == 0 and len(out.splitlines()) == 3
    assert len(kitty_pictures(terminal.seen)) == 3


def test_a_signal_while_the_terminal_is_asked_leaves_it_as_it_was(work):
    terminal = Terminal()
    process = subprocess.Popen(work.command(*JOB, "--show"), cwd=work.folder, env=environment(**PLAIN),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=terminal.slave)  # fmt: skip
    seen, end = b"", time.monotonic() + TIMEOUT
    while QUESTION not in seen and time.monotonic() < end:
        if select.select([terminal.master], [], [], 1)[0]:
            seen += os.read(terminal.master, 4096)
    assert QUESTION in seen
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    reader = threading.Thread(target=terminal.read)
    reader.start()
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert termios.tcgetattr(terminal.slave) == terminal.before
    os.close(terminal.slave)
    reader.join(TIMEOUT)
    os.close(terminal.master)
