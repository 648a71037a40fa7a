"""Runs commands that may neither outlast their time nor take their output with them."""

import os
import shlex
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TAIL = 4000  # characters of a command's messages that the log keeps


@dataclass
class Done:
    """How a command ended. `out` is whole also if it was stopped."""

    code: int
    out: str
    err: str
    seconds: float
    late: bool = False

    @property
    def last_words(self) -> str:
        """Returns the last line that says something, for a table or a message."""
        lines = [line.strip() for line in (self.err.splitlines() or self.out.splitlines()) if line.strip()]
        return lines[-1][:300] if lines else "it said nothing"


class Log:
    """What was run, with what it said: on stderr in brief, in a file in full."""

    def __init__(self, path: Path):
        self._path = path
        self._begin = time.monotonic()
        path.write_text("")

    def say(self, text: str, aloud: bool = True) -> None:
        line = f"[{time.monotonic() - self._begin:6.1f} s] {text}"
        with self._path.open("a") as file:
            file.write(line + "\n")
        if aloud:
            os.write(2, (line + "\n").encode(errors="replace"))


def stop(process: subprocess.Popen) -> None:
    """Ends a command and what it started, which are a process group of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            continue


def run(command: list, limit: float, log: Log, environment: dict[str, str] | None = None) -> Done:
    """Runs a command for at most `limit` seconds. Its output goes through files, which stay if it is stopped."""
    words = [str(word) for word in command]
    log.say(f"$ {shlex.join(words)}  (at most {limit:.0f} s)", aloud=False)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        late = False
        try:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment,
                                       start_new_session=True)  # fmt: skip
        except OSError as error:
            log.say(f"  {error}", aloud=False)
            return Done(127, "", str(error), 0.0)
        try:
            process.wait(timeout=max(limit, 0.1))
        except subprocess.TimeoutExpired:
            late = True
            stop(process)
        except BaseException:
            stop(process)
            raise
        seconds = time.monotonic() - begin
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    done = Done(process.returncode, *texts, seconds, late)
    log.say(f"  exit {done.code} after {seconds:.1f} s{', stopped at its limit' if late else ''}", aloud=False)
    for text in texts:
        if text.strip():
            log.say(text.strip()[-TAIL:], aloud=False)
    return done
