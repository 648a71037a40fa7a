"""Damages one thing of a model's file: a tensor, a scale, or what says how a layer was encoded."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from . import layouts, packs, tiny
from .damage_gguf import NANS, gguf_tensors
from .packs import ENCODINGS, Pack
from .stored import Stored, read_safetensors

#: The small model has the caption width of the fixtures' text encoder, and rows of 1024 where it is encoded.
SHAPES = tiny.dit_shapes(dim=384, ffn=1024, t_mid=64, caption=40)
LAYER = "layers.1.feed_forward.w2"
VECTOR = "layers.1.attention_norm1.weight"
METADATA = "_quantization_metadata"
#: A NaN as a byte that is a block scale in the named format.
BYTE_NANS = {"mxfp8": b"\xff", "nvfp4": b"\x7f"}


@dataclass
class Damage:
    """What is done to a pack, and the words of which the message must have one. `loads` says that only reading the
    weights shows it."""

    name: str
    apply: Callable[[Pack], None]
    says: tuple[str, ...]
    loads: bool = False


def is_encoded(name: str) -> bool:
    return name.endswith(".feed_forward.w2.weight")


@cache
def small_dit() -> tiny.Weights:
    return tiny.draw(SHAPES, 5)


@cache
def pack(name: str) -> Pack:
    """Returns an undamaged pack, which several tests share."""
    encoding = ENCODINGS[name]
    return packs.encode(small_dit(), encoding, is_encoded, encoding.prefix)


def _remove(key: str) -> Callable[[Pack], None]:
    return lambda pack: pack.tensors.pop(key)


def _rename(key: str) -> Callable[[Pack], None]:
    def apply(pack: Pack) -> None:
        pack.tensors[f"{key}x"] = pack.tensors.pop(key)

    return apply


def _reshape(key: str) -> Callable[[Pack], None]:
    """Takes a row away, or a column where there is one row; a single number becomes two."""

    def apply(pack: Pack) -> None:
        tensor = pack.tensors[key]
        count = int(np.prod(tensor.shape, dtype=np.int64))
        width = len(tensor.data) // max(count, 1)
        if count <= 1:
            pack.tensors[key] = Stored(tensor.dtype, [2], tensor.data * 2 if tensor.data else bytes(2 * max(width, 1)))
            return
        axis = 0 if tensor.shape[0] > 1 else 1
        shape = [size - (i == axis) for i, size in enumerate(tensor.shape)]
        pack.tensors[key] = Stored(tensor.dtype, shape, tensor.data[: int(np.prod(shape)) * width])

    return apply


def _poison(key: str, code: bytes) -> Callable[[Pack], None]:
    def apply(pack: Pack) -> None:
        tensor = pack.tensors[key]
        pack.tensors[key] = Stored(tensor.dtype, tensor.shape, code + tensor.data[len(code) :])

    return apply


def _tensor_damages(pack: Pack, key: str, format: str, bare: str) -> Iterator[Damage]:
    yield Damage(f"{bare} removed", _remove(key), (bare,))
    yield Damage(f"{bare} renamed", _rename(key), (bare,))
    yield Damage(f"{bare} mis-shaped", _reshape(key), (bare,))
    dtype = pack.tensors[key].dtype
    code = BYTE_NANS.get(format) if dtype == "U8" and bare.endswith("weight_scale") else NANS.get(dtype)
    if code:
        yield Damage(f"{bare} NaN", _poison(key, code), (bare,), loads=True)


def _marker_damages(key: str, bare: str, layer: str) -> Iterator[Damage]:
    def write(text: bytes) -> Callable[[Pack], None]:
        return lambda pack: pack.tensors.__setitem__(key, Stored("U8", [len(text)], text))

    yield Damage(f"{bare} removed", _remove(key), (bare, layer))
    yield Damage(f"{bare} renamed", _rename(key), (bare,))
    yield Damage(f"{bare} cut", write(b'{"format": '), (bare,))
    yield Damage(f"{bare} of no format", write(b'{"convrot": true}'), (bare,))
    yield Damage(f"{bare} of an unknown format", write(b'{"format": "nvfp5"}'), ("nvfp5",))


def _group_damages(layer: str, where: str, key: str) -> Iterator[Damage]:
    """Gives groups that no rotation has, or that don't divide the columns."""
    for size in (0, 48, 4096):
        format = {"format": "int8_tensorwise", "convrot": True, "convrot_groupsize": size}

        def apply(pack: Pack, format: dict = format) -> None:
            text = json.dumps(format).encode()
            if where != "metadata":
                pack.tensors[key] = Stored("U8", [len(text)], text)
            if where != "markers":
                _edit_layers(pack, layer, format)

        yield Damage(f"groups of {size}", apply, (layer,))


