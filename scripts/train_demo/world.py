"""The demo model's world: one or two simple shapes on a patterned background, and the sentences that describe them.

Sizes are in pixels, colours in 0..255. A scene is data; `draw` makes its picture, `describe` a true sentence about it.
"""

from dataclasses import dataclass, replace

import numpy as np

SHAPES = ("circle", "square", "triangle", "cross")
COLOURS = {
    "red": (212, 38, 42),
    "yellow": (246, 206, 32),
    "green": (32, 140, 62),
    "blue": (38, 74, 204),
    "purple": (138, 46, 168),
    "black": (26, 26, 30),
}
SIZES = {"small": 0.31, "large": 0.46}  # parts of the picture's shorter side
BACKGROUNDS = {
    "white": (226, 226, 224),
    "grey": (150, 152, 156),
    "pink": (232, 166, 184),
    "cyan": (142, 210, 222),
    "beige": (220, 198, 156),
    "brown": (158, 116, 88),
}
PATTERNS = ("plain", "gradient", "striped", "checkered")
PLACES = {  # parts of the picture's width and height
    "in the top left": (0.26, 0.26), "at the top": (0.5, 0.26), "in the top right": (0.74, 0.26),
    "on the left": (0.26, 0.5), "in the center": (0.5, 0.5), "on the right": (0.74, 0.5),
    "in the bottom left": (0.26, 0.74), "at the bottom": (0.5, 0.74), "in the bottom right": (0.74, 0.74),
}  # fmt: skip
PICTURE_SIZES = (  # (height, width): how often each is drawn
    ((128, 128), 0.60), ((96, 96), 0.06), ((96, 128), 0.06), ((128, 96), 0.06), ((112, 144), 0.04), ((144, 112), 0.04),
    ((128, 160), 0.04), ((160, 128), 0.04), ((128, 192), 0.03), ((192, 128), 0.03),
)  # fmt: skip

CONTRAST = 20.0  # how far a pattern goes each way from the background's colour
STRIPE_PERIOD, TILE_PERIOD = 24.0, 32.0
EDGE_WIDTH = 2.0  # how wide a shape's border is blended
BACKGROUND_JITTER, OBJECT_JITTER, PLACE_JITTER = 4.0, 6.0, 0.03


@dataclass(frozen=True)
class Thing:
    shape: str
    colour: str
    size: str
    place: str
    centre: tuple[float, float]  # x, y in pixels
    extent: float  # the side of the square it fills, in pixels
    rgb: tuple[float, float, float]


@dataclass(frozen=True)
class Scene:
    height: int
    width: int
    pattern: str
    background: str
    rgb: tuple[float, float, float]
    vertical: bool
    phase: tuple[float, float]  # in turns
    things: tuple[Thing, ...]

    def without_things(self) -> "Scene":
        return replace(self, things=())


# --- Scenes ------------------------------------------------------------------------------------------------------------


def _pick(rng: np.random.Generator, names) -> str:
    names = tuple(names)
    return names[int(rng.integers(len(names)))]


def _jitter(rng: np.random.Generator, rgb, amount: float) -> tuple[float, float, float]:
    return tuple(float(c) for c in np.clip(np.asarray(rgb) + rng.uniform(-amount, amount, 3), 0, 255))


def make_thing(rng: np.random.Generator, height: int, width: int, **fixed: str) -> Thing:
    """Makes a thing at one of the places; `fixed` names the shape, colour, size or place it must have."""
    shape, colour = fixed.get("shape") or _pick(rng, SHAPES), fixed.get("colour") or _pick(rng, COLOURS)
    size, place = fixed.get("size") or _pick(rng, SIZES), fixed.get("place") or _pick(rng, PLACES)
    side = min(height, width)
    x, y = PLACES[place]
    dx, dy = rng.uniform(-PLACE_JITTER, PLACE_JITTER, 2) * side
    extent = SIZES[size] * side * rng.uniform(0.94, 1.06)
    centre = (float(x * width + dx), float(y * height + dy))
    return Thing(shape, colour, size, place, centre, float(extent), _jitter(rng, COLOURS[colour], OBJECT_JITTER))


def _apart(a: Thing, b: Thing) -> bool:
    gap = max(abs(a.centre[0] - b.centre[0]), abs(a.centre[1] - b.centre[1]))
    return gap > (a.extent + b.extent) / 2 + 4


def make_scene(rng: np.random.Generator, size: tuple[int, int] = (128, 128), things: int | None = None) -> Scene:
    """Makes a scene. If `things` is None it has no, one or two things, as in training."""
    height, width = size
    if things is None:
        things = int(rng.choice(3, p=(0.14, 0.58, 0.28)))
    placed: list[Thing] = []
    for _ in range(40):
        if len(placed) == things:
            break
        thing = make_thing(rng, height, width)
        if all(_apart(thing, other) for other in placed):
            placed.append(thing)
    background = _pick(rng, BACKGROUNDS)
    return Scene(
        height, width, _pick(rng, PATTERNS), background, _jitter(rng, BACKGROUNDS[background], BACKGROUND_JITTER),
        bool(rng.integers(2)), tuple(float(p) for p in rng.uniform(0, 1, 2)), tuple(placed),
    )  # fmt: skip


# --- Pictures ----------------------------------------------------------------------------------------------------------


