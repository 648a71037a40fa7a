"""Every layout and encoding of model files, written by other people's libraries, gives the picture of the same weights
in float32. A diffusers folder of these is the reference: the parity tests hold that path to diffusers itself.

To try a case by hand: cd tests/cli && python -m model_files int8_convrot_64 /tmp/case
"""

import shutil

import numpy as np
import pytest
from PIL import Image

from conftest import PLAIN, load
from model_files import case, layouts, packs
from model_files.cases import CASES
from model_files.stored import E4M3, E5M2

SIZE = 128
LEVELS, SHARE = 1, 0.999
ALMOST_EXACT = ("f32", "f16")
STEADY = ["--dtype", "fp32", "--seed", "1", "--shift", "3", "--guidance-scale", "0", "--steps", "2"]


@pytest.fixture
def work(work):
    """Has a picture that varies slowly, so that nothing saturates, and a hole of three quarters of each side."""
    coarse = np.random.default_rng(3).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(work.folder / "picture.png")
    work.hole = np.zeros((SIZE, SIZE), dtype=bool)
    work.hole[16:112, 16:112] = True
    work.save_mask(work.hole, "mask.png")
    work.options = (*PLAIN, *STEADY)
    yield work
    for name in ("files", "reference"):  # these are large, and pytest keeps the folders of tests
        shutil.rmtree(work.folder / name, ignore_errors=True)


def picture(work, options):
    """Returns the samples in the hole."""
    done = work.job(*options, "-o", "out.png", "--overwrite")
    assert done.code == 0, done.err
    return load(work.folder / "out.png")[work.hole].astype(int)


@pytest.fixture(scope="session")
def references():
    """Pictures of references, by the name under which cases share them."""
    return {}


def reference(work, files, references):
    name = files.same_as
    if name not in references:
        made = picture(work, case.write_reference(work.folder / "reference", files))
        shutil.rmtree(work.folder / "reference")
        assert made.std() > 20 and ((made == 0) | (made == 255)).mean() < 0.2, "the picture says too little"
        if name is None:
            return made
        references[name] = made
    return references[name]


def agreement(one, other):
    return (abs(one - other) <= LEVELS).mean()


@pytest.mark.parametrize("name", CASES)
def test_a_file_gives_the_picture_of_its_weights(work, references, name):
    files = CASES[name].write(work.folder / "files")
    expected = reference(work, files, references)
    made = picture(work, files.options)
    assert agreement(made, expected) >= SHARE
    if name not in ALMOST_EXACT:
        # This comparison tells the encoded weights from the ones before: a reader's small errors would show in it.
        before = case.original()
        before.same_as = "original"
        assert agreement(made, reference(work, before, references)) < SHARE


def bytes_of(work, write):
    files = write(work.folder / "files")
    # The metadata holds the files' hashes, which do differ.
    done = work.job(*files.options, "-o", "out.png", "--overwrite", "--no-metadata")
    assert done.code == 0, done.err
    shutil.rmtree(work.folder / "files")
    return (work.folder / "out.png").read_bytes()


def int8_rows(split):
    encoding = packs.ENCODINGS["int8_rows"]

    def write(folder):
        weights = layouts.diffusers_dit(case.dit()) if split else case.dit()
        files = case.bf16_files(folder, split)
        files.options[1] = packs.write(folder / "z_image_turbo_int8.safetensors", case.pack_dit(encoding, weights))
        return files

    return write


@pytest.mark.parametrize(
    "fused, split",
    [
        (CASES["comfy"].write, CASES["split_names"].write),
        (CASES["comfy_prefixed"].write, CASES["diffusers_folder"].write),
        (int8_rows(split=False), int8_rows(split=True)),
        (CASES["gguf_layout_no_keys"].write, CASES["gguf_layout_split_names"].write),
    ],
    ids=["bf16", "bf16_folder", "int8_rows", "Q8_0"],
)
def test_fused_and_split_layouts_of_one_model_give_the_same_bytes(work, fused, split):
    assert bytes_of(work, fused) == bytes_of(work, split)


def test_the_bits_of_a_files_scale_show(work, references):
    """Shows that the comparison can fail: every other row of one layer is a tenth larger (all of them would not show,
    because the output of w2 is normalised)."""
    encoding = packs.ENCODINGS["int8_rows"]
    files = int8_rows(split=False)(work.folder / "files")
    expected = picture(work, files.options)
    packed = case.pack_dit(encoding)
    scale = packed.tensors["layers.1.feed_forward.w2.weight_scale"]
    scales = np.frombuffer(scale.data, dtype=np.float32).copy()
    scales[::2] *= np.float32(1.1)
    scale.data = scales.tobytes()
    packs.write(files.options[1], packed)
    assert agreement(picture(work, files.options), expected) < SHARE


@pytest.mark.parametrize("kind, dtype", [(E4M3, "float8_e4m3fn"), (E5M2, "float8_e5m2")])
def test_the_tests_small_floats_are_those_of_torch(kind, dtype):
    torch = pytest.importorskip("torch")
    codes = np.arange(256, dtype=np.uint8)
    expected = torch.from_numpy(codes).view(getattr(torch, dtype)).float().numpy()
    finite = np.isfinite(expected)
    assert (kind.decode(codes)[finite] == expected[finite]).all()
    assert (kind.encode(expected[finite]) == codes[finite]).all()
