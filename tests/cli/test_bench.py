"""`bench` measures a run. Times are never judged here: only what is the same on every machine."""

import json
import os
import re
import signal
import struct
import subprocess
import sys
import time

import pytest
from conftest import BINARY, MODEL, ROOT, environment

STAGES = [
    "load", "encode prompt", "encode picture", "forward", "denoise", "decode", "composite", "write", "all but load",
    "end to end",
]  # fmt: skip
QUICK = ("--size", "64x64", "--steps", "2", "--warmup", "0", "--repeat", "1", "--device", "cpu", "--dtype", "fp32")
TEXT_ENCODER = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
                "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 151936}  # fmt: skip
DIT = {"dim": 128, "n_heads": 1, "n_layers": 2, "n_refiner_layers": 1, "cap_feat_dim": 32, "in_channels": 16}
VAE = {"block_out_channels": [8, 8, 16, 16], "layers_per_block": 1, "norm_num_groups": 8, "latent_channels": 16,
       "scaling_factor": 0.3611, "shift_factor": 0.1159}  # fmt: skip


def bench(work, *args):
    done = work.run("bench", *QUICK, "--json", "-q", *args)
    assert done.code == 0, done.err
    (line,) = done.out.decode().splitlines()
    return json.loads(line)


def write_configs(folder, **dit):
    for part, config in (("transformer", DIT | dit), ("text_encoder", TEXT_ENCODER), ("vae", VAE)):
        (folder / part).mkdir(parents=True)
        (folder / part / "config.json").write_text(json.dumps(config))
    return folder


