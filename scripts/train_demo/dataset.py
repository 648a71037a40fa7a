"""Makes the scenes from which the DiT and the ControlNet learn, and keeps them with their latents."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from . import common, masks, world

CHUNK = 32
HINTS = 1 + len(world.COLOURS) + len(world.SHAPES)  # what the auxiliary loss asks about an image token


def encode(vae: nn.Module, pictures: list[np.ndarray]) -> torch.Tensor:
    """Encodes pictures, uint8 [H, W, 3] each, as latents [B, 16, H/8, W/8] in the DiT's scale."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        mode = vae.encode(common.to_tensor(pictures)).latent_dist.mode().float()
    return (mode - vae.config.shift_factor) * vae.config.scaling_factor


def token_labels(scene: world.Scene) -> np.ndarray:
    """Returns [tokens, HINTS] in 0..1: how much of a 16x16 cell a thing covers, then the same by colour and shape."""
    rows, columns = scene.height // 16, scene.width // 16
    labels = np.zeros((rows * columns, HINTS), dtype=np.float16)
    for thing in scene.things:
        cover = world.coverage(thing, scene.height, scene.width)
        cover = cover.reshape(rows, 16, columns, 16).mean(axis=(1, 3)).reshape(-1)
        colour = 1 + tuple(world.COLOURS).index(thing.colour)
        shape = 1 + len(world.COLOURS) + world.SHAPES.index(thing.shape)
        for column in (0, colour, shape):
            labels[:, column] = np.maximum(labels[:, column], cover)
    return labels


@dataclass
class Bucket:
    """Holds scenes of one size in fp16: latents, control, inpaint [N, 16, h, w]; keep [N, 1, h, w], 1 = kept."""

    scenes: list[world.Scene] = field(default_factory=list)
    parts: dict[str, list[torch.Tensor]] = field(default_factory=dict)

    def add(self, **tensors: torch.Tensor) -> None:
        for name, tensor in tensors.items():
            self.parts.setdefault(name, []).append(tensor.half())

    def close(self) -> None:
        self.parts = {name: torch.cat(chunks) for name, chunks in self.parts.items()}


def _add_control(bucket: Bucket, vae: nn.Module, scenes: list, pictures: list, rng: np.random.Generator) -> None:
    holes = [masks.draw(scene, rng) for scene in scenes]
    dug = [np.where(hole[..., None], np.uint8(128), picture) for hole, picture in zip(holes, pictures)]
    keep = torch.from_numpy(np.stack([~hole for hole in holes])).float().unsqueeze(1)
    keep = nn.functional.interpolate(keep, scale_factor=1 / 8, mode="nearest")
    edges = encode(vae, [world.edges(picture) for picture in pictures])
    bucket.add(inpaint=encode(vae, dug), control=edges, keep=keep)


def build(vae: nn.Module, seed: int, count: int, control: bool = False) -> list[Bucket]:
    """Makes `count` scenes in buckets of one size each; with `control` also the parts of the ControlNet's context."""
    rng = np.random.default_rng(seed)
    buckets: dict[tuple[int, int], Bucket] = {}
    for start in range(0, count, CHUNK):
        size = common.draw_size(rng)
        scenes = [world.make_scene(rng, size) for _ in range(CHUNK)]
        pictures = [world.draw(scene) for scene in scenes]
        bucket = buckets.setdefault(size, Bucket())
        bucket.scenes += scenes
        bucket.add(latents=encode(vae, pictures))
        if control:
            _add_control(bucket, vae, scenes, pictures, rng)
        else:
            bucket.add(labels=torch.from_numpy(np.stack([token_labels(scene) for scene in scenes])))
        if start // CHUNK % 100 == 0:
            print(f"dataset: {start} of {count} scenes", flush=True)
    for bucket in buckets.values():
        bucket.close()
    return list(buckets.values())


def draw_batch(buckets: list[Bucket], size: int, rng: np.random.Generator) -> tuple[list, dict[str, torch.Tensor]]:
    """Draws `size` scenes of one bucket, each bucket in proportion to its number of scenes."""
    weights = np.asarray([len(bucket.scenes) for bucket in buckets], dtype=float)
    bucket = buckets[int(rng.choice(len(buckets), p=weights / weights.sum()))]
    chosen = rng.integers(0, len(bucket.scenes), size)
    index = torch.from_numpy(chosen)
    return [bucket.scenes[i] for i in chosen], {name: part[index].float() for name, part in bucket.parts.items()}
