"""The last stage writes models/demo in bf16 from the fp32 weights of the work folder."""

import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ZImageControlNetModel, ZImageTransformer2DModel
from transformers import Qwen3ForCausalLM

from reference import tiny_models
from reference.fixture_files import sign_weights

SCRIPT = "scripts/train_demo"
MEGAPIXELS = 0.0164  # 128 x 128
LIMIT_MB = 16.0


def write(folder: Path, output: Path) -> None:
    """Replaces the model's parts in `output` and keeps its pictures and card."""
    load = {"torch_dtype": torch.bfloat16}
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "demo"
        tiny_models.save_folder(
            made,
            ZImageTransformer2DModel.from_pretrained(folder / "transformer", **load),
            Qwen3ForCausalLM.from_pretrained(folder / "text_encoder", dtype=torch.bfloat16),
            AutoencoderKL.from_pretrained(folder / "vae", **load),
            folder / "tokenizer" / "tokenizer.json",
            index_extra={"native_megapixels": MEGAPIXELS, "demo": True},
        )
        if (folder / "controlnet").is_dir():
            ZImageControlNetModel.from_pretrained(folder / "controlnet", **load).save_pretrained(made / "controlnet")
        sign_weights(made, SCRIPT)
        output.mkdir(parents=True, exist_ok=True)
        for part in sorted(made.iterdir()):
            target = output / part.name
            if target.is_dir():
                shutil.rmtree(target)
            shutil.move(part, target)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file()) / 1e6
    print(f"wrote {output}: {size:.2f} MB")
    if size > LIMIT_MB:
        raise SystemExit(f"{size:.2f} MB is more than the {LIMIT_MB:g} MB that the demo model may take")
