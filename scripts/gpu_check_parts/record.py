"""The results so far, written after each part, so that a run that is cut off loses only the part it was at."""

import datetime
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .table import page

OK, FAILED, LEFT_OUT, NO_TIME = "ok", "failed", "left out", "no time"


class Failure(Exception):
    """A part went wrong; the text says how."""


class LeftOut(Exception):
    """A part can't be run here; the text says why. That is no failure."""


@dataclass
class PartResult:
    name: str
    status: str
    seconds: float = 0.0
    message: str = ""
    figures: dict = field(default_factory=dict)


class Record:
    def __init__(self, folder: Path, about: dict):
        self._folder = folder
        self.about = {"date": str(datetime.date.today()), **about}
        self.parts: list[PartResult] = []

    def add(self, result: PartResult) -> None:
        self.parts.append(result)
        self.write()

    def write(self) -> None:
        whole = {"about": self.about, "parts": [asdict(part) for part in self.parts]}
        self._replace("results.json", json.dumps(whole, indent=1) + "\n")
        self._replace("table.md", page(whole))

    def failed(self) -> bool:
        return any(part.status == FAILED for part in self.parts)

    def _replace(self, name: str, text: str) -> None:
        part = self._folder / f"{name}.part"
        part.write_text(text)
        os.replace(part, self._folder / name)


class Budget:
    """The time that is left of all. A part that gets less than it needs isn't begun."""

    def __init__(self, seconds: float, clock=time.monotonic):
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        return self._end - self._clock()

    def limit(self, wanted: float, least: float) -> float | None:
        """Returns how long a part may take, or None if less than `least` is left."""
        left = self.left()
        return None if left < least else min(wanted, left)