def tensor_bytes(path):
    """Returns the bytes of each tensor of a safetensors file."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    return {
        name: info["data_offsets"][1] - info["data_offsets"][0] for name, info in header.items() if name != "__metadata__"
    }


def test_it_reports_every_stage(work):
    report = bench(work, "--repeat", "2", "--warmup", "1")
    assert report["status"] == "ok" and report["command"] == "bench" and report["dtype"] == "fp32"
    assert report["libtorch"] and report["version"] and report["cpu"]["cores"] >= 1 and report["threads"] >= 1
    (size,) = report["sizes"]
    assert size["size"] == [64, 64] and size["image_tokens"] == 32 and size["caption_tokens"] % 32 == 0
    assert list(size["stages"]) == STAGES
    for name, stage in size["stages"].items():
        assert len(stage["times_ms"]) == (4 if name == "forward" else 2)
        assert stage["fastest_ms"] <= stage["median_ms"] <= stage["slowest_ms"]
        counted = name not in ("load", "composite", "write")
        assert (stage["operations"] is not None) == counted == (stage["share_of_gemm"] is not None)
    stages = {name: stage["operations"] for name, stage in size["stages"].items()}
    parts = sum(stages[name] for name in ("encode prompt", "encode picture", "denoise", "decode"))
    assert stages["denoise"] == 2 * stages["forward"] and stages["end to end"] == parts
    assert size["counted"]["forwards"] == 2 and size["counted"]["operations"] == parts
    assert size["gemm"]["gflops"] > 0 and size["peak_memory_mb"] > 10 and size["device_peak_bytes"] is None
    assert size["memory"]["fits"] and size["memory"]["host_peak_bytes"] > 2**20
    assert work.files() == ["mask.png", "picture.png"]


def test_the_table(work):
    done = work.run("bench", *QUICK, "--size", "64x64,128x64")
    assert done.code == 0
    text = done.out.decode()
    for name in STAGES:
        assert len(re.findall(rf"^{name} +\d", text, re.M)) == 2
    assert "64x64: 32 image" in text and "128x64: 32 image" in text and "of at::linear" in text
    assert "bench 64x64" in done.err


def test_each_byte_of_the_weights_is_read_once(work):
    encoder = tensor_bytes(MODEL / "text_encoder" / "model.safetensors")
    last = max(int(name.split(".layers.")[1].split(".")[0]) for name in encoder if ".layers." in name)
    unused = (f"model.layers.{last}.", "model.norm.", "lm_head.")
    needed = sum(size for name, size in encoder.items() if not name.startswith(unused))
    for part in ("transformer", "vae"):
        needed += sum(tensor_bytes(MODEL / part / "diffusion_pytorch_model.safetensors").values())
    (size,) = bench(work)["sizes"]
    assert size["counted"]["bytes_loaded"] == needed


def test_a_step_allocates_what_its_blocks_need(work):
    """The tensors of a block: eight products, attention, and what modulation and norms make."""
    (two,) = bench(work, "--random-weights", write_configs(work.folder / "two", n_layers=2))["sizes"]
    (six,) = bench(work, "--random-weights", write_configs(work.folder / "six", n_layers=6))["sizes"]
    a_block = (six["counted"]["allocations_per_step"] - two["counted"]["allocations_per_step"]) / 4
    assert 9 <= a_block <= 32
    # Embedding, the last layer, the sampler and the blend: everything outside of the three blocks.
    assert 10 <= two["counted"]["allocations_per_step"] - 3 * a_block <= 100
    assert two["counted"]["operators_per_step"] > two["counted"]["allocations_per_step"]


def test_steps_after_the_first_allocate_no_more(work):
    counts = [bench(work, "--steps", steps)["sizes"][0]["counted"]["allocations_per_step"] for steps in ("3", "5")]
    assert counts[0] == counts[1]


def test_random_weights_need_no_model(work):
    nowhere = environment(ZIMAGE_MODEL=str(work.folder / "nowhere"))
    done = work.run("bench", *QUICK, "--json", "--random-weights", "tiny", env=nowhere)
    assert done.code == 0
    report = json.loads(done.out)
    assert report["model"]["random_weights"] and report["model"]["layers"] == 2 and report["model"]["width"] == 128
    assert report["sizes"][0]["counted"]["bytes_loaded"] > 2 * 151936 * 32
    assert work.run("bench", *QUICK, env=nowhere).code == 4


def test_random_weights_with_the_demos_configs_do_the_demos_work(work):
    demo, random = bench(work), bench(work, "--random-weights", MODEL)
    assert random["model"]["random_weights"] and not demo["model"]["random_weights"]
    for name in STAGES:
        assert demo["sizes"][0]["stages"][name]["operations"] == random["sizes"][0]["stages"][name]["operations"]
    assert demo["model"]["layers"] == random["model"]["layers"]
    # Both have weights in bf16.
    assert demo["sizes"][0]["counted"] == random["sizes"][0]["counted"]


def test_a_picture_beyond_the_position_tables_is_refused(work):
    small = write_configs(work.folder / "small", axes_dims=[32, 48, 48], axes_lens=[1024, 8, 8])
    done = work.run("bench", *QUICK, "-q", "--random-weights", small, "--size", "256x256")
    assert done.code == 3 and "position tables" in done.err and "128 pixels" in done.err


def test_a_controlnet_adds_operations(work):
    (without,) = bench(work)["sizes"]
    (with_it,) = bench(work, "--controlnet", MODEL / "controlnet")["sizes"]
    assert with_it["stages"]["forward"]["operations"] > 1.2 * without["stages"]["forward"]["operations"]
    assert with_it["stages"]["encode picture"]["operations"] == 2 * without["stages"]["encode picture"]["operations"]
    assert with_it["counted"]["allocations_per_step"] > 1.2 * without["counted"]["allocations_per_step"]


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["--size", "500x500"], 2, "multiples of 16"),
        (["--size", "64"], 2, "WIDTHxHEIGHT"),
        (["--repeat", "0"], 2, "--repeat"),
        (["--random-weights", "publised"], 2, "published, mid, tiny"),
        (["--random-weights="], 2, "can't be ''"),
        (["--random-weights", "--model", "x"], 2, "exclude each other"),
        (["--random-weights", "."], 4, "transformer/config.json"),
        (["--model", "nowhere"], 4, "nowhere"),
        (["--device", "cuda:77"], 2, "CUDA"),
        (["picture.png"], 2, "unexpected argument"),
    ],
)
def test_errors(work, args, code, says):
    done = work.run("bench", *QUICK, "-q", *args)
    assert done.code == code and done.out == b""
    assert len(done.lines) == 1 and says in done.err


def test_an_error_in_json(work):
    done = work.run("bench", "--json", "--model", "nowhere")
    report = json.loads(done.out)
    assert done.code == 4 and report["status"] == "error" and report["command"] == "bench" and report["error"]["code"] == 4


def test_ctrl_c(work):
    command = work.command("bench", "--random-weights", "tiny", "--size", "64x64", "--repeat", "1000", "--progress", "plain")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), cwd=work.folder)
    os.read(process.stderr.fileno(), 1)  # it has begun
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b""


def load_run():
    sys.path.insert(0, str(ROOT))
    from bench import run

    return run


def test_the_page_keeps_the_rows_of_other_measurements():
    run = load_run()
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    rows = [["forward: a", "x", "1 s", "2 s", "2.00", "today"], ["forward: b", "x", "1 s", "3 s", "3.00", "today"]]
    first = run.update(page, rows)
    again = run.update(first, [["forward: b", "x", "1 s", "4 s", "4.00", "tomorrow"]])
    assert again.count("| forward: b |") == 1 and "| forward: a | x | 1 s | 2 s | 2.00 | today |" in again
    assert "4.00 | tomorrow |" in again and "3.00" not in again.split(run.BEGIN)[1].split(run.END)[0]
    assert again.split(run.END)[1] == page.split(run.END)[1] and again.split(run.BEGIN)[0] == page.split(run.BEGIN)[0]
    with pytest.raises(ValueError):
        run.update("no markers", rows)


def test_it_is_paired_with_any_command(work):
    other = work.folder / "other.sh"
    other.write_text('#!/bin/sh\ntest -s "$1" && echo "step 1 of 2: 900 s" && echo "step 2 of 2: 800 s $2 $3" && echo "$4"\n')
    other.chmod(0o755)
    command = [sys.executable, ROOT / "bench" / "run.py", "--binary", BINARY, "--size", "64x64", "--steps", "2"]
    command += ["--rounds", "1", "--against", f"{other} {{image}} {{size}} {{steps}} {{prompt}}", "--against-name", "other"]
    done = subprocess.run(
        [*map(str, command), "--", "--random-weights", "tiny"], env=environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    row = [cell.strip() for cell in done.stdout.splitlines()[-1].strip("|").split("|")]
    # The first step is warm-up.
    assert row[0] == "forward: 2 layers of width 128, fp32, 64x64, 2 steps" and row[1] == "other" and row[3] == "800.00 s"
    assert float(row[4].split()[0]) > 1000


def test_help(work):
    text = work.run("bench", "--help").out.decode()
    for option in ("--model", "--controlnet", "--device", "--dtype", "--threads", "--random-weights [SHAPE]", "--size",
                   "--warmup", "--repeat", "--json"):  # fmt: skip
        assert option in text
