#!/usr/bin/env python3
"""Writes models/demo: a tiny Z-Image with random weights, so that the whole chain runs without a download.

    make_demo_model.py [--output FOLDER] [--tokenizer FILE]
"""

import argparse
import sys
from pathlib import Path

import diffusers
import torch
import transformers
from tokenizers import Tokenizer

from reference import tiny_models as tiny
from reference.fixture_files import sign_weights

ROOT = Path(__file__).resolve().parent.parent
SIDE = 128

CARD = """# Demo model

A Z-Image of the same parts and file layout as the real one, but tiny (%(megabytes).1f MB, %(parameters)s parameters in
the DiT) and with **random weights**: it has learnt nothing. It shows that the whole chain runs (prompt, text encoder,
DiT, VAE, composite), not what Z-Image-Turbo can do: the hole is filled with colours that mean nothing.

- made by `scripts/make_demo_model.py` (seeds fixed), bf16, for pictures of about %(side)dx%(side)d pixels
- `picture.png` and `mask.png` are drawn by `scripts/make_demo_picture.py`
- licence: Apache-2.0, as the rest of the project

For a real model see "Get the model" in the project's README.
"""


def write(folder: Path, tokenizer: Path) -> None:
    vocabulary = Tokenizer.from_file(str(tokenizer)).get_vocab_size(with_added_tokens=True)
    kept = {name: (folder / name).read_bytes() for name in ("picture.png", "mask.png") if (folder / name).is_file()}
    transformer = tiny.build_transformer(
        41, dim=64, n_heads=2, n_kv_heads=2, n_layers=3, n_refiner_layers=1, cap_feat_dim=64, axes_dims=[8, 12, 12]
    )
    text_encoder = tiny.build_text_encoder(
        42, "causal", vocab_size=-(-(vocabulary + 1) // 64) * 64, hidden_size=64, intermediate_size=128,
        num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=16, tie_word_embeddings=True,
        max_position_embeddings=1024, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
    )  # fmt: skip
    vae = tiny.build_vae(43, block_out_channels=(16, 24, 32, 32), layers_per_block=2, norm_num_groups=8)
    tiny.save_folder(
        folder,
        *(part.to(torch.bfloat16) for part in (transformer, text_encoder, vae)),
        tokenizer,
        index_extra={"native_megapixels": round(SIDE * SIDE / 1e6, 4), "demo": True, "random_weights": True},
    )
    sign_weights(folder, "scripts/make_demo_model.py")
    for name, data in kept.items():
        (folder / name).write_bytes(data)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    parameters = sum(p.numel() for p in transformer.parameters())
    card = CARD % {"megabytes": size / 1e6, "parameters": f"{parameters:,}", "side": SIDE}
    (folder / "README.md").write_text(card)
    print(f"wrote {size / 1e6:.2f} MB to {folder}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "models" / "demo")
    parser.add_argument("--tokenizer", type=Path, default=ROOT / "tests/fixtures/tokenizer/tokenizer.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    diffusers.logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if not arguments.tokenizer.is_file():
        parser.error(f"{arguments.tokenizer} is missing: run scripts/make_tokenizer_fixtures.py first")
    write(arguments.output, arguments.tokenizer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
