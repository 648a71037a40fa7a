#!/usr/bin/env python3
"""Writes tests/fixtures/tokenizer: small tokenizers in the layout of Qwen's tokenizer.json, and texts with their ids.

    scripts/make_tokenizer_fixtures.py     needs the package tokenizers; the same version writes the same bytes

tokenizer.json is trained here on the texts of corpus(); tokenizer-strings.json is the same with merges as strings;
flags.json has added tokens with every flag. cases.json holds texts and the ids that the package gives. bundled.json
holds the same for the tokenizer in data/tokenizer (make_bundled_tokenizer.py), of which the package gets the same tokens.
"""
import itertools
import json
import pathlib
import random

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import make_bundled_tokenizer as bundled

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/tokenizer"
QWEN2_PATTERN = bundled.PATTERN
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
NOT_SPECIAL = ["<tool_call>", "</tool_call>", "<think>", "</think>"]

COLOURS = "red orange yellow green blue purple pink brown black white gray teal golden silver".split()
SIZES = "small large tiny huge tall narrow wide round square striped dotted shiny wooden metal glass paper".split()
THINGS = (
    "circle square triangle star ring cross heart diamond ball cube cat dog bird fish horse fox owl flower tree leaf "
    "mountain river lake house tower bridge boat car bicycle train cup plate bowl lamp chair table book clock window "
    "door moon sun cloud rainbow beach forest field street portrait woman man child hat coat umbrella apple lemon"
).split()
PLACES = (
    "on a white background|on a dark background|in the middle of the picture|in the upper left corner|at the bottom|"
    "in front of a wall|next to a window|under a blue sky|at sunset|in the snow|in soft morning light|on a wooden table|"
    "between two trees|above the horizon|with a long shadow|seen from above|close up, shallow depth of field"
).split("|")
STYLES = (
    "a photo of|a drawing of|an oil painting of|a watercolor of|a pixel art picture of|a flat vector icon of|"
    "a detailed photograph of|a picture showing|an illustration of"
).split("|")
SENTENCES = """\
Replace the background with a quiet street in the rain, neon signs reflecting on the wet ground.
Remove the person on the left; it's getting dark and they're walking away. Don't change the rest.
Fill the hole with grass and flowers, matching the light and the grain of the photograph.
The text on the sign reads "OPEN 24 HOURS" in bold red letters, 35mm film, f/1.8, ISO 400, 8k, high detail.
A cinematic portrait of a young woman, soft light, sharp focus, natural skin texture, looking at the camera.
Ein kleines Haus am See, im Hintergrund hohe Berge und ein großer, dunkler Wald über der Brücke.
Une petite maison près de la forêt, un ciel bleu, des fleurs dorées et un garçon qui rêve à côté.
Un gato pequeño duerme sobre una mesa de madera junto a la ventana; mañana será otro día.
Красный круг на белом фоне, маленький дом у реки, осенний лес и облака над горами.
一只红色的猫坐在木桌上,背景是蓝天和白云,阳光明媚,细节丰富,高清摄影。
一个年轻女子的肖像,柔和的光线,穿着绿色的外套,站在城市的街道上,夜晚,霓虹灯。
青い空の下に小さな家があります。猫が窓のそばで眠っている写真、柔らかい光。
푸른 하늘 아래 작은 집이 있고 고양이가 창가에서 자고 있다.
صورة قطة صغيرة على طاولة خشبية. ภาพแมวสีแดงบนโต๊ะไม้ लाल बिल्ली मेज पर बैठी है
""".splitlines()


def corpus(seed: int = 0, count: int = 4000) -> list[str]:
    """Returns captions of pictures, and some sentences in other languages and of other kinds."""
    rng = random.Random(seed)

    def thing() -> str:
        words = [rng.choice(SIZES)] * (rng.random() < 0.5) + [rng.choice(COLOURS)] * (rng.random() < 0.8)
        return " ".join(["a", *words, rng.choice(THINGS)])

    captions = []
    for _ in range(count):
        text = thing() if rng.random() < 0.4 else f"{rng.choice(STYLES)} {thing()}"
        if rng.random() < 0.4:
            text += f" and {thing()}"
        if rng.random() < 0.7:
            text += f" {rng.choice(PLACES)}"
        captions.append(text[0].upper() + text[1:] + "." if rng.random() < 0.3 else text)
    return captions + SENTENCES * 40


