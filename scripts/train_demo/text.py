"""Stage 2 trains the tokenizer and the text encoder.

Before it learns with the DiT, the text encoder learns the world's language (next token) and what is where (through a
linear probe on its last token, thrown away afterwards). These minutes save the DiT hours.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import nn
from transformers import Qwen3Config, Qwen3ForCausalLM

from . import common, world
from .batched import CAPTION

TEMPLATE = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
BATCH, MUON_RATE, RATE = 128, 4e-3, 2e-3
PLACE_CLASSES = len(world.COLOURS) + 1, len(world.SHAPES) + 1, len(world.SIZES) + 1  # 0: nothing there


def make_tokenizer(path: Path) -> None:
    from make_tokenizer_fixtures import train_tokenizer

    texts = world.corpus() + ["user\n", "assistant\n"] * 2000
    tokenizer = train_tokenizer(None, texts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n")


class Captions:
    def __init__(self, path: Path):
        self.tokenizer = Tokenizer.from_file(str(path))

    def __call__(self, captions: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns token ids [B, 32] (0 where there is none) and which positions hold one."""
        encoded = [e.ids for e in self.tokenizer.encode_batch([TEMPLATE.format(c) for c in captions])]
        longest = max(len(ids) for ids in encoded)
        if longest > CAPTION:
            raise ValueError(f"a caption has {longest} tokens: {captions}")
        ids = torch.zeros(len(encoded), CAPTION, dtype=torch.long)
        for row, values in zip(ids, encoded):
            row[: len(values)] = torch.tensor(values)
        lengths = torch.tensor([len(values) for values in encoded])
        return ids, torch.arange(CAPTION) < lengths[:, None]


def build(vocabulary: int) -> Qwen3ForCausalLM:
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=-(-vocabulary // 64) * 64, hidden_size=128, intermediate_size=320, num_hidden_layers=4,
            num_attention_heads=4, num_key_value_heads=2, head_dim=32, tie_word_embeddings=True,
            max_position_embeddings=1024, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
            bos_token_id=None, eos_token_id=None, attn_implementation="sdpa",
        )
    )  # fmt: skip


def embed(encoder: Qwen3ForCausalLM, ids: torch.Tensor) -> torch.Tensor:
    """Returns prompt_embeds [B, 32, D] from the last layer but one, like Z-Image. No caption sees what follows it."""
    states = encoder.model(input_ids=ids, output_hidden_states=True, use_cache=False).hidden_states
    return states[-2].float()


class Probe(nn.Module):
    """Predicts the background and what is at each place from the caption's last token."""

    def __init__(self, width: int):
        super().__init__()
        self.places = nn.Linear(width, len(world.PLACES) * sum(PLACE_CLASSES))
        self.background = nn.Linear(width, len(world.BACKGROUNDS) + len(world.PATTERNS))

    def forward(self, embeds: torch.Tensor, filled: torch.Tensor, scenes: list[world.Scene]) -> torch.Tensor:
        last = F.rms_norm(embeds[torch.arange(len(scenes)), filled.sum(dim=1) - 1], embeds.shape[-1:])
        at_places = self.places(last).view(len(scenes), len(world.PLACES), -1).split(PLACE_CLASSES, dim=-1)
        truth = torch.zeros(3, len(scenes), len(world.PLACES), dtype=torch.long)
        for row, scene in enumerate(scenes):
            for thing in scene.things:
                place = tuple(world.PLACES).index(thing.place)
                truth[0, row, place] = 1 + tuple(world.COLOURS).index(thing.colour)
                truth[1, row, place] = 1 + world.SHAPES.index(thing.shape)
                truth[2, row, place] = 1 + tuple(world.SIZES).index(thing.size)
        loss = sum(F.cross_entropy(logits.flatten(0, 1), t.flatten()) for logits, t in zip(at_places, truth))
        colour, pattern = self.background(last).split((len(world.BACKGROUNDS), len(world.PATTERNS)), dim=-1)
        colours = torch.tensor([tuple(world.BACKGROUNDS).index(s.background) for s in scenes])
        patterns = torch.tensor([world.PATTERNS.index(s.pattern) for s in scenes])
        return loss + 0.3 * (F.cross_entropy(colour, colours) + F.cross_entropy(pattern, patterns))


def train(folder: Path, minutes: float, seed: int) -> None:
    """Writes folder/tokenizer/tokenizer.json and folder/text_encoder."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    path = folder / "tokenizer" / "tokenizer.json"
    make_tokenizer(path)
    captions = Captions(path)
    encoder = build(captions.tokenizer.get_vocab_size(with_added_tokens=True)).train()
    probe = Probe(encoder.config.hidden_size)
    hidden, rest = common.split_parameters(encoder)
    optimizers = common.Optimizers(hidden, rest + list(probe.parameters()), MUON_RATE, RATE)
    clock = common.Clock(minutes)
    progress = common.Progress(clock, "text")
    while clock.part < 1:
        scenes = [world.make_scene(rng) for _ in range(BATCH)]
        ids, filled = captions([world.describe(scene, rng) for scene in scenes])
        with torch.autocast("cpu", torch.bfloat16):
            result = encoder(input_ids=ids, output_hidden_states=True, use_cache=False)
            told = probe(result.hidden_states[-2].float(), filled, scenes)
        targets = torch.where(filled, ids, -100)[:, 1:]
        language = F.cross_entropy(result.logits[:, :-1].float().flatten(0, 1), targets.flatten())
        (language + told).backward()
        optimizers.step(clock.factor())
        progress.add(language=language, told=told)
    encoder.eval().save_pretrained(folder / "text_encoder")
