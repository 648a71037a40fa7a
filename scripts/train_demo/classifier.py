"""The judge of evaluate_demo names the colour and shape in the middle of a crop. It is trained only on clean scenes."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from . import common, world

SIDE, BATCH, RATE = 48, 64, 3e-3
COLOURS, SHAPES = ("nothing", *world.COLOURS), ("nothing", *world.SHAPES)


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        widths = (3, 16, 32, 48, 64)
        layers = []
        for i, (before, after) in enumerate(zip(widths, widths[1:])):
            layers += [nn.Conv2d(before, after, 3, padding=1, stride=1 if i == 0 else 2, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Dropout(0.1))
        self.colour, self.shape = nn.Linear(64 * 9, len(COLOURS)), nn.Linear(64 * 9, len(SHAPES))

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns logits of COLOURS and SHAPES for crops [B, 3, 48, 48] in -1..1."""
        features = self.body(crops)
        return self.colour(features), self.shape(features)


def cut(picture: np.ndarray, centre: tuple[float, float], side: float) -> torch.Tensor:
    """Returns the square around centre (x, y) as [3, 48, 48] in -1..1; outside the picture its border is repeated."""
    height, width, _ = picture.shape
    pixels = torch.from_numpy(picture.copy()).permute(2, 0, 1).float().unsqueeze(0) / 127.5 - 1
    steps = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    x = (centre[0] + steps * side / 2) / width * 2 - 1
    y = (centre[1] + steps * side / 2) / height * 2 - 1
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=-1).unsqueeze(0)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)[0]


def draw_example(rng: np.random.Generator) -> tuple[torch.Tensor, int, int]:
    """Draws a crop around a thing, or around nothing, with the margins that evaluation uses and some more."""
    scene = world.make_scene(rng, common.draw_size(rng))
    picture = world.draw(scene)
    if rng.uniform() < 0.12 or not scene.things:
        scene = scene.without_things()
        side = rng.uniform(0.35, 0.7) * min(scene.height, scene.width)
        centre = rng.uniform(side / 2, (scene.width, scene.height) - np.full(2, side / 2))
        return cut(world.draw(scene), tuple(centre), side), 0, 0
    thing = scene.things[int(rng.integers(len(scene.things)))]
    side = thing.extent * rng.uniform(1.1, 1.9)
    centre = np.asarray(thing.centre) + rng.uniform(-0.12, 0.12, 2) * thing.extent
    return cut(picture, tuple(centre), side), COLOURS.index(thing.colour), SHAPES.index(thing.shape)


def draw_batch(rng: np.random.Generator, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    crops, colours, shapes = zip(*(draw_example(rng) for _ in range(count)))
    return torch.stack(crops), torch.tensor(colours), torch.tensor(shapes)


def load(path: Path) -> Judge:
    judge = Judge()
    judge.load_state_dict(load_file(path))
    return judge.eval()


@torch.no_grad()
def validate(judge: Judge, seed: int = 4242, count: int = 2000) -> tuple[float, float]:
    """Returns the shares of colours and shapes that it gets right, on clean scenes that it wasn't trained on."""
    crops, colours, shapes = draw_batch(np.random.default_rng(seed), count)
    colour, shape = judge(crops)
    right = (colour.argmax(1) == colours).float().mean(), (shape.argmax(1) == shapes).float().mean()
    return right[0].item(), right[1].item()


def train(path: Path, minutes: float, seed: int) -> None:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    judge = Judge()
    optimizer = torch.optim.AdamW(judge.parameters(), lr=RATE, weight_decay=0.01, foreach=True)
    clock = common.Clock(minutes)
    progress = common.Progress(clock, "classifier")
    while clock.part < 1:
        crops, colours, shapes = draw_batch(rng, BATCH)
        colour, shape = judge(crops)
        loss = F.cross_entropy(colour, colours) + F.cross_entropy(shape, shapes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = RATE * clock.factor()
        optimizer.step()
        progress.add(loss=loss)
    judge.eval()
    right = validate(judge)
    print(f"classifier: colours {right[0]:.2%}, shapes {right[1]:.2%} right on clean scenes")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(judge.state_dict(), path, metadata={"script": "scripts/train_demo", "classes": "see classifier.py"})
