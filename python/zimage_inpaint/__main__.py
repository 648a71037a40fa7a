"""Becomes the executable zimage-inpaint, on the libraries of the package torch. torch itself is not imported."""

import importlib.util
import os
import re
import signal
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
#: The first version of torch that the executable runs on, and the first that it doesn't; pyproject.toml has them too.
FIRST, END = (2, 13), (2, 15)


def fail(message, hint):
    print(f"error: {message} ({hint})", file=sys.stderr)
    sys.exit(1)


def torch_folder():
    """Returns the folder of the package torch; ends the program where there is none that the executable runs on."""
    spec = importlib.util.find_spec("torch")
    folder = os.path.dirname(spec.origin) if spec and spec.origin else ""
    hint = 'install "torch>={}.{},<{}.{}" into the same environment'.format(*FIRST, *END)
    try:
        os.stat(os.path.join(folder, "lib", "libtorch_cpu.so"))
        with open(os.path.join(folder, "version.py"), encoding="utf-8") as file:
            found = re.search(r"^__version__ = ['\"]((\d+)\.(\d+)[^'\"]*)", file.read(), re.MULTILINE)
    except FileNotFoundError:
        fail("the Python package torch, whose libraries this program uses, is missing", hint)
    if not found or not FIRST <= (int(found[2]), int(found[3])) < END:
        fail(f"this program can't use the installed torch {found[1] if found else 'of an unknown version'}", hint)
    return folder


def main():
    # Python ignores these two for itself, and what is ignored stays so in the executable.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    torch = torch_folder()
    # The executable looks for torch beside this package. It may be elsewhere, as in a user's own site-packages.
    if os.path.realpath(torch) != os.path.realpath(os.path.join(FOLDER, "..", "torch")):
        paths = [os.path.join(torch, "lib"), os.environ.get("LD_LIBRARY_PATH")]
        os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(path for path in paths if path)
    # Threads that wait for each other by spinning lose their turns on a busy machine: a few thousand turns are enough.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    os.execv(os.path.join(FOLDER, "bin", "zimage-inpaint"), ["zimage-inpaint", *sys.argv[1:]])


if __name__ == "__main__":
    main()
