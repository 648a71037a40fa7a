#!/usr/bin/env python3
"""Checks the directions of the includes (docs/architecture.md) and the sizes of the files.

    scripts/check_layers.py [--root DIR]   exits 1 and names every line that breaks a rule
    scripts/check_layers.py --self-test    plants each kind of violation in a temporary tree and checks that it is found
    scripts/check_layers.py --table        writes the table of rooms in docs/architecture.md anew
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

# Lists what each room may include besides itself, base and include/zimage. main.cpp and include/ are rooms of their own here.
BELOW = {
    "base": (),
    "image": (),
    "codecs": ("image",),
    "tokenizer": (),
    "weights": (),
    "nn": ("weights",),
    "models": ("nn", "weights"),
    "sampling": (),
    "inpaint": ("image", "tokenizer"),
    "pipeline": ("models", "nn", "inpaint", "sampling", "weights", "image", "tokenizer"),
    "app": ("pipeline", "codecs", "image"),
    "cli": ("app",),
    "main": ("cli",),
    "include": (),
}
# Says the same of the folders of app, which are rooms within the room.
APP_BELOW = {
    "options": (),
    "provenance": ("options",),
    "golden": (),
    "report": ("golden",),
    "job": ("options", "provenance", "golden", "report"),
    "batch": ("options", "report", "job"),
    "page": ("options", "provenance", "report", "job"),
    "doctor": ("options", "job"),
    "tools": ("options", "provenance", "report", "job"),
}
TORCH_FREE = ("base", "image", "codecs", "tokenizer", "app", "cli", "main", "include")
TORCH = re.compile(r"(ATen|c10|torch|caffe2)/")
CUDA = re.compile(r"((ATen|c10)/cuda/|cuda|cublas|cudnn|nvrtc)")
# Libraries that only one place may use: (pattern, path prefixes, what to do instead).
OWNED = (
    (re.compile(r"(spdlog|fmt)/"), ("src/base/log.cpp",), "log through base/log.h"),
    (re.compile(r"CLI/"), ("src/cli/",), "options are parsed in cli"),
    (re.compile(r"(stb/)?stb_|png\.h|jpeglib\.h|tiff|webp/|lcms2"), ("src/codecs/",), "pictures are read and written in codecs"),
    (re.compile(r"sixel\.h"), ("src/cli/picture_protocol.cpp",), "pictures for the terminal are encoded there"),
    (re.compile(r"pcre2"), ("src/tokenizer/",), "text is split in tokenizer"),
    (re.compile(r"utf8proc"), ("src/tokenizer/", "src/base/"), "text is split in tokenizer; names and columns are base's"),
)
# Headers that pull in all of libtorch.
UMBRELLAS = {"torch/torch.h", "torch/all.h", "torch/extension.h", "torch/script.h", "torch/library.h"}
GENERATED = {"version_config.h"}
MAX_LINES = 400
SIZED = {".cpp", ".h", ".cu", ".cuh", ".py", ".sh", ".cmake", ".txt", ""}

# These lines stand around the table of rooms in docs/architecture.md.
ROOMS_BEGIN, ROOMS_END = "<!-- rooms -->\n", "<!-- /rooms -->\n"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    """Returns the room of a path relative to the root, or None for tests."""
    if path.parts[0] == "include":
        return "include"
    if path.parts[0] == "src":
        return path.parts[1] if len(path.parts) > 2 else "main"
    return None


def check_quoted(root, path, room, name):
    """Returns what is wrong with #include "name" in a room, or None."""
    if name in GENERATED:
        return None
    if not ((root / "src" / name).is_file() or (root / "include" / name).is_file()):
        return f'"{name}" is not a path below src/ or include/'
    target = name.split("/")[0]
    if target == "app" == room:
        return check_within_app(path, name)
    if target in ("zimage", room) or (target == "base" and room != "include"):
        return None
    if target in BELOW[room]:
        return None
    return f'{room} may not include {target} ("{name}")'


def check_within_app(path, name):
    """Returns what is wrong with an include from one folder of app to another, or None."""
    folder, target = path.parts[2], name.split("/")[1]
    if folder not in APP_BELOW:
        return f"app/{folder} is not a folder of app (see scripts/check_layers.py)"
    if target in (folder, *APP_BELOW[folder]):
        return None
    return f'app/{folder} may not include app/{target} ("{name}")'


