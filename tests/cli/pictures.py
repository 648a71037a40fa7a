"""Reads and writes files for the tests: 16-bit PNGs and TIFFs, which Pillow reads at 8 bits, and ICC profiles."""

import struct
import zlib

import numpy as np

# The number of channels by PNG's colour type.
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


def save_png16(path, pixels):
    """uint16 pixels [H, W] or [H, W, C]."""
    height, width = pixels.shape[:2]
    color = {1: 0, 2: 4, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def load_png16(path):
    """Reads the uint16 pixels [H, W, C] of a 16-bit PNG that isn't interlaced."""
    data = path.read_bytes()
    at, packed, header = 8, b"", None
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        header = struct.unpack(">IIBBBBB", body) if kind == b"IHDR" else header
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    width, height, depth, color = header[:4]
    assert depth == 16, "not a 16-bit PNG"
    step = 2 * CHANNELS[color]
    raw = zlib.decompress(packed)
    before = np.zeros(width * step, dtype=np.uint8)
    rows = []
    for y in range(height):
        start = y * (width * step + 1)
        before = unfilter(raw[start], np.frombuffer(raw[start + 1 : start + 1 + width * step], np.uint8), before, step)
        rows.append(before)
    return np.frombuffer(np.stack(rows).tobytes(), ">u2").reshape(height, width, -1).astype(np.uint16)


def unfilter(kind, row, above, step):
    out = np.zeros(len(row) + step, dtype=np.int64)
    up = np.concatenate([np.zeros(step, dtype=np.int64), above.astype(np.int64)])
    for i in range(len(row)):
        left, top, corner = out[i], up[i + step], up[i]
        if kind == 4:
            estimate = left + top - corner
            distances = [abs(estimate - left), abs(estimate - top), abs(estimate - corner)]
            guess = (left, top, corner)[distances.index(min(distances))]
        else:
            guess = (0, left, top, (left + top) // 2)[kind]
        out[i + step] = (int(row[i]) + guess) % 256
    return out[step:].astype(np.uint8)


def save_tiff16(path, pixels, order="<"):
    """Writes uint16 pixels [H, W, C] uncompressed; the last of 2 or 4 channels is alpha that was not multiplied."""
    height, width, channels = pixels.shape
    data = pixels.astype(order + "u2").tobytes()
    entries = [(256, 4, width), (257, 4, height), (258, 3, [16] * channels), (259, 3, 1), (262, 3, 2 if channels >= 3 else 1),
               (273, 4, 8), (277, 3, channels), (278, 4, height), (279, 4, len(data))]  # fmt: skip
    if channels in (2, 4):
        entries.append((338, 3, 2))
    data += bytes(len(data) % 2)
    at = 8 + len(data)
    behind = at + 2 + 12 * len(entries) + 4
    table, values = b"", b""
    for tag, kind, value in entries:
        packed = struct.pack(f"{order}{np.size(value)}{'HL'[kind - 3]}", *np.atleast_1d(value))
        if len(packed) > 4:
            values += packed
            packed = struct.pack(order + "L", behind + len(values) - len(packed))
        table += struct.pack(order + "HHL", tag, kind, np.size(value)) + packed.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", at)
    path.write_bytes(head + data + struct.pack(order + "H", len(entries)) + table + bytes(4) + values)


def load_tiff16(path):
    """Reads uint16 pixels [H, W, C] from a 16-bit TIFF in strips, uncompressed or deflate, maybe with predictor."""
    data = path.read_bytes()
    order = "<" if data[:2] == b"II" else ">"

    def read(kind, at, count=1):
        return struct.unpack_from(f"{order}{count}{kind}", data, at)

    (at,) = read("L", 4)
    tags = {}
    for i in range(read("H", at)[0]):
        tag, kind, count = struct.unpack_from(order + "HHL", data, at + 2 + 12 * i)
        if kind in (3, 4):
            place = at + 2 + 12 * i + 8
            place = place if count * (kind * 2 - 4) <= 4 else read("L", place)[0]
            tags[tag] = read("HL"[kind - 3], place, count)
    assert set(tags[258]) == {16}, "not a 16-bit TIFF"
    (compression,), (width,), (height,), (channels,) = tags[259], tags[256], tags[257], tags[277]
    assert compression in (1, 8)
    rows = []
    for begin, size in zip(tags[273], tags[279]):
        strip = data[begin : begin + size]
        strip = zlib.decompress(strip) if compression == 8 else strip
        rows.append(np.frombuffer(strip, order + "u2").reshape(-1, width, channels).astype(np.uint16))
    pixels = np.concatenate(rows)
    assert pixels.shape[0] == height
    return np.cumsum(pixels, axis=1, dtype=np.uint16) if tags.get(317) == (2,) else pixels


def profile(primaries=SRGB, gamma=2.2):
    """Returns a matrix profile (ICC.1:2001-04) with one gamma; without primaries a grey profile."""

    def fixed(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    title = b"test profile\0"
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", len(title)) + title + bytes(4 + 4 + 2 + 1 + 67)),
        (b"cprt", b"text\0\0\0\0none\0"),
        (b"wtpt", xyz((0.9642, 1.0, 0.8249))),
    ]
    if primaries:
        tags += [(name, xyz(values)) for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)]
        tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    else:
        tags += [(b"kTRC", curve)]
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags:
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    size = at + len(body)
    space = b"RGB " if primaries else b"GRAY"
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(4 + 4 + 4 + 4 + 8 + 4)
    header += b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body
