"""Runs the program on a pseudo-terminal, and emulates the screen that a person would see."""

import fcntl
import os
import pty
import struct
import subprocess
import termios

import pyte

from conftest import TIMEOUT, environment


class Watched(pyte.HistoryScreen):
    """Keeps what the lines showed each time before they changed, so that a line that is there for a moment counts."""

    def __init__(self, columns, lines):
        super().__init__(columns, lines, history=100000, ratio=1)
        self.seen = []

    def note(self):
        shown = [line.rstrip() for line in self.display]
        while shown and not shown[-1]:
            shown.pop()
        if not self.seen or self.seen[-1] != shown:
            self.seen.append(shown)

    def everything(self):
        """Returns the lines that stay in the end, those that have scrolled away included."""
        above = ["".join(row[column].data for column in range(self.columns)).rstrip() for row in self.history.top]
        return above + [line.rstrip() for line in self.display if line.strip()]


def run_on_screen(command, folder, columns=80, lines=24, shell=False, term="xterm"):
    """Runs with stdout and stderr on one terminal. Returns the exit code and the screen."""
    screen = Watched(columns, lines)
    stream = pyte.ByteStream(screen)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(command, cwd=folder, env=environment(TERM=term), stdin=subprocess.DEVNULL, stdout=slave,
                               stderr=slave, shell=shell)  # fmt: skip
    os.close(slave)
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        # Every draw of the line begins with a return and ends where the next one begins.
        for part in chunk.replace(b"\r\x1b[K", b"\0\r\x1b[K").replace(b"\n", b"\n\0").split(b"\0"):
            stream.feed(part)
            screen.note()
    os.close(master)
    return process.wait(TIMEOUT), screen
