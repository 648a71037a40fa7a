"""--dtype int8 gives nearly the picture of bf16, from a model's files in any encoding, and is refused elsewhere."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import MODEL, load
from test_convert_pictures import DEMO, convert, demo
from test_model_files import work  # noqa: F401

# What the picture may differ by on average, in 8-bit levels: see docs/quality.md.
CLOSE = 2.0
HAS_INT8 = "avx512_vnni" in Path("/proc/cpuinfo").read_text()
needs_int8 = pytest.mark.skipif(not HAS_INT8, reason="this processor doesn't multiply int8")


@needs_int8
@pytest.mark.parametrize("file", ["as it is", "fp8", "int8"])
def test_the_picture_stays_close_to_that_of_bf16(work, file):  # noqa: F811
    model = ("--model", MODEL)
    if file != "as it is":
        convert(work, MODEL, "demo.safetensors", file)
        model = ("--model", "demo.safetensors", *DEMO)
    made, expected, another = (
        load(demo(work, f"{dtype}-{seed}.png", *model, "--dtype", dtype, "--seed", seed, "--device", "cpu")).astype(int)
        for dtype, seed in (("int8", "3"), ("bf16", "3"), ("bf16", "4"))
    )
    difference = np.abs(made - expected)
    with Image.open(MODEL / "mask.png") as mask:
        hole = np.asarray(mask.convert("L")) > 127
    apart = np.abs(another - expected)[hole].mean()
    print(f"{file}: mean {difference.mean():.2f}, in the hole {difference[hole].mean():.2f}, another seed {apart:.1f}")
    assert 0 < difference.mean() <= CLOSE
    assert difference[hole].mean() < apart / 4


@needs_int8
def test_the_report_names_it(work):  # noqa: F811
    done = work.run("-i", MODEL / "picture.png", "-m", MODEL / "mask.png", "-p", "a red circle", "--steps", "1", "--json",
                    "-o", "out.png", "--model", MODEL, "--dtype", "int8", "--device", "cpu")  # fmt: skip
    assert done.code == 0, done.err
    assert b'"dtype":"int8"' in done.out.replace(b" ", b"")


@pytest.mark.skipif(HAS_INT8, reason="this processor multiplies int8")
def test_a_processor_without_it_is_told(work):  # noqa: F811
    done = work.run("-i", MODEL / "picture.png", "-m", MODEL / "mask.png", "-p", "x", "-o", "out.png",
                    "--model", MODEL, "--dtype", "int8", "--device", "cpu")  # fmt: skip
    assert done.code == 2 and "int8" in done.err and "bf16" in done.err
