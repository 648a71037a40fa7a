"""The wheel that scripts/make_wheel packs, installed in an environment of its own, is the program in the build folder.

The environment borrows the torch of the tests' Python, which is where a user's own site-packages would be: elsewhere.
"""

import importlib.util
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from conftest import BINARY, ROOT, environment, load

DEMO = ROOT / "models" / "demo"
JOB = ["-i", str(DEMO / "picture.png"), "-m", str(DEMO / "mask.png"), "-p", "a red kite", "--seed", "1", "--steps", "2"]
BUNDLED = {"ZIMAGE_MODEL": None}


def run(*command, **changes):
    command = [os.fspath(part) for part in command]
    return subprocess.run(command, env=environment(**changes), capture_output=True, text=True, timeout=300)


def needs(package):
    if importlib.util.find_spec(package) is None:
        message = f"{package} isn't installed (scripts/setup --test installs it)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    for package in ("scikit_build_core", "auditwheel", "torch"):
        needs(package)
    folder = tmp_path_factory.mktemp("wheel")
    script = ROOT / "scripts" / "make_wheel"
    made = run(script, "--build", BINARY.parent, "--output", folder, "--python", sys.executable)
    assert made.returncode == 0, made.stderr
    (path,) = folder.iterdir()
    assert made.stdout == f"{path}\n"
    return path


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory):
    """Returns the bin/ of an environment with nothing but the wheel."""
    folder = tmp_path_factory.mktemp("bare") / "an environment"
    assert run(sys.executable, "-m", "venv", folder).returncode == 0
    installed = run(folder / "bin" / "python", "-m", "pip", "install", "--no-deps", "--no-index", wheel)
    assert installed.returncode == 0, installed.stderr
    return folder / "bin"


@pytest.fixture(scope="module")
def bin_folder(bare):
    """Adds the torch of the tests."""
    (site,) = bare.glob("../lib/python3.*/site-packages")
    torch = pathlib.Path(importlib.util.find_spec("torch").origin).parents[1]
    (site / "borrowed.pth").write_text(f"{torch}\n")
    return bare


def test_a_build_finds_the_torch_that_only_python_sees(tmp_path):
    """pip puts it where neither CMake nor scikit-build-core looks, and names the place in PYTHONPATH."""
    (tmp_path / "seen").mkdir()
    real = pathlib.Path(importlib.util.find_spec("torch").origin).parent
    (tmp_path / "seen" / "torch").symlink_to(real)
    project = [
        "cmake_minimum_required(VERSION 3.22)",
        "project(finds CXX)",
        f'list(APPEND CMAKE_MODULE_PATH "{ROOT}/cmake")',
        "find_package(Torch REQUIRED)",
        'message(STATUS "it is ${Torch_PREFIX}")',
    ]
    (tmp_path / "CMakeLists.txt").write_text("\n".join(project))
    # -S: a Python with no packages of its own
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    (tmp_path / "python").chmod(0o755)
    words = ("cmake", "-S", tmp_path, "-B", tmp_path / "build", "-DSKBUILD=2", f"-DPython_EXECUTABLE={tmp_path}/python")
    found = run(*words, PYTHONPATH=str(tmp_path / "seen"))
    assert found.returncode == 0, found.stderr
    assert f"it is {tmp_path}/seen/torch" in found.stdout


def test_without_torch_one_line_says_so(bare):
    result = run(bare / "zimage-inpaint", "--version")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: the Python package torch") and result.stderr.count("\n") == 1


VERSIONS = {"2.12.1+cu130": False, "2.13.0": True, "2.14.1+cpu": True, "2.15.0": False, "none": False}