def check_library(path, room, name):
    """Returns what is wrong with the include of a library header, or None."""
    relative = path.as_posix()
    if name in UMBRELLAS:
        return f"<{name}> pulls in all of libtorch: include what is used from ATen"
    if room in TORCH_FREE and TORCH.match(name):
        return f"{room} is free of libtorch (<{name}>)"
    if name == "ATen/ATen.h" and path.suffix == ".h" and room is not None:
        return "<ATen/ATen.h> in a header: include <ATen/core/Tensor.h> instead"
    if CUDA.match(name) and "cuda" not in relative:
        return f"<{name}> outside the files named for CUDA"
    for pattern, owners, advice in OWNED:
        if room is not None and pattern.match(name) and not relative.startswith(owners):
            return f"<{name}> belongs to {' and '.join(owners)}: {advice}"
    return None


def check_file(root, path):
    """Returns the violations of one source file, as "path:line: message"."""
    relative = path.relative_to(root)
    room = room_of(relative)
    if room is not None and room not in BELOW:
        return [f"{relative}:1: {room} is not a room of src/ (see scripts/check_layers.py)"]
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match[2]
        problem = check_library(relative, room, name)
        if problem is None and match[1] == '"' and room is not None:
            problem = check_quoted(root, relative, room, name)
        if problem:
            found.append(f"{relative}:{number}: {problem}")
    return found


def check_tree(root):
    """Returns (number of sources, violations) for the whole tree."""
    found = []
    sources = 0
    for folder in ("src", "include", "tests", "scripts", "cmake"):
        for path in sorted((root / folder).rglob("*")):
            if not path.is_file() or "fixtures" in path.parts or "__pycache__" in path.parts:
                continue
            if path.suffix in {".cpp", ".h", ".cu", ".cuh"}:
                sources += 1
                found += check_file(root, path)
            if path.suffix in SIZED:
                lines = path.read_bytes().count(b"\n")
                if lines > MAX_LINES:
                    found.append(f"{path.relative_to(root)}:{lines}: over {MAX_LINES} lines")
    return sources, found + check_table(root, write=False)


def arrow(includer, included):
    """Returns a tree in which a file of one room includes a header of another."""
    folder = "include/zimage" if includer == "include" else f"src/{includer}"
    return {f"{folder}/a.cpp": f'#include "{included}/b.h"\n', f"src/{included}/b.h": ""}


# Includes that the drawing in docs/architecture.md rules out, one or more for each room.
FORBIDDEN_ARROWS = (
    ("base", "image"), ("image", "codecs"), ("image", "tokenizer"), ("codecs", "tokenizer"), ("codecs", "weights"),
    ("tokenizer", "image"), ("weights", "nn"), ("weights", "codecs"), ("nn", "models"), ("models", "sampling"),
    ("models", "inpaint"), ("sampling", "nn"), ("inpaint", "codecs"), ("inpaint", "models"), ("pipeline", "codecs"),
    ("pipeline", "app"), ("app", "nn"), ("app", "weights"), ("app", "inpaint"), ("app", "cli"), ("cli", "pipeline"),
    ("cli", "codecs"), ("include", "base"),
)

FORBIDDEN_IN_APP = (
    ("options", "provenance"), ("provenance", "job"), ("golden", "report"), ("report", "options"), ("job", "batch"),
    ("batch", "golden"), ("doctor", "report"), ("attic", "options"),
)

# Each is a small tree: (files, what the message of its only violation contains, or None if it has none).
SELF_TESTS = (
    *((arrow(a, b), f"{a} may not include {b}") for a, b in FORBIDDEN_ARROWS),
    *((arrow(f"app/{a}", f"app/{b}"), "not a folder of app" if a == "attic" else f"app/{a} may not include app/{b}")
      for a, b in FORBIDDEN_IN_APP),
    (arrow("app/job", "app/report"), None),
    ({"src/nn/a.cpp": '#include "base/b.h"\n#include "nn/a.h"\n#include "weights/c.h"\n', "src/base/b.h": "", "src/nn/a.h": "",
      "src/weights/c.h": ""}, None),
    (arrow("codecs", "image"), None),
    (arrow("app", "codecs"), None),
    (arrow("pipeline", "tokenizer"), None),
    ({"src/attic/a.cpp": ""}, "attic is not a room"),
    ({"src/nn/a.cpp": '#include "a.h"\n', "src/nn/a.h": ""}, "not a path below src/"),
    *(({f"src/{room}/a.cpp": "#include <ATen/core/Tensor.h>\n"}, f"{room} is free of libtorch")
      for room in ("base", "image", "codecs", "tokenizer", "app", "cli")),
    ({"include/zimage/a.h": "#include <torch/version.h>\n"}, "include is free of libtorch"),
    ({"src/nn/a.cpp": "#include <ATen/ATen.h>\n", "src/nn/a.h": "#include <ATen/core/Tensor.h>\n"}, None),
    ({"src/nn/a.h": "#include <ATen/ATen.h>\n"}, "in a header"),
    ({"src/models/a.cpp": "#include <torch/torch.h>\n"}, "pulls in all of libtorch"),
    ({"tests/unit/nn/a.cpp": "#include <torch/torch.h>\n"}, "pulls in all of libtorch"),
    ({"src/base/log.cpp": "#include <spdlog/spdlog.h>\n"}, None),
    ({"src/app/log.cpp": "#include <spdlog/spdlog.h>\n"}, "log through base/log.h"),
    ({"src/app/a.cpp": "#include <CLI/CLI.hpp>\n"}, "parsed in cli"),
    ({"src/app/a.cpp": "#include <stb/stb_image.h>\n"}, "belongs to src/codecs"),
    ({"src/nn/a.cpp": "#include <c10/cuda/CUDACachingAllocator.h>\n"}, "named for CUDA"),
    ({"src/nn/device_cuda.cpp": "#include <c10/cuda/CUDACachingAllocator.h>\n"}, None),
    ({"tests/a.cpp": "\n" * (MAX_LINES + 1)}, "over 400 lines"),
    ({"scripts/a.py": "\n" * MAX_LINES, "src/nn/a.cpp": ""}, None),
    ({"src/codecs/a.cpp": "#include <utf8proc.h>\n"}, "belongs to src/tokenizer"),
    ({"docs/architecture.md": "# Architecture\n"}, "the table of rooms is missing"),
    ({"docs/architecture.md": ROOMS_BEGIN + "| room |\n" + ROOMS_END}, "not what the sources say"),
)


