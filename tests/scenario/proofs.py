# SPDX-License-Identifier: Apache-2.0
"""Checks .tlog-proof files without a line of Coffer's own code.

Written from the public texts (RFC 6962, RFC 9162, C2SP signed-note, tlog-checkpoint, tlog-proof), so
that a mistake of the program is not repeated by its test. Signatures are checked by openssl."""

import base64
import hashlib
import os
import subprocess
import tempfile

# An Ed25519 public key as X.509 SubjectPublicKeyInfo: this prefix, then the 32 bytes.
SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")


class Bad(Exception):
    """The proof does not hold."""


def leaf_hash(data):
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def inclusion_root(index, size, leaf, path):
    """The root that the path leads to (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise Bad("the index is outside the tree")
    position, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Bad("the path is too long")
        if position & 1 or position == last:
            root = node_hash(sibling, root)
            while not position & 1 and position != 0:
                position, last = position >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise Bad("the path is too short")
    return root


def ed25519_holds(public_key, signature, message):
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("key", "signature", "message")]
        for name, content in zip(names, (SPKI_PREFIX + public_key, signature, message)):
            with open(name, "wb") as file:
                file.write(content)
        return subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names[0],
             "-rawin", "-sigfile", names[1], "-in", names[2]],
            capture_output=True, check=False).returncode == 0


def open_checkpoint(note, verifier_key):
    """(origin, size, root) of a checkpoint that the verifier key signed."""
    name, key_id, key = verifier_key.split("+", 2)
    key = base64.b64decode(key)
    if key[0] != 1 or hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] != key_id:
        raise Bad("the verifier key is malformed")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob)
        if dash == "\u2014" and signer == name and blob[:4].hex() == key_id:
            if not ed25519_holds(key[1:], blob[4:], text.encode()):
                raise Bad("the signature does not hold")
            break
    else:
        raise Bad("the key did not sign this")
    origin, size, root = text.split("\n")[:3]
    if origin != name:
        raise Bad("the checkpoint belongs to another log")
    return origin, int(size), base64.b64decode(root)


def is_cosigned(note, verifier_key):
    """Whether a witness's key (C2SP tlog-cosignature) cosigned the note; raises Bad for a wrong one."""
    name, key_id, key = verifier_key.split("+", 2)
    key = base64.b64decode(key)
    if key[0] != 4:
        raise Bad("this is no witness's key")
    text, _, signatures = note.rpartition("\n\n")
    for line in signatures.splitlines():
        _, signer, blob = line.split(" ")
        blob = base64.b64decode(blob)
        if signer != name or blob[:4].hex() != key_id:
            continue
        time = int.from_bytes(blob[4:12], "big")
        if not ed25519_holds(key[1:], blob[12:], f"cosignature/v1\ntime {time}\n{text}\n".encode()):
            raise Bad("the cosignature does not hold")
        return True
    return False


def check(proof, data, verifier_key):
    """(index, size) of the record `data` under the proof's signed checkpoint; raises Bad."""
    head, _, checkpoint = proof.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Bad("this is no proof")
    if lines[0].startswith("extra "):
        lines.pop(0)
    word, index = lines.pop(0).split(" ")
    if word != "index":
        raise Bad("the index is missing")
    _, size, root = open_checkpoint(checkpoint, verifier_key)
    path = [base64.b64decode(line) for line in lines]
    if inclusion_root(int(index), size, leaf_hash(data), path) != root:
        raise Bad("the path leads to another root")
    return int(index), size