@pytest.mark.parametrize("version, works", VERSIONS.items())
def test_other_versions_of_torch_are_refused(bin_folder, tmp_path, version, works):
    real = pathlib.Path(importlib.util.find_spec("torch").origin).parent
    package = tmp_path / "torch"
    package.mkdir()
    (package / "lib").symlink_to(real / "lib")
    (package / "__init__.py").write_text("raise SystemExit('torch was imported')\n")
    (package / "version.py").write_text(f"__version__ = '{version}'\n")
    result = run(bin_folder / "zimage-inpaint", "--version", PYTHONPATH=str(tmp_path))
    assert result.returncode == (0 if works else 1)
    if not works:
        assert result.stdout == "" and result.stderr.count("\n") == 1
        assert (version if version != "none" else "an unknown version") in result.stderr
        assert ">=2.13,<2.15" in result.stderr


def test_libtorch_for_cuda_is_opened_where_it_is(bin_folder, tmp_path):
    """A torch for CUDA has libtorch_cuda beside the rest. Here it is no library, and the program must have tried it."""
    real = pathlib.Path(importlib.util.find_spec("torch").origin).parent
    shutil.copytree(real / "lib", tmp_path / "torch" / "lib", copy_function=link_or_copy)
    for name in ("__init__.py", "version.py"):
        shutil.copy(real / name, tmp_path / "torch" / name)
    (tmp_path / "torch" / "lib" / "libtorch_cuda.so").unlink(missing_ok=True)
    (tmp_path / "torch" / "lib" / "libtorch_cuda.so").write_bytes(b"no library")
    result = run(bin_folder / "zimage-inpaint", "--version", PYTHONPATH=str(tmp_path))
    assert result.returncode == 0 and "(CPU)" in result.stdout
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("warning: libtorch's part for CUDA can't be opened")


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def test_the_range_of_torch_is_the_same_everywhere():
    launcher = (ROOT / "python" / "zimage_inpaint" / "__main__.py").read_text()
    numbers = re.search(r"^FIRST, END = \((\d+), (\d+)\), \((\d+), (\d+)\)$", launcher, re.MULTILINE).groups()
    first, end = ".".join(numbers[:2]), ".".join(numbers[2:])
    project = (ROOT / "pyproject.toml").read_text()
    built = re.search(r"^TORCH_VERSION=(\d+\.\d+)", (ROOT / "scripts" / "versions.env").read_text(), re.MULTILINE)[1]
    assert f'dependencies = ["torch>={first},<{end}"]' in project
    assert first == built and f'build.requires = ["torch=={built}.*"]' in project