def qwen_pre_tokenizer(pattern: str = QWEN2_PATTERN) -> pre_tokenizers.PreTokenizer:
    split = pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False)
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def train_tokenizer(vocab_size: int | None, texts: list[str]) -> Tokenizer:
    """Trains a byte-level BPE in Qwen's layout with `vocab_size` tokens, including the added ones at the end.

    With None it has as many tokens as the texts give.
    """
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix=""))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = qwen_pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=(vocab_size or 32768) - len(SPECIAL) - len(NOT_SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        continuing_subword_prefix="",
        end_of_word_suffix="",
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in NOT_SPECIAL])
    if vocab_size and tokenizer.get_vocab_size() != vocab_size:
        raise SystemExit(f"the corpus gives {tokenizer.get_vocab_size()} tokens, not {vocab_size}")
    data = to_json(tokenizer)
    for step in (data["pre_tokenizer"]["pretokenizers"][1], data["decoder"], data["post_processor"]):
        step |= {"add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return Tokenizer.from_str(json.dumps(data))


def to_json(tokenizer: Tokenizer) -> dict:
    return json.loads(tokenizer.to_str())


def with_string_merges(data: dict) -> dict:
    merges = [" ".join(pair) for pair in data["model"]["merges"]]
    return data | {"model": data["model"] | {"merges": merges}}


def with_flags(data: dict) -> dict:
    """Returns added tokens with every flag, on a vocabulary of few merges; some overlap, some are words or spaces."""
    merges = data["model"]["merges"][:60]
    bytes_only = dict(itertools.islice(sorted(data["model"]["vocab"].items(), key=lambda kv: kv[1]), 256 + 60))
    small = data | {"added_tokens": [], "model": data["model"] | {"vocab": bytes_only, "merges": merges}}
    tokenizer = Tokenizer.from_str(json.dumps(small))
    flags = [
        ("<a>", {}), ("<a><b>", {}), ("<b>", {}), ("<L>", {"lstrip": True}), ("<R>", {"rstrip": True}),
        ("<LR>", {"lstrip": True, "rstrip": True}), ("<w>", {"single_word": True}), ("cat", {"single_word": True}),
        ("caf\u00e9", {"normalized": True}), ("na\u0308ive", {"normalized": True}),
        ("o\u0308de", {"normalized": False}), ("word", {"normalized": True, "single_word": True}),
        ("<N>", {"normalized": True, "lstrip": True, "rstrip": True}), ("<N><M>", {"normalized": True}),
        (" <S>", {}), ("   ", {"rstrip": True}), ("\t", {"rstrip": True}), ("\u00e9", {}),
        ("\u4e2d\u6587", {"single_word": True}), ("<|im_start|>", {"special": True}), ("<|im_end|>", {"special": True}),
        ("the", {"normalized": True}),
    ]  # fmt: skip
    for content, options in flags:
        tokenizer.add_tokens([AddedToken(content, **({"normalized": False} | options))])
    return to_json(tokenizer)


HARD = [
    "", " ", "  ", "\n", "\r\n", "\n\n", " \n", "\n ", "\t", "a", "A photo of a cat", "a  b", "a   b", " a", "  a", "a ",
    "a  ", "a\nb", "a\r\nb", "a \r\n b", "a\n\n\nb", "a \n \n b", "\r\r\n\n\r", "x\t\ty", "line one\nline two\r\nline three\r",
    "it's", "IT'S", "It'S they'RE we'Ve I'M you'LL he'D don'T", "'s", "''s", "'sad", "'stone", "'lland", "'ſ 'ſad", "\u2019s it\u2019s",
    "rock'n'roll", "'re'ver", "1234567890", "3.14159", "1,000,000", "x2y3", "f/1.8 35mm ISO 400", "½ ² Ⅷ ٣ ३ 𝟜 ①", "v1.0.0-rc2",
    "hello, world!", "wait...what?!", "!!!\n\n", "...\r\n...", " !?", "(a photo, of: a cat;)", "\"quoted\" 'single' `code`", "a_b_c", "a-b-c",
    "#hashtag @user $5 50% C++ C# <html> & | \\ / ^ ~", "http://example.com/a?b=c&d=e#f", "user@example.com",
    "一只红色的猫坐在木桌上", "青い空の下に小さな家があります。", "カタカナ ひらがな 漢字", "푸른 하늘", "中文English混合123文字", "。、「」!?", "𠀀𠀁𪚥",
    "\u1100\u1161\u11a8", "\u1112\u1161\u11ab\u1100\u1173\u11af", "\uac00\u11a8", "\uac00\u11a7", "\u1100\u1161\u11a7", "\u1100\u1100\u1161", "\u3131\u314f",
    "e\u0301", "\u00e9", "cafe\u0301 café", "A\u030a \u00c5 \u212b", "o\u0302\u0323 o\u0323\u0302 \u1ed9", "\u0301leading", "q\u0323\u0307 q\u0307\u0323", "a\u0300\u0301\u0302\u0303\u0304",
    "\u0344 \u0340 \u0341 \u0343", "\u0958 \u0959 \u09dc \u0a33 \u0f43", "\ufb1d \ufb2a \u2adc", "\u1e9b\u0323", "\u212a \u2126 \u00b5", "\ufb01 \ufb03 \u2460", "\u0387 \u037e \u1fef",
    "\U0001d15e \U0001d160", "\U0002f800 \ufa0e \uf900", "\u09c7\u09be \u0bc6\u0bbe \u0dd9\u0dcf\u0dca", "\u1b05\u1b35", "\U00011131\U00011127", "\u3099\u304b\u3099 \u304b\u3099",
    "\U00011935\U00011930", "q\u1df6\u0334", "q\u0345\u1ac1", "q\u0345\U0001e08f", "\U00016d67\U00016d67", "\U000105d2\u0307", "\U00016121\U00016120", "\U00011382\U000113c9",
    "👍", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "❤️", "🇩🇪🇫🇷", "1️⃣", "😀😀😀", "cat 🐱 dog 🐶", "☃\ufe0f ☃\ufe0e", "🧑‍🚀🚀",
    "\u0085", "a\u0085b", "\u2028", "a\u2028b", "a\u2029b", "\u00a0", "a\u00a0b", "a \u00a0 b", "\u180e", "a\u180eb", "a \u180e b", "\u180e\u180e", "\u180ea",
    "\u200b", "a\u200bb", "\u200c\u200d\u2060\ufeff", "\u3000", "a\u3000b", "\u1680x", "\u2000\u2001\u2002x", "a\u202fb\u205fc", "\x0b\x0c\x1c\x1d\x1e\x1f", "a\x0bb\x0cc", "\x00", "a\x00b", "\x7f",
    "  \u3000\n \u00a0x", "\u2003\u2003a", " \u00a0\n\u00a0 ", "\r \n \r\n", "end \n", "end\n ", "end   \n   ", "\n\n  start",
    "\ufffd \ufffe \uffff \U0010ffff", "\ue000 \U000f0000", "\u0378 \U0001fffe", "𞤀𞤁𞤂", "𝕳𝖊𝖑𝖑𝖔", "ﬀ ﬁ ß ẞ ŉ ǰ", "İ ı i̇", "Σσς",
    "\U00031350\U000323af", "\U0002ebf0 \U0002b739", "\U000105c0\U00010d40", "\u1c89\ua7cb", "\U00011f04 \U00011f50", "\U0001e4d0\U0001e4f0", "\u088f \ua7ce", "\U000323b0",
    "שלום עולם", "صورة قطة", "لَا إِلٰهَ", "ภาพแมว", "लाल बिल्ली", "বিড়াল", "தமிழ்", "ქართული", "Ελληνικά άλφα", "Красный круг", "ქ", "ፊደል", "ខ្មែរ", "བོད་ཡིག", "မြန်မာ",
    "<|im_start|>user\na cat<|im_end|>\n<|im_start|>assistant\n", "<|im_start|><|im_end|>", "a<|im_end|>b", " <|im_end|> ", "<|im_start|", "<|im_start|im_start|>", "<<|im_end|>>",
    "<|im_end|><|im_end|>\n\n<|im_end|>", "<tool_call>x</tool_call>", "<tool_call><think></think></tool_call>", "<think>\n\n</think>\n\n", "<|endoftext|>", "<|ENDOFTEXT|>",
    "e<|im_end|>\u0301", "\u1100<think>\u1161", "it<think>'s", "<|vision_start|><|image_pad|><|vision_end|>", "<|im_end|>  x", "x  <|im_end|>", "\n<think>\n",
]  # fmt: skip
FLAGGED = [
    "<a>", "<a><b>", "<a><b><a>", "<b><a>", "<a><a><b><b>", "x<a>y", " <a> ", "<L>", "  <L>  ", "a  <L>  b", "<R>  b", "<R>  <L>", "<L>  <R>  <LR>  x", "a \n\t<LR>\u3000 b",
    "<R>   <S>", "<R> <S>", "a  <S>", "<w>", "a<w>", "<w>a", "a <w> b", "_<w>", "<w>9", "\u200d<w>", "\u0301<w>", "<w>\u24b6", "\u4e2d<w>", ".<w>.", "<w><w>", "cat", "cats", "a cat.", "concat cat",
    "cat cat", "catcat", "CAT cat's", "caf\u00e9", "cafe\u0301", "cafe\u0301s", "na\u0308ive n\u00e4ive", "o\u0308de \u00f6de", "word", "sword words word", "word\u0301", "<N>", " <N> ", "a <N> b <N><M> c",
    "<N><M>", "<N> <M>", "<R> <N>", "   ", "    x", "      x", "\t\t", " \t ", "\u00e9", "e\u0301", "\u00e9\u0301", "\u4e2d\u6587", "\u4e2d\u6587\u5b57", "a\u4e2d\u6587", " \u4e2d\u6587 ", "the", "then the other",
    "<|im_start|>user\nthe cat<|im_end|>\n", "<R>\u180e<L>", "\u180e<L>", "<R>\u0085\u2028<L>", "<a> <L> <R> <w> <LR>", "\U0001e4d0<w>", "\U000323b0<w>", "\U00011f50<w>", "<R>    <R>    ", "\t   \t   <L>",
]  # fmt: skip
REPEATED = [
    ("a", 700), ("ab", 300), ("the ", 250), (" ", 600), ("\n", 300), (" \n", 200), ("1", 100), ("!", 300), ("\u0301", 200), ("e\u0301\u0323", 100),
    ("猫", 150), ("👍", 80), ("'s", 120), ("<think>", 60), ("a cat and ", 60), ("\u3000", 100), ("\r\n", 150), ("zq", 200),
]  # fmt: skip


def make_cases(folder: dict[str, dict]) -> list[dict]:
    loaded = {name: Tokenizer.from_str(json.dumps(data)) for name, data in folder.items()}
    rng = random.Random(7)
    plan = [("tokenizer.json", t, 1) for t in HARD + SENTENCES + rng.sample(corpus(1), 40)]
    plan += [("tokenizer.json", t, n) for t, n in REPEATED]
    plan += [("flags.json", t, 1) for t in FLAGGED + HARD[::4]]
    cases = []
    for name, text, repeat in plan:
        ids = loaded[name].encode(text * repeat, add_special_tokens=False).ids
        cases.append({"tokenizer": name, "text": text, "repeat": repeat, "ids": ids})
    return cases


def make_bundled_cases() -> list[dict]:
    tokens, merges, added = bundled.read_bundled(bundled.MERGES.read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_str(json.dumps(bundled.as_tokenizer_json(tokens, merges, added)))
    rng = random.Random(8)
    template = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
    texts = HARD + SENTENCES + [template.format(text) for text in SENTENCES[:6] + rng.sample(corpus(1), 14)]
    texts += added + [f"a {token}  b\n{token}{token[:-1]}" for token in added] + [text * min(n, 40) for text, n in REPEATED]
    return [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids} for text in texts]


def dump(path: pathlib.Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def main() -> None:
    trained = to_json(train_tokenizer(1280, corpus()))
    folder = {"tokenizer.json": trained, "tokenizer-strings.json": with_string_merges(trained), "flags.json": with_flags(trained)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in folder.items():
        dump(FOLDER / name, data)
    made = {"script": "scripts/make_tokenizer_fixtures.py", "tokenizers": tokenizers.__version__}
    lists = {"cases.json": make_cases(folder), "bundled.json": make_bundled_cases()}
    for name, cases in lists.items():
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        (FOLDER / name).write_text(f'{{"made_by":{json.dumps(made)},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
    count = sum(map(len, lists.values()))
    print(f"{count} cases, {sum(f.stat().st_size for f in FOLDER.iterdir()) // 1024} KB in {FOLDER}")


if __name__ == "__main__":
    main()
