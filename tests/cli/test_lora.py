"""LoRAs with the executable: what they change, which files are refused and why, and what a run records."""

import json
import struct

import numpy as np
import pytest

from conftest import MODEL, PLAIN, environment, load

DIT = MODEL / "transformer" / "diffusion_pytorch_model.safetensors"
DIM, RANK = 160, 4
IN_BLOCKS = ("attention.to_q", "feed_forward.w2", "adaLN_modulation.0")
LAYERS = [f"layers.{i}.{name}" for i in range(6) for name in IN_BLOCKS]
LAYERS += ["noise_refiner.0.attention.to_v", "context_refiner.0.attention.to_out.0", "cap_embedder.1"]


def read_file(path):
    """Returns the arrays of a safetensors file of bf16, in fp32."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    arrays = {}
    for name, entry in header.items():
        assert entry["dtype"] == "BF16"
        words = np.frombuffer(body[slice(*entry["data_offsets"])], np.uint16).astype(np.uint32)
        arrays[name] = (words << 16).view(np.float32).reshape(entry["shape"])
    return arrays


def write_file(path, tensors):
    header, body = {}, b""
    for name, array in tensors.items():
        array = np.asarray(array, np.float32)
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + array.nbytes],
        }
        body += array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


BASE = read_file(DIT)


def style(prefix="diffusion_model.", seed=1, strength=0.2):
    """Returns a LoRA for some layers: {key: array}."""
    generator = np.random.default_rng(seed)
    tensors = {}
    for layer in LAYERS:
        out, into = BASE[f"{layer}.weight"].shape
        tensors[f"{prefix}{layer}.lora_A.weight"] = generator.normal(size=(RANK, into)) * strength * into**0.5
        tensors[f"{prefix}{layer}.lora_B.weight"] = generator.normal(size=(out, RANK)) * strength
        tensors[f"{prefix}{layer}.alpha"] = np.array(2.0)
    return tensors


def merged(tensors, scale=1.0, prefix="diffusion_model."):
    weights = dict(BASE)
    for layer in LAYERS:
        a, b = (np.asarray(tensors[f"{prefix}{layer}.lora_{x}.weight"], np.float32).astype(float) for x in "AB")
        weights[f"{layer}.weight"] = BASE[f"{layer}.weight"] + scale * (2.0 / RANK) * (b @ a)
    return weights


@pytest.fixture
def work(work):
    write_file(work.folder / "style.safetensors", style())
    return work


def picture(work, name, *more, **popen):
    result = work.job(*PLAIN, *more, "-o", name, "--overwrite", **popen)
    assert result.code == 0, result.err
    return load(work.folder / name).astype(int)


def failure(result, code, *parts):
    assert result.code == code, result.err
    errors = [line for line in result.lines if line.startswith("error: ")]
    assert len(errors) == 1
    for part in parts:
        assert part in errors[0], errors[0]


def test_a_lora_changes_the_hole_and_a_scale_of_0_changes_nothing(work):
    plain = picture(work, "plain.png", "--no-metadata")
    styled = picture(work, "styled.png", "--lora", "style.safetensors")
    assert (styled != plain).any() and (styled[~work.hole] == plain[~work.hole]).all()
    picture(work, "zero.png", "--no-metadata", "--lora", "style.safetensors:0")
    assert (work.folder / "zero.png").read_bytes() == (work.folder / "plain.png").read_bytes()


def test_it_equals_a_model_with_the_lora_merged(work):
    for scale in (1.0, -0.5):
        write_file(work.folder / "merged.safetensors", merged(style(), scale))
        (work.folder / "config.json").write_text((DIT.parent / "config.json").read_text())
        parts = ["--model", "merged.safetensors", "--text-encoder", MODEL / "text_encoder", "--vae", MODEL / "vae"]
        parts += ["--tokenizer", MODEL / "tokenizer"]
        expected = picture(work, "expected.png", *parts)
        made = picture(work, "made.png", "--lora", f"style.safetensors:{scale}")
        assert np.abs(made - expected).max() <= 1
        assert np.abs(made - picture(work, "plain.png")).max() > 8


def test_two_halves_are_a_whole_and_the_order_of_plain_loras_is_free(work):
    write_file(work.folder / "other.safetensors", style(seed=2))
    one = picture(work, "one.png", "--lora", "style.safetensors")
    halves = picture(work, "two.png", "--lora", "style.safetensors:0.5", "--lora", "style.safetensors:0.5")
    assert np.abs(one - halves).max() <= 1
    both = picture(work, "both.png", "--lora", "style.safetensors", "--lora", "other.safetensors:0.7")
    turned = picture(work, "turned.png", "--lora", "other.safetensors:0.7", "--lora", "style.safetensors")
    assert np.abs(both - turned).max() <= 1 and (both != one).any()


@pytest.mark.parametrize("prefix", ["", "transformer.", "base_model.model."])
def test_other_spellings_give_the_same_bytes(work, prefix):
    write_file(work.folder / "again.safetensors", style(prefix))
    picture(work, "a.png", "--no-metadata", "--lora", "style.safetensors")
    picture(work, "b.png", "--no-metadata", "--lora", "again.safetensors")
    assert (work.folder / "a.png").read_bytes() == (work.folder / "b.png").read_bytes()


def test_a_run_says_and_records_what_it_used(work):
    result = work.job("--lora", "style.safetensors:0.8", "--json", "-v", "-o", "made.png")
    assert result.code == 0, result.err
    assert "style.safetensors: LoRA of rank 4 for 21 layers, scale 0.8" in result.err
    (lora,) = json.loads(result.out)["model"]["loras"]
    assert lora == {"file": "style.safetensors", "scale": 0.8, "kind": "LoRA", "rank": 4, "layers": 21, "unmatched": 0}
    planned = json.loads(work.job("--lora", "style.safetensors", "--dry-run", "--json").out)
    assert planned["model"]["loras"][0]["layers"] == 21
    assert "style.safetensors" in planned["model"]["files"]
    # The same command skips its result; another scale, or another file of that name, is another job.
    again = ["--skip-existing", "-o", "made.png"]
    assert "skipped" in work.job("--lora", "style.safetensors:0.8", *again).err
    failure(work.job("--lora", "style.safetensors:0.9", *again), 2, "made.png")
    before = (work.folder / "made.png").read_bytes()
    replayed = work.run("--replay", "made.png", "-o", "again.png")
    assert replayed.code == 0, replayed.err
    assert (work.folder / "again.png").read_bytes() == before
    write_file(work.folder / "style.safetensors", style(seed=3))
    changed = work.run("--replay", "made.png", "-o", "changed.png")
    assert changed.code == 0 and "the model is not the one that was used" in changed.err


def test_two_files_of_one_name_are_told_apart(work):
    names = []
    for seed, folder in enumerate(("one", "two")):
        (work.folder / folder).mkdir()
        write_file(work.folder / folder / "x.safetensors", style(seed=seed))
        names += ["--lora", f"{folder}/x.safetensors:0.5"]
    options = [*names, "-o", "made.png", "--skip-existing"]
    assert work.job(*options).code == 0
    assert "skipped" in work.job(*options).err
    for seed, folder in enumerate(("one", "two")):
        write_file(work.folder / folder / "x.safetensors", style(seed=9))
        failure(work.job(*options), 2, "made.png")
        write_file(work.folder / folder / "x.safetensors", style(seed=seed))


def test_a_folder_of_peft_s_is_read_with_its_settings(work):
    (work.folder / "adapter").mkdir()
    tensors = {name: array for name, array in style("base_model.model.").items() if not name.endswith("alpha")}
    write_file(work.folder / "adapter" / "adapter_model.safetensors", tensors)
    (work.folder / "adapter" / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 4, "lora_alpha": 2}')
    picture(work, "a.png", "--no-metadata", "--lora", "style.safetensors")
    picture(work, "b.png", "--no-metadata", "--lora", "adapter")
    assert (work.folder / "a.png").read_bytes() == (work.folder / "b.png").read_bytes()
    planned = json.loads(work.job("--lora", "adapter", "--dry-run", "--json").out)
    assert {"adapter/adapter_model.safetensors", "adapter/adapter_config.json"} <= set(planned["model"]["files"])


def test_a_batch_uses_it_for_every_job(work):
    (work.folder / "jobs.jsonl").write_text(
        '{"image": "picture.png", "mask": "mask.png", "prompt": "a door", "seed": 7, "output": "j.png"}\n'
    )
    lora = ["--lora", "style.safetensors", "--no-metadata"]
    result = work.run("--manifest", "jobs.jsonl", "--steps", "2", *PLAIN, *lora)
    assert result.code == 0, result.err
    picture(work, "single.png", *lora)
    assert (work.folder / "j.png").read_bytes() == (work.folder / "single.png").read_bytes()
    (work.folder / "jobs.jsonl").write_text('{"image": "picture.png", "mask": "mask.png", "lora": "style"}\n')
    failure(work.run("--manifest", "jobs.jsonl", "--prompt", "x"), 3, "'lora' can't differ between jobs")


def test_a_configuration_file_may_list_them(work):
    (work.folder / "c.toml").write_text('lora = ["style.safetensors:0.5", "style.safetensors:0.5"]\n')
    result = work.job("--config", "c.toml", "--dry-run", "--json")
    assert result.code == 0, result.err
    assert [lora["scale"] for lora in json.loads(result.out)["model"]["loras"]] == [0.5, 0.5]


def test_unmatched_keys_are_an_error_that_lists_them(work):
    tensors = style() | {"diffusion_model.layers.77.attention.to_q.lora_A.weight": np.zeros((4, DIM)),
                         "text_encoders.qwen3_4b.layers.0.mlp.up_proj.lora_A.weight": np.zeros((4, 8))}  # fmt: skip
    write_file(work.folder / "more.safetensors", tensors)
    failure(work.job("--lora", "more.safetensors"), 4, "more.safetensors", "1 key that fits nothing in this model",
            "diffusion_model.layers.77.attention.to_q.lora_A.weight", "is also for the text encoder")  # fmt: skip
    assert "--lora-allow-unmatched" in work.job("--lora", "more.safetensors").err
    bare = [*PLAIN, "--no-metadata", "-o", "more.png"]
    allowed = work.job("--lora", "more.safetensors", "--lora-allow-unmatched", *bare)
    assert allowed.code == 0, allowed.err
    assert "layers.77" in allowed.err and "warning: " in allowed.err
    picture(work, "style.png", "--lora", "style.safetensors", "--no-metadata")
    assert (work.folder / "more.png").read_bytes() == (work.folder / "style.png").read_bytes()


@pytest.mark.parametrize(
    "name, tensors, parts",
    [
        ("zimage_turbo_training_adapter_v2.safetensors", style(), ["is a training adapter by its name"]),
        ("te.safetensors", {"lora_te_layers_0_mlp_up_proj.lora_down.weight": np.zeros((2, 2))},
         ["is a LoRA for the text encoder, which is not supported"]),
        ("flux.safetensors", {"transformer.single_transformer_blocks.0.proj_mlp.lora_A.weight": np.zeros((2, 2))},
         ["is a LoRA for a Flux model"]),
        ("lumina.safetensors", {"layers.0.attention.qkv.lora_A.weight": np.zeros((2, 2304)),
                                "layers.0.attention.qkv.lora_B.weight": np.zeros((4608, 2))},
         ["is a LoRA for a Lumina-2 model", "this model is 160 wide"]),
        ("oft.safetensors", {"layers.0.attention.to_q.oft_blocks": np.zeros((2, 2, 2))}, ["(OFT)", "not supported"]),
        ("dit.safetensors", {"layers.0.attention.to_q.weight": np.zeros((2, 2))}, ["is a Z-Image DiT: give it with --model"]),
        ("shape.safetensors", {"layers.0.attention.to_q.lora_A.weight": np.zeros((2, 2)),
                               "layers.1.attention.to_k.lora_A.weight": np.zeros((2, DIM)),
                               "layers.2.attention.to_k.lora_A.weight": np.zeros((2, DIM)),
                               "layers.2.attention.to_k.lora_B.weight": np.zeros((DIM, 2)),
                               "layers.0.attention.to_q.lora_B.weight": np.zeros((DIM, 3))},
         ["to_q.lora_A.weight is [2, 2], should be [2, 160]", "to_q.lora_B.weight is [160, 3], should be [160, 2]",
          "layers.1.attention.to_k has no lora_up"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_file_is_named_for_what_it_is(work, name, tensors, parts):
    write_file(work.folder / name, tensors)
    before = work.files()
    failure(work.job("--lora", name), 4, name, *parts)
    assert work.files() == before


def test_every_bad_file_is_in_one_message(work):
    write_file(work.folder / "a.safetensors", {"lora_unet_down_blocks_0.lora_down.weight": np.zeros((2, 2))})
    write_file(work.folder / "b.safetensors", {"joint_blocks.0.x.lora_A.weight": np.zeros((2, 2))})
    result = work.job("--lora", "a.safetensors", "--lora", "b.safetensors")
    failure(result, 4, "a.safetensors is a LoRA for a Stable Diffusion 1, 2 or XL model; b.safetensors")


def test_a_training_adapter_goes_through_if_that_is_asked_for(work):
    write_file(work.folder / "training_adapter.safetensors", style())
    result = work.job("--lora", "training_adapter.safetensors", "--lora-allow-unmatched")
    assert result.code == 0 and "is a training adapter by its name" in result.err


def test_a_file_of_which_nothing_fits_is_an_error_whatever_is_allowed(work):
    write_file(work.folder / "flux.safetensors", {"transformer.single_transformer_blocks.0.proj.lora_A.weight": np.ones((2, 2))})
    result = work.job("--lora", "flux.safetensors", "--lora-allow-unmatched")
    failure(result, 4, "is a LoRA for a Flux model", "leave out the others")


def test_bad_values_files_and_scales(work):
    tensors = style()
    tensors["diffusion_model.cap_embedder.1.lora_B.weight"][3, 1] = np.nan
    write_file(work.folder / "nan.safetensors", tensors)
    failure(work.job("--lora", "nan.safetensors"), 4, "nan.safetensors", "cap_embedder.1.lora_B.weight", "not finite")
    failure(work.job("--lora", "none.safetensors"), 4, "none.safetensors does not exist")
    failure(work.job("--lora", "none.safetensors:x"), 4, "none.safetensors:x does not exist")
    failure(work.job("--lora", "style.safetensors:0,5"), 2, 'the scale "0,5" is not a number')
    failure(work.job("--lora", "style.safetensors:inf"), 2, "not a finite number")
    (work.folder / "half.safetensors").write_bytes((work.folder / "style.safetensors").read_bytes()[:5000])
    failure(work.job("--lora", "half.safetensors"), 4, "half.safetensors")
    (work.folder / "a:0.5").write_bytes((work.folder / "style.safetensors").read_bytes())
    assert work.job("--lora", "a:0.5:1", "--dry-run").code == 0


def test_doctor_knows_them(work):
    result = work.run("doctor", "--lora", "style.safetensors", env=environment())
    assert result.code == 0 and b"LoRA of rank 4 for 21 layers" in result.out
    assert work.run("doctor", "--lora", "picture.png").code == 4
