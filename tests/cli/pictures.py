"""Picture files for the tests: 16-bit PNGs, which Pillow reads at 8 bits, and ICC profiles."""

import struct
import zlib

import numpy as np

# Channels by PNG's colour type.
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
    """uint16 pixels [H, W, C] of a 16-bit PNG that isn't interlaced."""
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


def profile(primaries=SRGB, gamma=2.2):
    """A matrix profile (ICC.1:2001-04) with one gamma; with no primaries a grey one."""

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