def _edit_layers(pack: Pack, layer: str, format: dict | None) -> None:
    table = json.loads(pack.metadata[METADATA])
    key = next(name for name in table["layers"] if name.endswith(layer))
    if format is None:
        del table["layers"][key]
    else:
        table["layers"][key] = format
    pack.metadata[METADATA] = json.dumps(table)


def _metadata_damages(layer: str, needed: bool) -> Iterator[Damage]:
    def replace(text: str) -> Callable[[Pack], None]:
        return lambda pack: pack.metadata.__setitem__(METADATA, text)

    yield Damage("metadata cut", replace('{"layers": '), (METADATA,))
    yield Damage(
        "metadata of an unknown format", lambda pack: _edit_layers(pack, layer, {"format": "nvfp5"}), ("nvfp5",)
    )
    yield Damage("metadata without a layer", lambda pack: _edit_layers(pack, layer, None), (layer,))
    if needed:
        yield Damage("metadata removed", lambda pack: pack.metadata.clear(), (".feed_forward.w2",))


def layers(name: str) -> list[str]:
    """The layers of an encoding that are worth a damage: of a mixed file one of each format."""
    if name != "mixed":
        return [LAYER]
    return [f"{group}.0.feed_forward.w2" for group in ("noise_refiner", "context_refiner")] + [LAYER]


def safetensors_damages(name: str) -> Iterator[Damage]:
    whole, encoding = pack(name), ENCODINGS[name]
    for layer in layers(name):
        format = whole.formats.get(layer, {}).get("format", "")
        prefix = f"{encoding.prefix}{layer}."
        for key in [key for key in whole.tensors if key.startswith(prefix)]:
            bare = key.removeprefix(encoding.prefix)
            if bare.endswith(".comfy_quant"):
                if encoding.formats == "markers":
                    yield from _marker_damages(key, bare, layer)
            elif not bare.endswith(("input_scale", "scale_input")):  # these belong to what the tool doesn't quantise
                yield from _tensor_damages(whole, key, format, bare)
        if whole.formats.get(layer, {}).get("convrot"):
            yield from _group_damages(layer, encoding.formats, f"{prefix}comfy_quant")
        if encoding.formats in ("metadata", "unprefixed"):
            yield from _metadata_damages(layer, needed=not format.startswith("float8"))
    for key in encoding.extra:
        for apply, word in ((_remove, "removed"), (_rename, "renamed")):
            yield Damage(f"{key} {word}", apply(encoding.prefix + key), (key, "scale_weight"))
    if not any(whole.formats):  # the others differ in their matrices alone
        yield from _tensor_damages(whole, encoding.prefix + VECTOR, "", VECTOR)


def damaged(name: str, damage: Damage) -> Pack:
    copy = deepcopy(pack(name))  # bytes aren't copied
    damage.apply(copy)
    return copy


def gguf_pack(kind: str) -> dict:
    return gguf_tensors(small_dit(), kind, is_encoded)


def plain_dit(caption: int) -> Pack:
    """An undamaged DiT in bf16 for a text encoder of another width."""
    shapes = tiny.dit_shapes(dim=384, ffn=1024, t_mid=64, caption=caption, layers=1)
    return packs.encode(tiny.draw(shapes, 5), ENCODINGS["bf16"], is_encoded)


def ldm_vae(folder: Path, name: str, what: str) -> Pack:
    """A diffusers VAE under LDM's names with one of them damaged."""
    tensors, _ = read_safetensors(folder / "diffusion_pytorch_model.safetensors")
    values = {n: np.frombuffer(t.data, dtype=np.float32).reshape(t.shape) for n, t in tensors.items()}
    whole = packs.encode(layouts.ldm_vae(values), ENCODINGS["f32"], lambda weight: False)
    damages = {d.name: d for d in _tensor_damages(whole, name, "", name)}
    damages[f"{name} {what}"].apply(whole)
    return whole