def test_the_version_is_cmakes():
    version = re.search(r"project\(zimage-inpaint VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert f'\nversion = "{version}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("start", ["script", "module"])
def test_the_same_picture_as_the_build_folders(bin_folder, tmp_path, start):
    program = [bin_folder / "zimage-inpaint"] if start == "script" else [bin_folder / "python", "-m", "zimage_inpaint"]
    result = run(*program, *JOB, "-o", tmp_path / "wheel.png", **BUNDLED)
    assert (result.returncode, result.stdout) == (0, f"{tmp_path / 'wheel.png'}\n"), result.stderr
    assert run(BINARY, *JOB, "-o", tmp_path / "build.png", **BUNDLED).returncode == 0
    assert np.array_equal(load(tmp_path / "wheel.png"), load(tmp_path / "build.png"))
    assert not np.array_equal(load(tmp_path / "wheel.png"), load(DEMO / "picture.png"))


def test_pictures_go_through_pipes(bin_folder):
    picture = (DEMO / "picture.png").read_bytes()
    command = [str(bin_folder / "zimage-inpaint"), *JOB, "-i", "-", "-o", "-"]
    result = subprocess.run(command, input=picture, env=environment(**BUNDLED), capture_output=True, timeout=300)
    assert result.returncode == 0 and result.stdout.startswith(b"\x89PNG"), result.stderr


@pytest.mark.parametrize(
    "arguments", [["--no-such-option"], ["-i", "no\udcffname.png", "-m", "x.png", "-p", "x"], ["inspect", "/nowhere"]]
)
def test_errors_and_codes_are_the_programs(bin_folder, arguments):
    expected = run(BINARY, *arguments)
    result = run(bin_folder / "zimage-inpaint", *arguments)
    assert expected.returncode >= 2
    assert (result.returncode, result.stdout, result.stderr) == (expected.returncode, expected.stdout, expected.stderr)


def ignored_signals(process):
    return re.search(r"^SigIgn:\t(\w+)", pathlib.Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)[1]


def test_ctrl_c_reaches_the_program_itself(bin_folder, tmp_path):
    processes = []
    for program in (bin_folder / "zimage-inpaint", BINARY):
        command = [str(program), *JOB, "--steps", "1000", "--progress", "json", "-o", str(tmp_path / "no.png")]
        processes.append(subprocess.Popen(command, env=environment(**BUNDLED), stderr=subprocess.PIPE, text=True))
        process = processes[-1]
        assert any("denoise" in line for line in process.stderr)
    installed, built = processes
    assert os.readlink(f"/proc/{installed.pid}/exe").endswith("/zimage_inpaint/bin/zimage-inpaint")
    assert ignored_signals(installed) == ignored_signals(built)
    for process in processes:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
    assert not (tmp_path / "no.png").exists()


def test_it_brings_its_libraries_and_their_licences(wheel, bin_folder):
    assert re.fullmatch(r"zimage_inpaint-[0-9.]+-py3-none-(many)?linux_\w+\.whl", wheel.name)
    names = zipfile.ZipFile(wheel).namelist()
    libraries = [name for name in names if name.startswith("zimage_inpaint.libs/") and ".so" in name]
    assert any("libpng" in name for name in libraries)
    assert not any(re.search("torch|libc10|libgomp", name) for name in libraries)
    for licence in ("LICENSE", "data/tokenizer/NOTICE", "third-party/libcli11-dev", "third-party/libpng16-16"):
        assert any(f".dist-info/licenses/{licence}" in name for name in names), licence
    assert any(name.endswith(".data/data/share/man/man1/zimage-inpaint.1") for name in names)
    # Every library is found, and only the C and C++ runtimes, zlib and torch's come from elsewhere.
    (program,) = bin_folder.glob("../lib/python3.*/site-packages/zimage_inpaint/bin/zimage-inpaint")
    torch = pathlib.Path(importlib.util.find_spec("torch").origin).parent / "lib"
    loaded = run("ldd", program, LD_LIBRARY_PATH=str(torch)).stdout
    assert "not found" not in loaded
    outside = [line.split()[0] for line in loaded.splitlines() if "=> /" in line and "zimage_inpaint.libs" not in line]
    allowed = r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|z|torch\w*|c10\w*|gomp|cudart|cupti)[-.]\S*"
    assert [name for name in outside if not re.fullmatch(allowed, name)] == []


def test_no_gpl_library_is_in_it(wheel, bin_folder, tmp_path):
    """A distribution's libtiff needs libjbig (GPL); a stand-in makes such a TIFF an error, and nothing else."""
    names = zipfile.ZipFile(wheel).namelist()
    assert not any(name.endswith("third-party/libjbig0") for name in names)
    if not any("libjbig" in name for name in names):
        pytest.skip("this system's libtiff needs no libjbig")
    (tmp_path / "jbig.tif").write_bytes(jbig_tiff())
    result = run(bin_folder / "zimage-inpaint", *JOB, "-i", tmp_path / "jbig.tif", **BUNDLED)
    assert result.returncode == 3 and "JBIG" in result.stderr


def jbig_tiff():
    """Returns a TIFF of 64×64 bits in one strip that says it is compressed as JBIG."""
    fields = {256: 64, 257: 64, 258: 1, 259: 34661, 262: 0, 273: 8, 277: 1, 278: 64, 279: 16}
    folder = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    return struct.pack("<4sI16xH", b"II*\0", 24, len(fields)) + folder + bytes(4)
