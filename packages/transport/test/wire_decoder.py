"""Reads weft's frames (docs/wire-format.md) from standard input and prints one JSON line for each.

Written from the document and RFC 3720 alone, to show that the document is enough. Standard library only; for tests."""

import hashlib, json, struct, sys

TABLE = []  # RFC 3720 appendix B.4: CRC-32C, polynomial 0x1edc6f41; its bits reversed are 0x82f63b78
for crc in range(256):
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    TABLE.append(crc)

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF

def need(condition, what):
    if not condition:
        raise ValueError(what)

NUMBERS = dict(zip(range(0xCA, 0xD4), ">f >d >B >H >I >Q >b >h >i >q".split()))  # msgpack types and their forms
LENGTHS = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I", 0xDC: ">H", 0xDD: ">I", 0xDE: ">H", 0xDF: ">I"}

def msgpack(data, at):
    """One value of those that headers may hold, and where it ends."""
    def number(form):
        nonlocal at
        at += struct.calcsize(form)
        return struct.unpack_from(form, data, at - struct.calcsize(form))[0]
    kind = number(">B")
    if kind <= 0x7F or kind >= 0xE0:
        return (kind ^ 0x80) - 0x80, at
    if kind in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[kind], at
    if kind in NUMBERS:
        return number(NUMBERS[kind]), at
    need(kind <= 0xBF or kind in LENGTHS, f"header: type {kind:#x}")
    count = number(LENGTHS[kind]) if kind in LENGTHS else kind & (31 if kind >= 0xA0 else 15)
    if 0xA0 <= kind <= 0xBF or 0xD9 <= kind <= 0xDB:
        need(at + count <= len(data), "header: cut off")
        return data[at : at + count].decode("utf-8"), at + count
    is_map, values = kind <= 0x8F or kind >= 0xDE, []
    for _ in range(count * (2 if is_map else 1)):
        item, at = msgpack(data, at)
        values.append(item)
    need(not is_map or all(isinstance(key, str) for key in values[::2]), "header: a key that is no string")
    return dict(zip(values[::2], values[1::2])) if is_map else values, at

def frames(data):
    at = 0
    while at < len(data):
        need(len(data) - at >= 40, "prefix: cut off")
        magic, version, kind, flags, term, header_bytes, payload_bytes, request, reserved, crc = struct.unpack_from(
            "<4sBBHIIQQII", data, at)
        need(magic == b"WEFT", "prefix: magic")
        need(crc == crc32c(data[at : at + 36]), "prefix: crc")
        need(version == 1 and flags & ~1 == 0 and reserved == 0 and request < 1 << 53, "prefix: fields")
        begin, at = at + 40, at + 40 + header_bytes
        header, end = msgpack(data[begin:at], 0) if header_bytes else ({}, 0)
        need(isinstance(header, dict) and end == header_bytes, "header: not one map")
        payload_at = at + -header_bytes % 8
        payload = data[payload_at : payload_at + payload_bytes]
        need(len(payload) == payload_bytes and not any(data[at:payload_at]), "payload: cut off, or no zeros before it")
        at = payload_at + payload_bytes
        if flags & 1:
            need(data[at : at + 8] == struct.pack("<Q", crc32c(data[begin:at])), "frame: crc, or cut off")
            at += 8
        yield {"kind": kind, "term": term, "request": request, "crc": flags == 1, "header": header,
               "payloadBytes": payload_bytes, "payloadSha256": hashlib.sha256(payload).hexdigest()}

try:
    for frame in frames(sys.stdin.buffer.read()):
        print(json.dumps(frame))
except (ValueError, struct.error) as error:
    sys.exit(f"refused: {error}")
