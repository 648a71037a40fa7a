#!/usr/bin/env python3
"""Checks the directions of the includes (docs/architecture.md) and the sizes of the files.

    scripts/check_layers.py [--root DIR]   exits 1 and names every line that breaks a rule
    scripts/check_layers.py --self-test    plants each kind of violation in a temporary tree and checks it is found
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

# What each room may include besides itself, base and include/zimage. main.cpp and include/ are rooms of their own here.
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
TORCH_FREE = ("base", "image", "codecs", "tokenizer", "app", "cli", "main", "include")
TORCH = re.compile(r"(ATen|c10|torch|caffe2)/")
CUDA = re.compile(r"((ATen|c10)/cuda/|cuda|cublas|cudnn|nvrtc)")
# A library that only one place may know: (pattern, path prefixes, what to do instead).
OWNED = (
    (re.compile(r"(spdlog|fmt)/"), ("src/base/log.cpp",), "log through base/log.h"),
    (re.compile(r"CLI/"), ("src/cli/",), "options are parsed in cli"),
    (re.compile(r"(stb/)?stb_|png\.h|jpeglib\.h|tiff|webp/|lcms2"), ("src/codecs/",), "pictures are read and written in codecs"),
    (re.compile(r"pcre2|utf8proc"), ("src/tokenizer/",), "text is split in tokenizer"),
)
# Headers that pull all of libtorch in.
UMBRELLAS = {"torch/torch.h", "torch/all.h", "torch/extension.h", "torch/script.h", "torch/library.h"}
GENERATED = {"version_config.h"}
MAX_LINES = 400
SIZED = {".cpp", ".h", ".cu", ".cuh", ".py", ".sh", ".cmake", ".txt", ""}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    """The room of a path relative to the root, None for tests."""
    if path.parts[0] == "include":
        return "include"
    if path.parts[0] == "src":
        return path.parts[1] if len(path.parts) > 2 else "main"
    return None


def check_quoted(root, room, name):
    """What is wrong with #include "name" in a room, or None."""
    if name in GENERATED:
        return None
    if not ((root / "src" / name).is_file() or (root / "include" / name).is_file()):
        return f'"{name}" is not a path below src/ or include/'
    target = name.split("/")[0]
    if target in ("zimage", room) or (target == "base" and room != "include"):
        return None
    if target in BELOW[room]:
        return None
    return f'{room} may not include {target} ("{name}")'


def check_library(path, room, name):
    """What is wrong with the include of a library header, or None."""
    relative = path.as_posix()
    if name in UMBRELLAS:
        return f"<{name}> pulls in all of libtorch: include what is used from ATen"
    if room in TORCH_FREE and TORCH.match(name):
        return f"{room} is free of libtorch (<{name}>)"
    if name == "ATen/ATen.h" and path.suffix == ".h" and room is not None:
        return "<ATen/ATen.h> in a header: take <ATen/core/Tensor.h>"
    if CUDA.match(name) and "cuda" not in relative:
        return f"<{name}> outside the files named for CUDA"
    for pattern, owners, advice in OWNED:
        if room is not None and pattern.match(name) and not relative.startswith(owners):
            return f"<{name}> belongs to {' and '.join(owners)}: {advice}"
    return None


def check_file(root, path):
    """The violations of one source file, as "path:line: message"."""
    relative = path.relative_to(root)
    room = room_of(relative)
    if room is not None and room not in BELOW:
        return [f"{relative}:1: {room} is no room of this house (see scripts/check_layers.py)"]
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match[2]
        problem = check_library(relative, room, name)
        if problem is None and match[1] == '"' and room is not None:
            problem = check_quoted(root, room, name)
        if problem:
            found.append(f"{relative}:{number}: {problem}")
    return found


def check_tree(root):
    """(number of sources, violations) of the whole tree."""
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
    return sources, found


def arrow(includer, included):
    """The tree in which a file of one room includes a header of another."""
    folder = "include/zimage" if includer == "include" else f"src/{includer}"
    return {f"{folder}/a.cpp": f'#include "{included}/b.h"\n', f"src/{included}/b.h": ""}


# The includes that the drawing in docs/architecture.md leaves out, one or more for each room.
FORBIDDEN_ARROWS = (
    ("base", "image"), ("image", "codecs"), ("image", "tokenizer"), ("codecs", "tokenizer"), ("codecs", "weights"),
    ("tokenizer", "image"), ("weights", "nn"), ("weights", "codecs"), ("nn", "models"), ("models", "sampling"),
    ("models", "inpaint"), ("sampling", "nn"), ("inpaint", "codecs"), ("inpaint", "models"), ("pipeline", "codecs"),
    ("pipeline", "app"), ("app", "nn"), ("app", "weights"), ("app", "inpaint"), ("app", "cli"), ("cli", "pipeline"),
    ("cli", "codecs"), ("include", "base"),
)

# Each a small tree: (files, what the one violation's message contains; None: there is none).
SELF_TESTS = (
    *((arrow(a, b), f"{a} may not include {b}") for a, b in FORBIDDEN_ARROWS),
    ({"src/nn/a.cpp": '#include "base/b.h"\n#include "nn/a.h"\n#include "weights/c.h"\n', "src/base/b.h": "", "src/nn/a.h": "",
      "src/weights/c.h": ""}, None),
    (arrow("codecs", "image"), None),
    (arrow("app", "codecs"), None),
    (arrow("pipeline", "tokenizer"), None),
    ({"src/attic/a.cpp": ""}, "attic is no room"),
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
)


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
    arguments = parser.parse_args()
    if arguments.self_test:
        return 0 if self_test() else 1
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
