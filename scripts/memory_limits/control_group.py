"""A memory control group of Linux, version 1 or 2, for one program."""

import os
import sys
import time
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")


def memberships() -> dict[str, str]:
    """Returns this process's group by controller; "" is version 2's."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return {controller: path for _, names, path in (line.split(":", 2) for line in lines) for controller in names.split(",")}


def machine_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def parent_v1() -> Path:
    """Returns the group to make ours in: the mount's root, or the deepest group of this process that has a limit, so that
    it holds for the program too."""
    root = MOUNT / "memory"
    own = root / memberships()["memory"].lstrip("/")
    for group in (own, *own.parents):
        if group == root:
            break
        limit = group / "memory.limit_in_bytes"
        if limit.exists() and int(limit.read_text()) < machine_bytes():
            return group
    return root


def parent_v2() -> Path | None:
    """Returns the nearest group above this process in which groups have a memory limit."""
    own = MOUNT / memberships().get("", "/").lstrip("/")
    for group in (own, *own.parents):
        control = group / "cgroup.subtree_control"
        if control.exists() and "memory" in control.read_text().split():
            return group
        if group == MOUNT:
            break
    return None


class ControlGroup:
    """Limits memory to `limit` bytes, swap included. Removed at the end of the `with`; whoever is in it has ended."""

    def __init__(self, limit: int):
        self.limit = limit
        self.v1 = (MOUNT / "memory/memory.limit_in_bytes").exists()
        parent = parent_v1() if self.v1 else parent_v2()
        if parent is None:
            sys.exit("error: there is no control group that can limit memory; run this as root")
        self.folder = parent / f"zimage-memory-limits-{os.getpid()}"

    def __enter__(self) -> "ControlGroup":
        try:
            self.folder.mkdir()
        except OSError as error:
            sys.exit(f"error: {self.folder} can't be made: {error.strerror}; run this as root")
        if self.v1:
            self._write("memory.limit_in_bytes", self.limit)
            self._write("memory.memsw.limit_in_bytes", self.limit)
        else:
            self._write("memory.max", self.limit)
            self._write("memory.swap.max", 0)
        return self

    def _write(self, name: str, value: int) -> None:
        path = self.folder / name
        if path.exists():  # a kernel without swap accounting has no limit for it
            path.write_text(str(value))

    def enter(self) -> None:
        """Puts the calling process into the group. To be called between fork and exec."""
        (self.folder / "cgroup.procs").write_text("0")

    def _stat(self) -> dict[str, int]:
        lines = (self.folder / "memory.stat").read_text().splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines)}

    def used(self) -> tuple[int, int]:
        """Returns the bytes that are the program's own, and those of mapped files."""
        stat = self._stat()
        return (stat["total_rss"], stat["total_mapped_file"]) if self.v1 else (stat["anon"], stat["file_mapped"])

    def kills(self) -> int:
        """Returns how many processes the kernel has killed for lack of memory."""
        text = (self.folder / ("memory.oom_control" if self.v1 else "memory.events")).read_text()
        return {name: int(value) for name, value in (line.split() for line in text.splitlines())}.get("oom_kill", 0)

    def __exit__(self, *_) -> None:
        for _ in range(50):
            try:
                self.folder.rmdir()
                return
            except OSError:  # the kernel is still clearing up after the last process
                time.sleep(0.1)
        print(f"warning: {self.folder} can't be removed", file=sys.stderr)
