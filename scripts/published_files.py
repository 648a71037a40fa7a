"""The model files that people have: the names, shapes and types of their tensors, and what is known of their sizes.

Sizes and counts come from the files' pages and from header dumps by others. Where they say less than a file holds, the
choice is marked. Tensors are (name, dtype, shape) for safetensors, (name, type, shape) for GGUF.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "cli"))

from model_files import layouts, tiny  # noqa: E402

DIT = tiny.dit_shapes(dim=3840, ffn=10240, t_mid=1024, caption=2560, layers=30, refiners=2)
TEXT = tiny.text_shapes(
    hidden=2560, ffn=9728, heads=32, kv_heads=8, head_dim=128, layers=36, vocabulary=151936
)  # fmt: skip
CONTROL = {
    "full": tiny.control_shapes(dim=3840, ffn=10240, layers=15, refiners=2),
    "lite": tiny.control_shapes(dim=3840, ffn=10240, layers=3, refiners=2),
}
Shape = tuple[int, ...]
Tensor = tuple[str, str, Shape]


@dataclass
class Published:
    """A file. `header` is the published header's length, to which ours is padded with spaces as the format allows."""

    path: str
    tensors: list[Tensor]
    size: int | None = None
    count: int | None = None
    header: int | None = None
    metadata: dict[str, str] | None = None
    contents: dict[str, bytes] = field(default_factory=dict)  # what a tensor begins with, if not with zeros
    keys: str = ""  # GGUF: "", "lumina2" or "qwen3"
    note: str = ""


def plain(shapes: dict[str, Shape], dtype: str, prefix: str = "") -> list[Tensor]:
    return [(prefix + name, dtype, shape) for name, shape in shapes.items()]


def ldm_shapes() -> dict[str, Shape]:
    shapes = {}
    for name, shape in tiny.vae_shapes().items():
        matrix = "attentions" in name and name.endswith("weight") and len(shape) == 2
        shapes[layouts.ldm_name(name)] = (*shape, 1, 1) if matrix else shape
    return shapes


