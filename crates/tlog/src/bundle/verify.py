#!/usr/bin/env python3
"""Verifies a bundle of evidence from a sealed audit log. Needs Python 3.8 and nothing else.

    python3 verify.py FOLDER --policy POLICY [--pinned CHECKPOINT]... [--rows]

The policy has the keys that you trust (https://c2sp.org/tlog-policy); it does not come with the bundle.
Exit code: 0 everything that the bundle claims is proved, 1 it is not, 2 the question could not be asked.
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import struct
import sys


class Refused(Exception):
    """The evidence does not prove what it claims."""


def need(condition, why):
    if not condition:
        raise Refused(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# -- Ed25519 (RFC 8032), verification only ---------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(a, b):
    """Adds two points in extended coordinates (RFC 8032, section 5.1.4)."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    p, q = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    r, s = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = q - p, s - r, s + r, q + p
    return e * f % P, g * h % P, f * g % P, e * h % P


def decompress(octets):
    """Reads a point; None unless it is one, in its only form."""
    y = int.from_bytes(octets, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def is_neutral(point):
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


def is_weak(point):
    """Whether a point has a small order: under such a key, things verify that nobody signed."""
    for _ in range(3):
        point = add(point, point)
    return is_neutral(point)


def times_both(k, a, n, b):
    """Returns k * a + n * b."""
    both, sum_ = {1: a, 2: b, 3: add(a, b)}, NEUTRAL
    for bit in range(max(k.bit_length(), n.bit_length()) - 1, -1, -1):
        sum_ = add(sum_, sum_)
        which = (k >> bit & 1) | (n >> bit & 1) << 1
        if which:
            sum_ = add(sum_, both[which])
    return sum_


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verifies(public, message, signature):
    if len(signature) != 64:
        return False
    key, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ORDER or is_weak(key) or is_weak(r):
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    h = int.from_bytes(digest, "little") % ORDER
    x, y, z, t = key
    minus_key = (P - x, y, z, P - t)
    x1, y1, z1, _ = times_both(s, BASE, h, minus_key)
    x2, y2, z2, _ = r
    return (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0


# -- Texts of which there is one form per meaning --------------------------------------------------------------


def is_control(char):
    return ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F


def number(text):
    need(re.fullmatch("0|[1-9][0-9]{0,19}", text, re.ASCII), "not a whole number")
    need(int(text) < 2**64, "the number is too large")
    return int(text)


def signed_number(text, bits=64):
    need(re.fullmatch("0|-?[1-9][0-9]{0,18}", text, re.ASCII), "not a whole number")
    need(-(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1), "the number is too large")
    return int(text)


def name_of(text):
    need(text and len(text.encode()) <= 1024 and not any(map(is_control, text)), "not a name")
    return text


def unhex(text, length):
    need(re.fullmatch("[0-9a-f]{%d}" % (2 * length), text, re.ASCII), "not %d bytes in hexadecimal digits" % length)
    return bytes.fromhex(text)


def unbase64(text):
    try:
        octets = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not base 64") from None
    need(base64.b64encode(octets).decode() == text, "not base 64")
    return octets


def escape(text):
    short = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "".join(short.get(c) or ("\\x%02x" % ord(c) if is_control(c) else c) for c in text)


def unescape(text):
    short = {"\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t"}

    def one(match):
        return short.get(match[0]) or chr(int(match[1], 16))

    plain = re.sub(r"\\x([0-9a-f]{2})|\\[\\nrt]", one, text)
    need(escape(plain) == text, "not an escaped text")
    return plain


def civil(days):
    """Returns year, month and day of a day counted from 0001-01-01."""
    days += 306
    era, day = divmod(days, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day, month = day - (153 * month + 2) // 5 + 1, month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day


def ticks_text(ticks):
    """Returns a time as text, None outside the years 1 to 9999."""
    if not 0 <= ticks < 3652059 * 864000000000:
        return None
    days, rest = divmod(ticks, 864000000000)
    second, fraction = divmod(rest, 10000000)
    clock = (second // 3600, second // 60 % 60, second % 60, fraction)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%07dZ" % (civil(days) + clock)


def parse_ticks(text):
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{7})Z", text, re.ASCII)
    need(match, "not a time")
    year, month, day, hour, minute, second, fraction = map(int, match.groups())
    need(1 <= month <= 12, "not a time")
    y, m = (year - 1, month + 9) if month <= 2 else (year, month - 3)
    day_of_year = (153 * m + 2) // 5 + day - 1
    days = y // 400 * 146097 + y % 400 * 365 + y % 400 // 4 - y % 400 // 100 + day_of_year - 306
    ticks = days * 864000000000 + (hour * 3600 + minute * 60 + second) * 10000000 + fraction
    need(ticks_text(ticks) == text, "not a time")
    return ticks


def seconds_text(seconds):
    text = ticks_text((seconds + 62135596800) * 10000000)
    return text and text.split(".")[0] + "Z"


class Lines:
    """Reads a text line by line."""

    def __init__(self, octets):
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("not UTF-8") from None
        need(not text or text.endswith("\n"), "the last line has no end")
        self.lines = text.split("\n")[:-1]
        self.at = 0

    def peek(self):
        return self.lines[self.at] if self.at < len(self.lines) else None

    def next(self):
        line = self.peek()
        need(line is not None, "the text ends too early")
        self.at += 1
        return line

    def expect(self, line):
        need(self.next() == line, "`%s` expected" % line)

    def next_if(self, key):
        line = self.peek()
        if line is None or not line.startswith(key + " "):
            return None
        self.at += 1
        return line[len(key) + 1 :]

    def field(self, key):
        value = self.next_if(key)
        need(value is not None, "`%s` expected" % key)
        return value

    def hashes(self):
        """Reads hashes in base 64 up to an empty line."""
        found = []
        while True:
            line = self.next()
            if not line:
                return found
            need(len(found) < 64, "too many hashes")
            found.append(unbase64(line))
            need(len(found[-1]) == 32, "not a hash")

    def rest(self):
        rest, self.at = self.lines[self.at :], len(self.lines)
        return "".join(line + "\n" for line in rest).encode()

    def end(self):
        need(self.at == len(self.lines), "the text should end here")


def split(text, count):
    parts = text.split(" ", count - 1)
    need(len(parts) == count, "too few words")
    return parts


# -- Merkle trees (RFC 6962, RFC 9162) -------------------------------------------------------------------------


def leaf_hash(entry):
    return sha256(b"\0", entry)


def node_hash(left, right):
    return sha256(b"\1", left, right)


def inclusion_root(leaf, index, size, path):
    need(index < size, "the entry lies outside the tree")
    at, last = index, size - 1
    for sibling in path:
        need(last > 0, "the path is too long")
        if at & 1 or at == last:
            leaf = node_hash(sibling, leaf)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        at, last = at >> 1, last >> 1
    need(last == 0, "the path is too short")
    return leaf


def check_consistency(old, new, proof, old_root, new_root):
    need(old <= new, "the log shrank")
    if old in (0, new):
        need(not proof, "the proof is too long")
        need(old_root == (new_root if old == new else sha256()), "the roots differ")
        return
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    proof = list(proof)
    if old & (old - 1) == 0:
        proof.insert(0, old_root)
    need(proof, "the proof is too short")
    old_hash = new_hash = proof[0]
    for sibling in proof[1:]:
        need(last > 0, "the proof is too long")
        if at & 1 or at == last:
            old_hash, new_hash = node_hash(sibling, old_hash), node_hash(sibling, new_hash)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_hash = node_hash(new_hash, sibling)
        at, last = at >> 1, last >> 1
    need(last == 0, "the proof is too short")
    need(old_hash == old_root and new_hash == new_root, "the proof leads to other roots")


def subset_root(size, leaves, hashes):
    """Returns the root over some leaves (position, hash) and the hashes of the parts without any."""
    need(all(position < size for position, _ in leaves), "a record lies outside its batch")
    hashes = iter(hashes)

    def fold(lo, hi, leaves):
        if not leaves:
            part = next(hashes, None)
            need(part is not None, "too few hashes")
            return part
        if hi - lo == 1:
            return leaves[0][1]
        middle = lo + (1 << (hi - lo - 1).bit_length() - 1)
        n_left = sum(1 for position, _ in leaves if position < middle)
        left = fold(lo, middle, leaves[:n_left])
        return node_hash(left, fold(middle, hi, leaves[n_left:]))

    root = fold(0, size, leaves)
    need(next(hashes, None) is None, "too many hashes")
    return root


# -- Signed notes, checkpoints, policies (C2SP) ----------------------------------------------------------------


def is_key_name(text):
    return bool(text) and not any(c.isspace() or c == "+" or ord(c) < 0x20 for c in text)


class Key:
    def __init__(self, vkey):
        parts = vkey.split("+", 2)
        need(len(parts) == 3 and is_key_name(parts[0]), "not a key")
        self.name, self.id, octets = parts[0], unhex(parts[1], 4), unbase64(parts[2])
        need(octets, "not a key")
        self.kind, self.public = octets[0], octets[1:]
        if self.kind in (1, 4):
            need(self.id == sha256(self.name.encode(), b"\n", octets)[:4], "the key id is wrong")
            need(len(self.public) == 32, "not an Ed25519 public key")
            point = decompress(self.public)
            need(point is not None and not is_weak(point), "not an Ed25519 public key")

    def verify(self, note):
        """Verifies every signature by this key; returns None without one, and what the first says."""
        first = None
        if self.kind not in (1, 4):
            return None
        for name, key_id, signature in note.signatures:
            if (name, key_id) != (self.name, self.id):
                continue
            message, time = note.text.encode(), 0
            if self.kind == 4:
                need(len(signature) == 72, "the signature by %s is not valid" % name)
                (time,) = struct.unpack(">Q", signature[:8])
                need(seconds_text(time), "the signature by %s is not valid" % name)
                message, signature = b"cosignature/v1\ntime %d\n" % time + message, signature[8:]
            need(ed25519_verifies(self.public, message, signature), "the signature by %s is not valid" % name)
            first = time if first is None else first
        return first


class Note:
    def __init__(self, octets):
        Lines(octets)
        text = octets.decode("utf-8")
        need(not any(ord(c) < 0x20 and c != "\n" for c in text), "control characters in a note")
        text, empty, below = text.rpartition("\n\n")
        need(empty and below, "a note has a text and signatures")
        self.text, self.signatures = text + "\n", []
        for line in below[:-1].split("\n"):
            need(line.startswith("\u2014 "), "not a signature line")
            name, signature = split(line[2:], 2)
            octets = unbase64(signature)
            need(is_key_name(name) and len(octets) > 4, "not a signature line")
            self.signatures.append((name, octets[:4], octets[4:]))
        need(len(self.signatures) <= 64, "too many signatures")


class Checkpoint:
    def __init__(self, text):
        lines = Lines(text.encode())
        self.origin, self.size, self.root = name_of(lines.next()), number(lines.next()), unbase64(lines.next())
        lines.end()
        need(len(self.root) == 32, "not a root")
        need(self.size > 0 or self.root == sha256(), "not the root of an empty tree")

    def __eq__(self, other):
        return (self.origin, self.size, self.root) == (other.origin, other.size, other.root)


class Policy:
    def __init__(self, octets):
        self.logs, self.witnesses, self.groups, self.quorum, n_quorums = [], {}, {}, None, 0
        members = set()
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("not UTF-8") from None
        for line in text.split("\n"):
            need(not any((ord(c) < 0x20 and c != "\t") or ord(c) == 0x7F for c in line), "control characters")
            words = [word for word in re.split("[ \t]", line) if word]
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "log" and len(words) in (2, 3):
                key = Key(words[1])
                need(key.kind != 4, "a log does not sign with a witness's key")
                need(all(key.public != other.public for other in self.logs), "a key is there twice")
                self.logs.append(key)
            elif words[0] == "witness" and len(words) in (3, 4):
                key = Key(words[2])
                need(not self.knows(words[1]) and words[1] != "none", "a name is defined twice")
                need(key.kind != 1, "a witness does not sign with a log's key")
                need(all(key.public != other.public for other in self.witnesses.values()), "a key is there twice")
                self.witnesses[words[1]] = key
            elif words[0] == "group" and len(words) > 3:
                own = words[3:]
                need(not self.knows(words[1]) and words[1] != "none", "a name is defined twice")
                need(all(map(self.knows, own)), "a member is not defined above")
                need(len(set(own)) == len(own) and not members & set(own), "a name is a member twice")
                count = {"any": 1, "all": len(own)}.get(words[2]) or number(words[2])
                need(1 <= count <= len(own), "the threshold does not fit")
                members |= set(own)
                self.groups[words[1]] = count, own
            elif words[0] == "quorum" and len(words) == 2:
                n_quorums += 1
                need(words[1] == "none" or self.knows(words[1]), "the quorum is not defined above")
                self.quorum = None if words[1] == "none" else words[1]
            else:
                raise Refused("`%s` is not understood" % words[0])
            need(len(self.logs) + len(self.witnesses) + len(self.groups) <= 1024, "too many definitions")
        need(n_quorums == 1, "there must be one quorum line")

    def knows(self, name):
        return name in self.witnesses or name in self.groups

    def check_log(self, note):
        checkpoint = Checkpoint(note.text)
        keys = [key for key in self.logs if key.name == checkpoint.origin]
        need(keys, "the policy does not know the log")
        signers = [key for key in keys if key.verify(note) is not None]
        need(signers, "no trusted key of the log signed the checkpoint")
        return signers

    def check(self, note):
        signers = self.check_log(note)
        seen = {name: key.verify(note) for name, key in self.witnesses.items()}
        met = {name: time is not None for name, time in seen.items()}
        for name, (count, own) in self.groups.items():
            met[name] = sum(met[member] for member in own) >= count
        need(self.quorum is None or met[self.quorum], "too few witnesses saw the checkpoint")
        return signers, seen


# -- Records ---------------------------------------------------------------------------------------------------

TYPES = {
    word: number + 1
    for number, word in enumerate("bool int long real decimal string datetime timespan guid dynamic".split())
}
HIDDEN = object()


def parse_cell(kind, text):
    """Returns the bytes of a value that are hashed, and the value as JSON has it."""
    if kind == "bool":
        need(text in ("true", "false"), "not a bool")
        return b"\1" if text == "true" else b"\0", text == "true"
    if kind in ("int", "long", "datetime", "timespan"):
        value = signed_number(text, 32 if kind == "int" else 64)
        shown = value
        if kind == "datetime":
            shown = ticks_text(value) or "%d ticks" % value
        elif kind == "timespan":
            second, fraction = divmod(abs(value), 10000000)
            clock = (second // 86400, second // 3600 % 24, second // 60 % 60, second % 60, fraction)
            shown = "-" * (value < 0) + "%d.%02d:%02d:%02d.%07d" % clock
        return struct.pack(">q", value), shown
    if kind == "real":
        octets = unhex(text, 8)
        (value,) = struct.unpack(">d", octets)
        if value != value:
            need(text == "7ff8000000000000", "not the one NaN")
            return octets, "NaN"
        return octets, {float("inf"): "Infinity", float("-inf"): "-Infinity"}.get(value, value)
    if kind == "decimal":
        octets = unhex(text, 32)
        value = int.from_bytes(octets, "big", signed=True)
        whole, fraction = divmod(abs(value), 10**38)
        fraction = ("%038d" % fraction).rstrip("0")
        return octets, "-" * (value < 0) + str(whole) + ("." + fraction if fraction else "")
    if kind == "guid":
        pattern = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        need(re.fullmatch(pattern, text, re.ASCII), "not a guid")
        return bytes.fromhex(text.replace("-", "")), text
    value = unescape(text)
    need(value, "an empty text is no value")
    return value.encode(), value


class Schema:
    def __init__(self, octets):
        lines = Lines(octets)
        lines.expect("vidimus.schema.v1")
        self.table, self.id, self.columns = name_of(lines.field("table")), number(lines.field("schema")), {}
        need(self.id < 2**32, "the schema's number is too large")
        before = -1
        while lines.peek() is not None:
            column, kind, name = split(lines.field("column"), 3)
            column = number(column)
            need(before < column < 2**16 and kind in TYPES, "not a column")
            need(name_of(name) not in [other for _, other in self.columns.values()], "a name is there twice")
            self.columns[column], before = (kind, name), column


class Batch:
    def __init__(self, octets):
        lines = Lines(octets)
        lines.expect("vidimus.batch.v1")
        self.table = name_of(lines.field("table"))
        schema_id, schema_hash = split(lines.field("schema"), 2)
        self.schema_id, self.schema_hash = number(schema_id), unhex(schema_hash, 32)
        self.first, self.count = number(lines.field("first")), number(lines.field("count"))
        self.end = self.first + self.count
        need(self.schema_id < 2**32 and self.count > 0 and self.end < 2**64, "a number is out of range")
        self.time = parse_ticks(lines.field("time"))
        self.root = unhex(lines.field("root"), 32)
        self.prev = unhex(lines.field("prev"), 32) if self.first else None
        lines.end()
        self.leaf = leaf_hash(octets)


def read_heartbeat(octets):
    """Returns the time of a heartbeat and the next number of each table."""
    lines = Lines(octets)
    lines.expect("vidimus.heartbeat.v1")
    time, tables = parse_ticks(lines.field("time")), {}
    while lines.peek() is not None:
        following, table = split(lines.field("table"), 2)
        need(name_of(table) > (list(tables) or [""])[-1], "tables ascend")
        tables[table] = number(following)
    return time, tables


def read_records(octets, batch, schema):
    """Verifies records against the batch's root; returns their positions and cells."""
    lines = Lines(octets)
    lines.expect("vidimus.records.v1")
    rows, leaves, before = [], [], -1
    while True:
        position = lines.next_if("row")
        if position is None:
            break
        position = number(position)
        need(position > before, "positions ascend")
        before = position
        seed = lines.next_if("seed")
        seed = None if seed is None else unhex(seed, 32)
        ids, digests, cells, column_before = [], [], {}, -1
        while True:
            cell, hidden = lines.next_if("cell"), None
            if cell is not None:
                column, kind, value = split(cell, 3)
                if seed is None:
                    salt, value = split(value, 2)
                    salt = unhex(salt, 16)
                need(kind in TYPES, "unknown type")
                octets, shown = parse_cell(kind, value)
            else:
                hidden = lines.next_if("hidden")
                if hidden is None:
                    break
                column, digest = split(hidden, 2)
            column = number(column)
            need(column_before < column < 2**16, "column ids ascend")
            column_before = column
            need(column in schema.columns, "the schema lacks a column")
            if hidden is not None:
                need(seed is None, "a seed belongs to a record that is shown whole")
                digest, shown = unhex(digest, 32), HIDDEN
            else:
                need(kind == schema.columns[column][0], "a cell has another type than its column")
                if seed is not None:
                    pair = sha256(b"\x12", seed, struct.pack(">H", column >> 1))
                    salt = pair[16:] if column & 1 else pair[:16]
                digest = sha256(b"\x10", salt, struct.pack(">HB", column, TYPES[kind]), octets)
            ids.append(struct.pack(">H", column))
            digests.append(digest)
            cells[schema.columns[column][1]] = shown
        need(seed is None or cells, "a seed belongs to a record that is shown whole")
        head = struct.pack(">BIH", 0x11, batch.schema_id, len(ids))
        leaves.append((position, leaf_hash(head + b"".join(ids + digests))))
        rows.append((position, cells))
    need(rows, "no records")
    hashes = []
    while lines.peek() is not None:
        hashes.append(unhex(lines.field("hash"), 32))
    need(subset_root(batch.count, leaves, hashes) == batch.root, "the records lead to another root")
    return rows


# -- Bundles ---------------------------------------------------------------------------------------------------


def read_claim(octets):
    lines = Lines(octets)
    lines.expect("vidimus.bundle.v1")
    origin, tables = name_of(lines.field("origin")), {}
    while lines.peek() is not None:
        word, first, table = split(lines.next(), 3)
        first, count = number(first), None
        need(word in ("rows", "range", "silent"), "not a claim")
        if word == "range":
            count, table = split(table, 2)
            count = number(count)
            need(count > 0 and first + count < 2**64, "a number is out of range")
        elif word == "silent":
            count = -1
        else:
            need(first > 0, "tables have records")
        need(name_of(table) > (list(tables) or [""])[-1], "tables ascend")
        tables[table] = first, count
    return origin, tables


def indexes(files, prefix, suffix):
    found = [name[len(prefix) : len(name) - len(suffix)] for name in files if name.startswith(prefix) and name.endswith(suffix)]
    return sorted(int(text) for text in found if re.fullmatch("0|[1-9][0-9]{0,19}", text, re.ASCII) and int(text) < 2**64)


def span_text(first, end):
    return "record %d" % first if end - first == 1 else "records %d to %d" % (first, end - 1)


def records_text(count):
    return "1 record" if count == 1 else "%d records" % count


def verify(files, policy, pins, own_source=None):
    """Verifies a bundle's files. Returns what is proved, what is not, and the records."""

    def get(name):
        need(name in files, "`%s` is missing" % name)
        return files[name]

    origin, tables = read_claim(get("claim"))
    note = Note(get("checkpoint"))
    checkpoint = Checkpoint(note.text)
    need(checkpoint.origin == origin, "the checkpoint is of another log than the claim")
    known = {"claim", "checkpoint", "verify.py", "README.txt"}
    batches, rows, proved, left_open = [], [], [], []

    def entry_of(name, index):
        lines = Lines(get(name))
        lines.expect("c2sp.org/tlog-proof@v1")
        entry = unbase64(lines.field("extra"))
        need(number(lines.field("index")) == index, "the proof is of another entry")
        path = lines.hashes()
        need(lines.rest() == files["checkpoint"], "the proof's checkpoint is not that of the bundle")
        root = inclusion_root(leaf_hash(entry), index, checkpoint.size, path)
        need(root == checkpoint.root, "the path of entry %d leads to another root" % index)
        known.add(name)
        return entry

    for index in indexes(files, "batch-", ".records"):
        get("batch-%d.tlog-proof" % index)
    for index in indexes(files, "batch-", ".tlog-proof"):
        batch = Batch(entry_of("batch-%d.tlog-proof" % index, index))
        name = "schema-" + batch.schema_hash.hex()
        schema = Schema(get(name))
        need(sha256(files[name]) == batch.schema_hash, "the schema is not that of the batch")
        need((schema.table, schema.id) == (batch.table, batch.schema_id), "the schema is not that of the batch")
        known |= {"batch-%d.records" % index, name}
        batch.index, batch.rows = index, 0
        if "batch-%d.records" % index in files:
            for position, cells in read_records(files["batch-%d.records" % index], batch, schema):
                rows.append((batch.table, batch.first + position, batch.time, cells))
                batch.rows += 1
        batches.append(batch)
        what = (index, span_text(batch.first, batch.end), batch.table, ticks_text(batch.time))
        proved.append("entry %d: %s of table %s, sealed at %s by the vault's clock" % what)
        need(batch.table in tables, "nothing is claimed about a table")

    heartbeats = []
    for index in indexes(files, "heartbeat-", ".tlog-proof"):
        heartbeats.append(read_heartbeat(entry_of("heartbeat-%d.tlog-proof" % index, index)))
        what = (index, ticks_text(heartbeats[-1][0]))
        proved.append("entry %d: the log was alive at %s by the vault's clock" % what)

    for table, (first, count) in tables.items():
        own = [batch for batch in batches if batch.table == table]
        if count == -1:
            need(not own, "a table is claimed to be silent and has a batch")
            continue
        records = [record for of, record, _, _ in rows if of == table]
        if count is None:
            need(len(records) == first, "the number of records is not that of the claim")
            need(all(batch.rows for batch in own), "a batch shows no record")
            proved.append("table %s: %s unchanged since sealing" % (table, records_text(first)))
            left_open.append("table %s: that there are no other records like these: they are a selection" % table)
            continue
        for before, after in zip(own, own[1:]):
            is_next = after.first == before.end and after.prev == before.leaf
            need(is_next, "a batch before entry %d is missing" % after.index)
        end = first + count
        need(len(records) == count, "the number of records is not that of the claim")
        need(all(first <= record < end for record in records), "a record is not among those that are claimed")
        proved.append("table %s: %s complete and unchanged since sealing" % (table, span_text(first, end)))
        for word, neighbour in ("before", first - 1), ("after", end):
            for batch in own:
                if batch.first <= neighbour < batch.end:
                    time = ticks_text(batch.time)
                    proved.append("table %s: the record %s them was sealed at %s" % (table, word, time))
        left_open.append("table %s: that no other batch has the same numbers: who reads the whole log can tell" % table)

    silences = [(table, first) for table, (first, count) in tables.items() if count == -1]
    need(silences or not heartbeats, "nothing is claimed about silence")
    for table, following in silences:
        named = [(ticks_text(time), found[table]) for time, found in heartbeats if table in found]
        need(len(named) > 1, "a silence has no beginning and end")
        need(all(found == following for _, found in named), "the next record had another number")
        what = (table, named[0][0], named[-1][0], following)
        proved.append(
            "table %s: no record was sealed between %s and %s: the next one was to be record %d at both times" % what
        )
        left_open.append("table %s: that no batch lies between these entries: who reads the whole log can tell" % table)

    hidden = {}
    for table, _, _, cells in rows:
        for name, value in cells.items():
            if value is HIDDEN:
                hidden[table, name] = hidden.get((table, name), 0) + 1
    for (table, name), count in sorted(hidden.items()):
        what = (table, name, records_text(count))
        left_open.append("table %s: what column %s held in %s: it is hidden or erased" % what)

    growth, earlier = [], []
    for size in indexes(files, "consistency-", ""):
        lines = Lines(files["consistency-%d" % size])
        lines.expect("vidimus.consistency.v1")
        proof = lines.hashes()
        old_note = Note(lines.rest())
        old = Checkpoint(old_note.text)
        need(old.size == size, "the earlier checkpoint has another size than the file's name says")
        check_consistency(old.size, checkpoint.size, proof, old.root, checkpoint.root)
        need(old.origin == origin, "the earlier checkpoint is of another log")
        earlier.append((old_note, old))
        known.add("consistency-%d" % size)
        growth.append("the log's checkpoint of size %d is its beginning: nothing before was changed or removed" % size)
    need(tables or earlier, "nothing is claimed")
    for pin in pins:
        shown = pin == checkpoint or any(pin == old for _, old in earlier)
        need(shown, "nothing shows that the pinned checkpoint of size %d is the beginning of this one" % pin.size)
        growth.append("the pinned checkpoint of size %d is its beginning" % pin.size)

    # Signatures come last, because they cost the most.
    signers, seen = policy.check(note)
    for old_note, _ in earlier:
        policy.check_log(old_note)
    head = ["the log %s signed a checkpoint of size %d" % (origin, checkpoint.size)]
    head += ["it signed with the key %s+%s" % (key.name, key.id.hex()) for key in signers]
    silent = []
    for name, time in seen.items():
        if time is not None:
            head.append("witness %s saw it at %s" % (name, seconds_text(time)))
        elif policy.witnesses[name].kind == 4:
            silent.append("witness %s did not sign this checkpoint" % name)
        else:
            silent.append("witness %s signs in a way that is not verified here" % name)
    if policy.quorum is None:
        silent.append("no witness is asked for: the log could have shown others another history")
    else:
        head.append("the quorum %s is met" % policy.quorum)
    if not pins:
        silent.append("no pinned checkpoint was given: that the log was not rolled back is not shown")
    silent += left_open
    silent.append("that records were true when they came in, and the vault's clock right")
    silent += ["file %s was not looked at" % escape(name) for name in sorted(set(files) - known)]
    if own_source is not None and files.get("verify.py", own_source) != own_source:
        silent.append("the bundle's verify.py is not this verifier's: do not trust it")
    rows.sort(key=lambda row: row[:2])
    return head + growth + proved, silent, rows


def row_json(row):
    table, record, time, cells = row
    shown = {name: value for name, value in cells.items() if value is not HIDDEN}
    pairs = [("_table", table), ("_record", record), ("_sealed", ticks_text(time)), *shown.items()]
    pairs.append(("_hidden", [name for name, value in cells.items() if value is HIDDEN]))

    def dump(value):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        # The standard library escapes some control characters in other ways and leaves some as they are.
        text = text.replace("\\\\", "\0").replace("\\b", "\\u0008").replace("\\f", "\\u000c").replace("\0", "\\\\")
        return re.sub("[\x7f-\x9f]", lambda match: "\\u%04x" % ord(match[0]), text)

    return "{" + ",".join(dump(name) + ":" + dump(value) for name, value in pairs) + "}"


def read_pin(octets, policy):
    """Reads a checkpoint, or a receipt with one in it, that the verifier kept."""
    if octets.startswith(b"vidimus.receipt.v1\n"):
        lines = Lines(octets)
        lines.next()
        entry, _, _ = [number(lines.field(key)) for key in ("entry", "first", "count")]
        lines.expect("")
        octets = lines.rest()
        need(entry < Checkpoint(Note(octets).text).size, "the checkpoint does not cover the entry")
    note = Note(octets)
    policy.check_log(note)
    return Checkpoint(note.text)


def main():
    parser = argparse.ArgumentParser(description="Verifies a bundle of evidence from a sealed audit log.")
    parser.add_argument("bundle", metavar="FOLDER", help="the bundle")
    parser.add_argument("--policy", required=True, help="the logs and witnesses that you trust (C2SP tlog-policy)")
    parser.add_argument("--pinned", action="append", default=[], help="a checkpoint or receipt that you kept")
    parser.add_argument("--rows", action="store_true", help="print the verified records as lines of JSON")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    try:
        files = {}
        for name in os.listdir(arguments.bundle):
            path = os.path.join(arguments.bundle, name)
            if os.path.isfile(path):
                # A name that is not UTF-8 is none of ours; it is reported as not looked at.
                name = os.fsencode(name).decode("utf-8", "replace")
                with open(path, "rb") as file:
                    files[name] = file.read()
        with open(arguments.policy, "rb") as file:
            policy = Policy(file.read())
        pins = []
        for path in arguments.pinned:
            with open(path, "rb") as file:
                pins.append(read_pin(file.read(), policy))
        with open(__file__, "rb") as file:
            own_source = file.read()
    except (OSError, Refused) as error:
        print("cannot verify: %s" % error, file=sys.stderr)
        return 2
    try:
        proved, left_open, rows = verify(files, policy, pins, own_source)
    except Refused as refused:
        print("refused: %s" % escape(str(refused)), file=sys.stderr)
        return 1
    if arguments.rows:
        for row in rows:
            print(row_json(row))
        return 0
    print("proved:")
    for line in proved:
        print("  " + line)
    print("not proved:")
    for line in left_open:
        print("  " + line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
