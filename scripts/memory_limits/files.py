"""The model files of the published shapes, with random weights, written when they are first needed."""

import os
import shutil
import sys
from pathlib import Path

import make_published_shapes
from published_files import Published, diffusers_folder, published

FOLDER = "diffusers/Z-Image-Turbo"
VAE = "comfy/models/vae/ae.safetensors"
TEXT_Q8_0 = "unsloth/Qwen3-4B-Q8_0.gguf"
TEXT_BF16 = f"{FOLDER}/text_encoder/model.safetensors"
#: The parts of each model: DiT, text encoder, VAE.
MODELS = {
    "Q4_K_M": ("unsloth/z-image-turbo-Q4_K_M.gguf", TEXT_Q8_0, VAE),
    "Q8_0": ("leejet/z_image_turbo-Q8_0.gguf", TEXT_Q8_0, VAE),
    "bf16": ("comfy/models/diffusion_models/z_image_turbo_bf16.safetensors", TEXT_BF16, VAE),
    "F32": (f"{FOLDER}/transformer/diffusion_pytorch_model.safetensors", TEXT_BF16, VAE),
}
SPARE = 4e9  # bytes of disk that stay free


def known() -> dict[str, Published]:
    return {file.path: file for file in [*published(), *diffusers_folder(FOLDER)]}


def write_model(folder: Path, name: str, share: float) -> list[Path]:
    """Writes the parts of a model that aren't there, and returns their paths. A `share` below 1 leaves the rest of each
    matrix of the diffusers folder a hole: the file has its size, but takes less of the disk."""
    files = known()
    for path in MODELS[name]:
        if (folder / path).exists():
            continue
        part = share if path.startswith(FOLDER) else 1.0
        # A file appears under its name once it is whole, so that one that was interrupted isn't taken for it.
        temporary = folder / "unfinished"
        file = files[path]
        check_disk(folder, file, part)
        whole = Published(**{**vars(file), "path": f"unfinished/{path}"})
        if not make_published_shapes.write(folder, whole, part):
            sys.exit(f"error: {path} doesn't have the published size")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        os.sync()
        (temporary / path).rename(folder / path)
        shutil.rmtree(temporary)
    return [folder / path for path in MODELS[name]]


def check_disk(folder: Path, file: Published, share: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    need = make_published_shapes.data_size(file) if file.path.endswith(".gguf") else safetensors_size(file)
    free = shutil.disk_usage(folder).free
    if need * share + SPARE > free:
        sys.exit(f"error: {file.path} takes {need * share / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB free; "
                 "keep 4 GB free, or leave holes with --share 0.1")  # fmt: skip


def safetensors_size(file: Published) -> int:
    return sum(make_published_shapes.bytes_of(dtype, shape) for _, dtype, shape in file.tensors)


def forget(paths: list[Path]) -> None:
    """Drops the files from the page cache. A page that stays counts for whoever read it first, and so for no limit."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)