def _soft_wave(turns: np.ndarray) -> np.ndarray:
    """Returns a square wave with soft flanks, in -1..1."""
    return np.tanh(2.5 * np.sin(2 * np.pi * turns)) / np.tanh(2.5)


def _pattern(scene: Scene) -> np.ndarray:
    """[H, W] in -1..1."""
    y = np.arange(scene.height, dtype=np.float64)[:, None] + 0.5
    x = np.arange(scene.width, dtype=np.float64)[None, :] + 0.5
    along = y / scene.height if scene.vertical else x / scene.width
    zero = np.zeros((scene.height, scene.width))
    if scene.pattern == "gradient":
        rising = 1.0 if scene.phase[0] < 0.5 else -1.0
        return zero + rising * (2 * along - 1) * 1.4
    if scene.pattern == "striped":
        return zero + _soft_wave((y if scene.vertical else x) / STRIPE_PERIOD + scene.phase[0])
    if scene.pattern == "checkered":
        return _soft_wave(y / TILE_PERIOD + scene.phase[0]) * _soft_wave(x / TILE_PERIOD + scene.phase[1])
    return zero


def _box(x: np.ndarray, y: np.ndarray, half_x: float, half_y: float) -> np.ndarray:
    return np.maximum(np.abs(x) - half_x, np.abs(y) - half_y)


def distance(thing: Thing, height: int, width: int) -> np.ndarray:
    """Returns [H, W], roughly the signed distance to the thing's border in pixels, negative inside."""
    y = np.arange(height, dtype=np.float64)[:, None] + 0.5 - thing.centre[1]
    x = np.arange(width, dtype=np.float64)[None, :] + 0.5 - thing.centre[0]
    half = thing.extent / 2
    if thing.shape == "circle":
        return np.hypot(x, y) - half
    if thing.shape == "square":
        return _box(x, y, half * 0.88, half * 0.88)
    if thing.shape == "cross":
        return np.minimum(_box(x, y, half, half * 0.34), _box(x, y, half * 0.34, half))
    slope = np.hypot(2.0, 1.0)  # triangle: apex at the top, base as wide as it is high
    return np.maximum((2 * np.abs(x) - (y + half)) / slope, y - half)


def coverage(thing: Thing, height: int, width: int) -> np.ndarray:
    """[H, W] in 0..1."""
    return np.clip(0.5 - distance(thing, height, width) / EDGE_WIDTH, 0, 1)


def draw(scene: Scene) -> np.ndarray:
    """uint8 [H, W, 3]."""
    picture = np.asarray(scene.rgb) + (CONTRAST * _pattern(scene))[..., None]
    for thing in scene.things:
        cover = coverage(thing, scene.height, scene.width)[..., None]
        picture = picture * (1 - cover) + np.asarray(thing.rgb) * cover
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def edges(picture: np.ndarray) -> np.ndarray:
    """Draws white lines on black, uint8 [H, W, 3], where the colour changes sharply (Sobel, then a threshold)."""
    p = np.pad(picture.astype(np.float64), ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = p[:-2] + 2 * p[1:-1] + p[2:]
    columns = p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    gradient = np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2]).max(axis=-1) / 8
    line = np.clip((gradient - 13) / 6, 0, 1) * 255
    return np.repeat(np.rint(line).astype(np.uint8)[..., None], 3, axis=2)


# --- Sentences ---------------------------------------------------------------------------------------------------------


def describe_background(scene: Scene) -> str:
    return f"{scene.pattern} {scene.background} background"


def describe_thing(thing: Thing, size: bool = True, place: bool = True) -> str:
    words = ["a", thing.size if size else "", thing.colour, thing.shape, thing.place if place else ""]
    return " ".join(word for word in words if word)


def describe_fully(scene: Scene) -> str:
    """Returns the plainest full sentence, which evaluation and the README use."""
    if not scene.things:
        return f"an empty {describe_background(scene)}"
    return " and ".join(describe_thing(t) for t in scene.things) + f" on a {describe_background(scene)}"


def describe(scene: Scene, rng: np.random.Generator) -> str:
    """Returns a true sentence about the scene, in one of several wordings, sometimes without a detail."""
    background = describe_background(scene)
    if not scene.things:
        ways = ("an empty {}", "an empty {}", "a {} with nothing on it", "a picture of an empty {}", "only a {}")
        return ways[int(rng.integers(len(ways)))].format(background)
    order = list(scene.things)
    if len(order) == 2 and rng.uniform() < 0.5:
        order.reverse()
    keep = rng.uniform(size=(2, len(order))) > 0.12
    phrases = [describe_thing(t, bool(keep[0, i]), bool(keep[1, i])) for i, t in enumerate(order)]
    what = " and ".join(phrases)
    if rng.uniform() < 0.06:
        return what
    way = rng.uniform()
    if way < 0.6:
        return f"{what} on a {background}"
    if way < 0.8:
        return f"a {background} with {what}"
    if len(order) == 1:
        return f"a picture of {what} on a {background}"
    return f"{what}, on a {background}"


def corpus() -> list[str]:
    """Returns sentences with every word of the world, for the tokenizer."""
    rng = np.random.default_rng(0)
    return [describe(make_scene(rng), rng) for _ in range(4000)]
