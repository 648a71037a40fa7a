"""System packages for a machine that has a compiler but can fetch nothing: they are carried as .deb files.

They are unpacked beside the build and never installed, as packages of another release could break the system.
"""

import re
import shutil
import subprocess
from pathlib import Path

from .job import ROOT, Job
from .record import Failure, LeftOut

#: Belong to the compiler and to the C library, which are the machine's own; and what the program doesn't use.
THEIRS = re.compile(r"gcc|g\+\+|libc-|libc6|libcrypt|libgcc|libstdc|libnsl|libtirpc|linux-libc|rpcsvc|libgssapi|libk5|libkrb|"
                    r"libkeyutils|libcom-err|libpcre2-(16|32|posix)|libtiffxx")  # fmt: skip
MORE = ["pkgconf-bin", "libpkgconf3"]
DEPENDS = ["apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
           "--no-replaces", "--no-enhances", "--no-pre-depends"]  # fmt: skip


def names() -> list[str]:
    """Returns the packages to build with, from scripts/setup, and what they need."""
    text = (ROOT / "scripts" / "setup").read_text()
    wanted = re.search(r'^LIBRARIES="([^"$]*)"', text, re.M)[1].split()
    lines = subprocess.run([*DEPENDS, *wanted], check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted({line for line in lines if line[:1].isalnum() and not THEIRS.match(line)}) + MORE


def fetch(folder: Path) -> int:
    """Downloads the packages into a folder, for --debs."""
    folder.mkdir(parents=True, exist_ok=True)
    code = subprocess.run(["apt-get", "download", "-q", *names()], cwd=folder).returncode
    found = list(folder.glob("*.deb"))
    print(f"{folder}: {len(found)} packages, {sum(path.stat().st_size for path in found) / 1e6:.1f} MB")
    return code


def unpack(job: Job, limit: float) -> dict:
    folder = job.arguments.debs
    if folder is None:
        raise LeftOut("no --debs were given")
    found = sorted(folder.glob("*.deb"))
    if not found:
        raise Failure(f"{folder} has no *.deb in it")
    root = job.build / "packages"
    root.mkdir(parents=True, exist_ok=True)
    for package in found:
        done = job.run(["dpkg-deb", "-x", package, root], limit)
        limit -= done.seconds
        if done.code != 0:
            raise Failure(f"{package.name}: {done.last_words}")
    use(job, root)
    return {"kind": "packages", "packages": [path.name for path in found], "message": f"{len(found)} packages"}


def use(job: Job, root: Path) -> None:
    """Has CMake, pkg-config and the linker look into the folder first, and the programs find their libraries there."""
    for file in root.glob("usr/**/pkgconfig/*.pc"):
        file.write_text(re.sub(r"=/usr\b", f"={root}/usr", file.read_text()))
    libraries = sorted({file.parent for part in ("lib", "usr/lib") for file in (root / part).glob("*-linux-gnu*/*.so*")})
    environment = job.environment

    def before(name: str, words: list, separator: str = ":") -> None:
        environment[name] = separator.join([*map(str, words), *filter(None, [environment.get(name)])])

    before("CMAKE_PREFIX_PATH", [root / "usr"])
    before("PKG_CONFIG_PATH", sorted({file.parent for file in root.glob("usr/**/pkgconfig/*.pc")}))
    # An RPATH, unlike a RUNPATH, also serves the libraries that a library needs.
    paths = "".join(f",-rpath,{path}" for path in libraries)
    before("LDFLAGS", [f"-Wl,--disable-new-dtags{paths}"], " ")
    pkgconf = root / "usr" / "bin" / "pkgconf"
    if not shutil.which("pkg-config") and pkgconf.is_file():
        wrapper = root / "pkg-config"
        folders = ":".join(map(str, libraries))
        wrapper.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{folders}" exec "{pkgconf}" "$@"\n')
        wrapper.chmod(0o755)
        environment["PKG_CONFIG"] = str(wrapper)
