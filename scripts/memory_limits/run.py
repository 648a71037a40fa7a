"""One run of the program in a control group, and what it took."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .control_group import ControlGroup

INTERVAL = 0.05  # seconds between two looks at the group


@dataclass
class Measured:
    code: int = 0  # the exit code; negative: the signal that ended it
    kills: int = 0  # processes that the kernel killed
    own: int = 0  # the largest of the program's own bytes
    used: int = 0  # the largest sum of its own bytes and those of files that it has mapped, libraries among them
    resident: int = 0  # VmHWM: the same, and pages of other groups
    read: int = 0  # bytes from the disk
    seconds: float = 0.0
    late: bool = False
    out: dict | None = None  # the JSON it printed
    message: str = ""  # the last line on stderr

    @property
    def estimate(self) -> int | None:
        """Returns the program's own estimate of its peak memory."""
        for place in (self.out or {}, (self.out or {}).get("model") or {}):
            if "peak_bytes" in (place.get("memory") or {}):
                return place["memory"]["peak_bytes"]
        return None

    @property
    def error(self) -> dict:
        return (self.out or {}).get("error") or {}


def resident_peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def run_limited(command: list, limit: int, timeout: float, folder: Path) -> Measured:
    """Runs a command within `limit` bytes of memory; it writes to `folder`."""
    measured = Measured()
    with ControlGroup(limit) as group, (folder / "stdout").open("w+b") as out, (folder / "stderr").open("w+b") as err:
        begin = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   preexec_fn=group.enter)  # fmt: skip
        try:
            usage = watch(process.pid, group, measured, begin + timeout)
        except BaseException:  # an interrupt too: nothing may stay behind in the group
            process.kill()
            process.wait()
            raise
        measured.seconds = time.monotonic() - begin
        measured.read = usage.ru_inblock * 512
        measured.kills = group.kills()
    lines = (folder / "stdout").read_text(errors="replace").splitlines()
    try:
        measured.out = json.loads(lines[-1]) if lines else None
    except ValueError:
        pass
    measured.message = ([""] + (folder / "stderr").read_text(errors="replace").strip().splitlines())[-1]
    return measured


def watch(pid: int, group: ControlGroup, measured: Measured, deadline: float):
    """Samples the group until the process ends. Returns what it used."""
    while True:
        # Before the wait: afterwards there is no such process.
        measured.resident = max(measured.resident, resident_peak(pid))
        own, mapped = group.used()
        measured.own = max(measured.own, own)
        measured.used = max(measured.used, own + mapped)
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            measured.code = os.waitstatus_to_exitcode(status)
            return usage
        if time.monotonic() > deadline and not measured.late:
            measured.late = True
            os.kill(pid, signal.SIGKILL)
        time.sleep(INTERVAL)
