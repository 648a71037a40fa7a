"""`convert` refuses what it can't do before it writes anything, keeps to its memory, and leaves nothing when interrupted."""

import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest

from conftest import MODEL, TIMEOUT, environment
from model_files import layouts, reference, tiny
from model_files.stored import store, write_safetensors
from test_convert import DIT, DIT_CONFIG, DTYPES, convert
from test_hard_places import mounted

# --- What is refused ----------------------------------------------------------------------------------------------------


def refused(work, code, says, *args, **popen):
    before = work.files()
    done = work.run("convert", *args, **popen)
    assert done.code == code, done.err
    assert len([line for line in done.lines if line.startswith("error: ")]) == 1 and done.out == b""
    assert says in done.err, done.err
    assert work.files() == before
    return done


def test_an_existing_output_is_kept(work):
    (work.folder / "out.safetensors").write_text("mine")
    refused(work, 2, "--overwrite", MODEL / "transformer", "out.safetensors")
    assert (work.folder / "out.safetensors").read_text() == "mine"
    convert(work, MODEL / "transformer", "bf16", "--overwrite")


@pytest.mark.parametrize("kind", ["same", "dotted", "symlink", "hard link", "folder's file"])
def test_the_input_is_never_replaced(work, kind):
    convert(work, MODEL / "vae", "bf16", out="in.safetensors")
    before = (work.folder / "in.safetensors").read_bytes()
    source, out = "in.safetensors", "in.safetensors"
    if kind == "dotted":
        out = "./in.safetensors"
    elif kind == "folder's file":
        (work.folder / "vae").mkdir()
        (work.folder / "in.safetensors").rename(work.folder / "vae" / "model.safetensors")
        source, out = "vae", "vae/model.safetensors"
    elif kind != "same":
        out = "link.safetensors"
        (os.symlink if kind == "symlink" else os.link)(work.folder / source, work.folder / out)
    refused(work, 2, "give OUT another name", source, out, "--overwrite")
    assert (work.folder / out).read_bytes() == before


def test_places_that_can_not_be_written(work):
    (work.folder / "file").write_text("")
    for out in ("missing/out.safetensors", "file/out.safetensors", "."):
        refused(work, 2, out.split("/")[0], MODEL / "vae", out)


def test_a_read_only_folder(work):
    with mounted(work.folder / "disk", "ro"):
        refused(work, 2, "Read-only", MODEL / "vae", "disk/out.safetensors")


def test_a_full_disk_is_noticed_before_anything_is_written(work):
    with mounted(work.folder / "disk", "size=1m"):
        done = refused(work, 1, "are free there", MODEL, "disk/out.safetensors")
        assert "needs 10 MiB" in done.err


def test_a_lora_is_no_model(work):
    key = "diffusion_model.layers.0.attention.to_q.lora_{}.weight"
    ones = {"A": np.ones((4, 3840), np.float32), "B": np.ones((3840, 4), np.float32)}
    write_safetensors(work.folder / "lora.safetensors", {key.format(k): store(v) for k, v in ones.items()})
    refused(work, 4, "a LoRA", "lora.safetensors", "out.safetensors")


@pytest.mark.parametrize(
    "damage, says",
    [
        (lambda w: w.pop("layers.0.feed_forward.w1.weight"), "layers.0.feed_forward.w1.weight"),
        (lambda w: w.update({"layers.0.extra.weight": np.ones((2, 2), np.float32)}), "layers.0.extra.weight"),
        (lambda w: w["layers.0.feed_forward.w1.weight"].__setitem__((3, 5), np.nan), "aren't finite"),
        (lambda w: w["layers.0.attention_norm1.weight"].__setitem__(7, np.inf), "aren't finite"),
    ],
    ids=["missing", "unexpected", "NaN", "infinity"],
)  # fmt: skip
def test_a_damaged_model_leaves_nothing(work, damage, says):
    weights = {name: value.copy() for name, value in layouts.diffusers_dit(DIT).items()}
    damage(weights)
    reference.write_component(work.folder / "transformer", weights, DIT_CONFIG)
    for dtype in DTYPES:
        refused(work, 4, says, "transformer", "out.safetensors", "--dtype", dtype)


def test_other_mistakes(work):
    refused(work, 4, "nowhere", "nowhere", "out.safetensors")
    refused(work, 4, "picture.png", "picture.png", "out.safetensors")
    refused(work, 2, "OUT", MODEL / "vae")
    refused(work, 2, "int4", MODEL / "vae", "out.safetensors", "--dtype", "int4")


# --- Memory and signals -------------------------------------------------------------------------------------------------


def zeros_of_a_gigabyte(folder):
    """Writes an F32 DiT of 1 GiB whose numbers are a hole in the file."""
    shapes = tiny.dit_shapes(layers=33)
    weights = layouts.diffusers_dit({name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()})
    header, end = {}, 0
    for name, value in weights.items():
        begin, end = end, end + 4 * value.size
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir()
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + end)
    assert 1 << 30 < end < 1.2 * (1 << 30)
    return folder


def run_measured(work, *args):
    """Returns the most memory that the process had, in bytes; mapped pages of files count."""
    # The kernel counts what the parent had before exec, too, so the parent is a small process.
    script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " \
             "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"  # fmt: skip
    command = [sys.executable, "-c", script, *work.command(*args)]
    done = subprocess.run(command, cwd=work.folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=TIMEOUT)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * 1024


@pytest.mark.parametrize("dtype", ["bf16", "int8"])
def test_a_model_is_never_in_memory_as_a_whole(work, dtype):
    # The same command on the demo's VAE shows what the program itself takes.
    base = run_measured(work, "convert", MODEL / "vae", "small.safetensors")
    path = zeros_of_a_gigabyte(work.folder / "zeros")
    peak = run_measured(work, "convert", path, "out.safetensors", "--dtype", dtype)
    shutil.rmtree(path)
    (work.folder / "out.safetensors").unlink()
    print(f"{dtype}: {base >> 20} MiB for the VAE, {peak >> 20} MiB for 1 GiB")
    # Its largest weight is 12 MiB in F32 (adaLN is less), of which a rotation and a rounding make a few copies. The
    # pages of the file alone would be 1024 MiB if they weren't given back.
    assert peak - base < 200 << 20


@pytest.mark.parametrize("name", ["out.gguf", "out", "-"])
def test_an_output_that_is_not_called_safetensors_is_refused(work, name):
    done = work.run("convert", MODEL, name)
    assert done.code == 2 and "does not end in .safetensors" in done.err and name not in work.files()


def test_a_limit_of_the_files_size_is_an_error_and_no_signal(work):
    done = work.run("convert", MODEL, "out.safetensors", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
    assert done.code == 1 and "File too large" in done.err and "out.safetensors" not in work.files()


def test_an_interrupt_leaves_nothing(work):
    path = zeros_of_a_gigabyte(work.folder / "zeros")
    before = work.files()
    process = subprocess.Popen(work.command("convert", path, "out.safetensors", "--dtype", "int8", "--progress", "json"),
                               cwd=work.folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)  # fmt: skip
    for line in process.stderr:
        if json.loads(line)["event"] == "step":
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT)
    shutil.rmtree(path)
    assert process.returncode == 130 and out == b"", err
    errors = [line for line in err.decode().splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "interrupted" in errors[0]
    assert work.files() == [name for name in before if not name.startswith("zeros")]