def split(shapes: dict[str, Shape]) -> dict[str, Shape]:
    """Gives a ControlNet diffusers' names."""
    parts: dict[str, Shape] = {}
    for name, shape in shapes.items():
        if ".attention.qkv." in name:
            parts |= {name.replace("qkv", part): (shape[0] // 3, *shape[1:]) for part in ("to_q", "to_k", "to_v")}
        else:
            parts[layouts.diffusers_dit_name(name)] = shape
    return parts


def up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def layer_tensors(layer: str, shape: Shape, format: dict, input_scale: bool = False) -> list[Tensor]:
    """Returns what a quantised layer stores, without its marker."""
    rows, columns = shape
    kind = format["format"]
    if kind == "int8_tensorwise":
        return [(f"{layer}.weight", "I8", shape), (f"{layer}.weight_scale", "F32", (rows, 1))]
    if kind == "float8_e4m3fn":
        return [(f"{layer}.weight", "F8_E4M3", shape), (f"{layer}.weight_scale", "F32", ())]
    assert kind == "nvfp4"
    tensors: list[Tensor] = [
        (f"{layer}.weight", "U8", (up(rows, 16), up(columns, 16) // 2)),
        (f"{layer}.weight_scale", "F8_E4M3", (up(rows, 128), up(columns // 16, 4))),
        (f"{layer}.weight_scale_2", "F32", ()),
    ]
    return [*tensors, (f"{layer}.input_scale", "F32", ())] if input_scale else tensors


def quantised(
    path: str, shapes: dict[str, Shape], format_of: Callable[[str, Shape], dict | None], rest: str, prefix: str = "",
    markers: bool = True, input_scale: bool = False, **known,
) -> Published:  # fmt: skip
    """Describes a file in ComfyUI's formats, with a marker for each layer or with a table in its header."""
    file = Published(path, [], **known)
    table = {}
    for name, shape in shapes.items():
        format = format_of(name, shape)
        if format is None:
            file.tensors.append((prefix + name, rest, shape))
            continue
        layer = prefix + name.removesuffix(".weight")
        file.tensors += layer_tensors(layer, shape, format, input_scale)
        table[layer] = format
        if markers:
            text = json.dumps(format).encode()
            file.tensors.append((f"{layer}.comfy_quant", "U8", (len(text),)))
            file.contents[f"{layer}.comfy_quant"] = text
    if not markers:
        text = json.dumps({"format_version": "1.0", "layers": table})
        file.metadata = {"_quantization_metadata": text}
    return file


CONVROT = {"format": "int8_tensorwise", "convrot": True, "convrot_groupsize": 256}


def mixed_text_format(name: str, shape: Shape) -> dict | None:
    """qwen_3_4b_fp8_mixed: its bytes allow only 12 nvfp4 layers of 4 wide and 8 narrow attention matrices, and 63 bf16
    ones of 44 MLP, 13 wide and 6 narrow attention matrices. Which these are isn't known; these are a choice."""
    if not layouts.is_text_matrix(name):
        return None
    layer = int(name.split(".")[1])
    if layer < 4 and any(part in name for part in ("q_proj", "k_proj", "v_proj")):
        return {"format": "nvfp4"}
    plain_mlp = "mlp" in name and (layer >= 22 or layer == 21 and "down" not in name)
    plain_wide = "o_proj" in name and layer >= 23
    plain_narrow = ("k_proj" in name or "v_proj" in name) and layer >= 33
    return None if plain_mlp or plain_wide or plain_narrow else {"format": "float8_e4m3fn"}


def more_bits(layer: int, layers: int = 36) -> bool:
    """llama.cpp's rule for the layers of a K_M file that get a wider type."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def text_gguf(name: str, kind: str) -> str:
    """Qwen3-4B by llama.cpp, Q8_0 or Q4_K_M."""
    if name == "embed_tokens.weight":
        return "Q6_K" if kind == "Q4_K_M" else kind
    if kind != "Q4_K_M":
        return kind
    wide = ("v_proj" in name or "down_proj" in name) and more_bits(int(name.split(".")[1]))
    return "Q6_K" if wide else "Q4_K"


def gguf_text(path: str, kind: str, **known) -> Published:
    tensors = [
        (layouts.llama_name(name), "F32" if len(shape) == 1 else text_gguf(name, kind), shape)
        for name, shape in TEXT.items()
    ]
    return Published(path, tensors, count=398, keys="qwen3", **known)


def gguf_dit(path: str, kind_of: Callable[[str], str], keys: str = "", rest: str = "F32", **known) -> Published:
    def kind(name: str, shape: Shape) -> str:
        if len(shape) == 1 or name.endswith("pad_token"):
            return "F32"
        return kind_of(name) if layouts.is_block_matrix(name) else rest

    tensors = [(name, kind(name, shape), shape) for name, shape in DIT.items()]
    return Published(path, tensors, count=453, keys=keys, **known)


def leejet(kind: str, size: int) -> Published:
    """stable-diffusion.cpp's own files: no key-values; the refiners are Q8_0, but in Q4_0 the noise refiner isn't."""

    def kind_of(name: str) -> str:
        return "Q8_0" if name.startswith("context_refiner" if kind == "Q4_0" else ("context_", "noise_")) else kind

    return gguf_dit(f"leejet/z_image_turbo-{kind}.gguf", kind_of, size=size)


def mixed_dit(name: str) -> str:
    """unsloth's Q4_K_M: K types by tensor, refiners in bf16. Which tensor has which isn't known; this is a choice."""
    if "_refiner." in name:
        return "BF16"
    if "w2" in name or "qkv" in name:
        return "Q6_K" if more_bits(int(name.split(".")[1]), 30) else "Q5_K"
    return "Q5_K" if "out" in name else "Q4_K"


def published() -> list[Published]:
    comfy = "comfy/models"
    text, dit = f"{comfy}/text_encoders", f"{comfy}/diffusion_models"
    matrix = layouts.is_block_matrix
    files = [
        Published(f"{dit}/z_image_turbo_bf16.safetensors", plain(DIT, "BF16"), 12309866400, 453, 48920),
        quantised(
            f"{dit}/z_image_turbo_int8_convrot.safetensors", DIT, lambda n, s: CONVROT if matrix(n) else None, "F32",
            size=6201001296, count=857, header=91000, metadata={},
        ),
        quantised(
            f"{dit}/z_image_turbo_nvfp4.safetensors", DIT,
            lambda n, s: {"format": "nvfp4"} if matrix(n) and n.startswith("layers.") else None, "BF16",
            markers=False, input_scale=True, size=4509509600, count=993, header=113080,
        ),
        Published(f"{text}/qwen_3_4b.safetensors", plain(TEXT, "BF16", "model."), 8044982048, 398, 45848),
        quantised(
            f"{text}/qwen_3_4b_fp8_mixed.safetensors", TEXT, mixed_text_format, "BF16", "model.",
            size=5631994051, count=788, header=87608, note="which layers have which format is a choice",
        ),
        Published(
            f"{comfy}/vae/ae.safetensors", plain(ldm_shapes(), "F32"), 335304388, 244, 25648,
            note="its header is padded",
        ),
        gguf_dit(
            "unsloth/z-image-turbo-Q8_0.gguf", lambda n: "BF16" if "_refiner." in n else "Q8_0", "lumina2",
            note="published: 7.25 GB",
        ),
        gguf_dit("unsloth/z-image-turbo-Q4_K_M.gguf", mixed_dit, "lumina2", note="published: 5,017,613,376 bytes"),
        gguf_dit("city96/z_image_turbo-Q8_0.gguf", lambda n: "Q8_0", "lumina2", "BF16", note="no size is published"),
        gguf_text("unsloth/Qwen3-4B-Q8_0.gguf", "Q8_0", size=4280405792),
        gguf_text("unsloth/Qwen3-4B-Q4_K_M.gguf", "Q4_K_M", size=2497281312),
    ]  # fmt: skip
    sizes = {
        "Q8_0": 6577440704, "Q6_K": 5263239104, "Q5_0": 4542547904, "Q4_K": 3864250304, "Q4_0": 3683370944,
        "Q3_K": 3143559104, "Q2_K": 2592442304,
    }  # fmt: skip
    return [*files, *(leejet(kind, size) for kind, size in sizes.items()), *controls(f"{comfy}/model_patches")]


def diffusers_folder(folder: str) -> list[Published]:
    """The files of Tongyi-MAI/Z-Image-Turbo, each in one piece, and with the configurations that it can't do without."""
    transformer = plain(split(DIT), "F32")
    return [
        Published(f"{folder}/transformer/diffusion_pytorch_model.safetensors", transformer, note="published: 24.6 GB"),
        Published(f"{folder}/text_encoder/model.safetensors", plain(TEXT, "BF16", "model."), note="published: 8.0 GB"),
        Published(f"{folder}/vae/diffusion_pytorch_model.safetensors", plain(tiny.vae_shapes(), "F32"), note="0.34 GB"),
    ]


def controls(folder: str) -> list[Published]:
    """ControlNets, and quantised ones, of which nobody published a list of tensors."""
    stem = "Z-Image-Turbo-Fun-Controlnet-Union-2.1"
    names = split(CONTROL["full"])
    eight_bit = [
        (n, "F32" if len(s) == 1 else "Q8_0" if layouts.is_block_matrix(n) else "BF16", s) for n, s in names.items()
    ]
    int8 = quantised(
        f"{folder}/{stem}-int8_convrot.safetensors", names,
        lambda n, s: CONVROT if layouts.is_block_matrix(n) else None, "BF16", note="its names are a guess",
    )  # fmt: skip
    files = [
        Published(f"{folder}/{stem}.safetensors", plain(names, "BF16"), count=295, note="published: 6.7 GB"),
        Published(f"{folder}/{stem}-lite.safetensors", plain(split(CONTROL["lite"]), "BF16"), note="published: 2.0 GB"),
        int8,
        Published(f"{folder}/{stem}-Q8_0.gguf", eight_bit, note="its names are a guess"),
    ]
    for file in files:  # in 2.0 these weren't trained and are zero
        for name, _, _ in file.tensors:
            if name.startswith("control_noise_refiner.") and name.endswith("after_proj.weight"):
                file.contents[name] = b"\x80\x3f"  # a bfloat16 one, and zeros
    return files
