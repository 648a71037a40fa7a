"""Compares runs of the demo model with committed pictures, at the vector widths and thread counts this CPU has."""

import os
import pathlib
import subprocess

import pytest

import goldens

BINARY = pathlib.Path(os.environ.get("ZIMAGE_BIN", goldens.ROOT / "build" / "zimage-inpaint"))
# The first lets every library choose: AVX-512 if the CPU has it.
MACHINES = {
    "native-1": {"OMP_NUM_THREADS": "1"},
    "native-2": {"OMP_NUM_THREADS": "2"},
    "avx2-1": {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2",
               "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "avx2-2": {"OMP_NUM_THREADS": "2", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2",
               "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
}  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", goldens.CASES)
def test_result_is_the_committed_one(name, machine, tmp_path):
    output = tmp_path / "result.png"
    goldens.run(BINARY, name, output, **MACHINES[machine])
    assert not goldens.differences(output, name)


@pytest.mark.parametrize("name", goldens.CASES)
def test_the_comparison_detects_another_seed(name, tmp_path):
    """A golden that every result passes would be worthless."""
    output = tmp_path / "result.png"
    command = goldens.command(BINARY, name, output)
    command[command.index("--seed") + 1] = "12"
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert goldens.differences(output, name)