def included_rooms(folder):
    """Returns the rooms (or folders of app) whose headers the sources below a folder include, without its own."""
    found = set()
    for path in folder.rglob("*"):
        if path.suffix not in {".cpp", ".h", ".cu", ".cuh"}:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            match = INCLUDE.match(line)
            if not match or match[1] != '"' or match[2] in GENERATED:
                continue
            parts = match[2].split("/")
            if folder.parent.name == "app" and parts[0] == "app":
                found.add("app/" + parts[1])
            elif folder.parent.name == "app" or parts[0] != folder.name:
                found.add("include" if parts[0] == "zimage" else parts[0])
    return found - {folder.name, f"app/{folder.name}"}


def rooms_table(root):
    """Returns the table of docs/architecture.md: each room's lines, to the nearest hundred, and what it includes."""
    rows = ["| room | lines | includes |", "|---|---|---|"]
    rooms = [room for room in BELOW if room not in ("main", "include", "app")]
    rooms[rooms.index("cli"):rooms.index("cli")] = [f"app/{folder}" for folder in APP_BELOW]
    order = ["include", *(room.split("/")[0] for room in BELOW), *(f"app/{folder}" for folder in APP_BELOW)]
    for room in ["include", *rooms]:
        folder = root / "include/zimage" if room == "include" else root / "src" / room
        lines = sum(path.read_bytes().count(b"\n") for path in folder.rglob("*") if path.is_file())
        arrows = included_rooms(folder) - ({"include"} if room == "include" else set())
        shown = ", ".join(sorted(arrows, key=order.index))
        rows.append(f"| {'include/zimage' if room == 'include' else room} | {lines / 1000:.1f}k | {shown} |")
    return "\n".join(rows) + "\n"


def check_table(root, write):
    """Returns what is wrong with the table in docs/architecture.md, or writes it anew."""
    page = root / "docs/architecture.md"
    if not page.is_file():
        return []
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(ROOMS_BEGIN)
    _, end, after = rest.partition(ROOMS_END)
    if not (begin and end):
        return [f"{page.relative_to(root)}: the table of rooms is missing, between {ROOMS_BEGIN!r} and {ROOMS_END!r}"]
    wanted = before + begin + rooms_table(root) + end + after
    if wanted == text:
        return []
    if write:
        page.write_text(wanted, encoding="utf-8")
        return []
    return [f"{page.relative_to(root)}: the table of rooms is not what the sources say: run scripts/check --fix"]


def self_test():
    failures = 0
    for files, expected in SELF_TESTS:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            _, found = check_tree(root)
        right = not found if expected is None else len(found) == 1 and expected in found[0]
        if not right:
            failures += 1
            print(f"{sorted(files)}: expected {expected!r}, found {found}", file=sys.stderr)
    print(f"layers self-test: {len(SELF_TESTS) - failures} passed, {failures} failed")
    return failures == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        return 0 if self_test() else 1
    if arguments.table:
        problems = check_table(arguments.root, write=True)
        print("\n".join(problems) or "the table of rooms is up to date")
        return 1 if problems else 0
    sources, found = check_tree(arguments.root)
    for line in found:
        print(line, file=sys.stderr)
    if sources == 0:
        print(f"no sources found in {arguments.root}", file=sys.stderr)
        return 1
    print(f"layers: {sources} files, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
