"""What all parts of a check know: the options, the places, the clock and the record."""

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from .commands import Done, Log, run
from .record import Failure, LeftOut, Record

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Job:
    arguments: object
    log: Log
    record: Record
    work: Path  # a temporary folder
    build: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    files: dict[str, Path] = field(default_factory=dict)  # the model files that were written
    folders: list[Path] = field(default_factory=list)
    python_facts: dict | None = None

    @property
    def binary(self) -> Path:
        return self.build / "zimage-inpaint"

    @property
    def on_card(self) -> bool:
        return self.arguments.device != "cpu"

    @property
    def steps(self) -> int:
        return 2 if self.arguments.tiny else 8  # 8 are what the published model is made for

    def run(self, command: list, limit: float) -> Done:
        """Runs a command, and fails if it takes too long. Its exit code is the caller's to judge."""
        done = run(command, limit, self.log, self.environment)
        if done.late:
            raise Failure(f"it was stopped after {done.seconds:.0f} s")
        return done

    def program(self, words: list, limit: float) -> Done:
        if not self.binary.is_file():
            raise Failure(f"there is no {self.binary}")
        return self.run([self.binary, *words], limit)

    def make_folder(self, place: Path) -> Path:
        """Makes a folder for this run, which clean() removes."""
        self.folders.append(Path(tempfile.mkdtemp(prefix="gpu-check-", dir=place)))
        return self.folders[-1]

    def clean(self) -> None:
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def see_scripts(self) -> None:
        """Lets the Python of the measurements find the modules of scripts/."""
        self.environment["PYTHONPATH"] = os.pathsep.join(
            [str(ROOT / "scripts"), *filter(None, [self.environment.get("PYTHONPATH")])]
        )


def available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) * 1024
    return 0


def place_for(size: int, disk: Path) -> Path:
    """Returns a folder with room for files of `size`: memory, which is as fast as a warm file, else the disk."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 1.1 * size and available_memory() > 2 * size + 8e9:
        return memory
    if shutil.disk_usage(disk).free > size + 4e9:
        return disk
    raise LeftOut(f"neither memory nor {disk} has room for {size / 1e9:.0f} GB")

