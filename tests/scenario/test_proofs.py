#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: the scenarios' own proof checker accepts what others' implementations made and nothing
else. Shown: on the published vectors, then on each of them with one thing changed."""

import base64
import unittest

import proofs

CHECKPOINT = """ledger.example/crowdfund
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

\u2014 ledger.example/crowdfund Ehulh7ib0jBZaT1yder0Ky2hDiDWYOmD1IcS+I/vPngD4lwRlkNGP7FE6JwJdckB2a6CMwXeyPsbtRvKpTZaPDMHOQk=
"""
KEY = "ledger.example/crowdfund+121ba587+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
LEAF_5 = bytes.fromhex("40414243")
PATH_5 = ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]


def proof_of(index, path, checkpoint=CHECKPOINT):
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}"]
    lines += [base64.b64encode(bytes.fromhex(node)).decode() for node in path]
    return "\n".join(lines) + "\n\n" + checkpoint


class Proofs(unittest.TestCase):
    def test_the_published_vector_holds(self):
        self.assertEqual(proofs.check(proof_of(5, PATH_5), LEAF_5, KEY), (5, 8))

    def test_one_thing_changed_and_it_does_not(self):
        changed = {
            "index": (proof_of(4, PATH_5), LEAF_5),
            "order": (proof_of(5, PATH_5[::-1]), LEAF_5),
            "shorter": (proof_of(5, PATH_5[:2]), LEAF_5),
            "longer": (proof_of(5, PATH_5 + PATH_5[:1]), LEAF_5),
            "record": (proof_of(5, PATH_5), LEAF_5 + b"\x00"),
            "size": (proof_of(5, PATH_5, CHECKPOINT.replace("\n8\n", "\n9\n")), LEAF_5),
            "signature": (proof_of(5, PATH_5, CHECKPOINT.replace("jBZaT1", "jBZaT2")), LEAF_5),
        }
        for what, (proof, leaf) in changed.items():
            with self.subTest(what), self.assertRaises(proofs.Bad):
                proofs.check(proof, leaf, KEY)

    def test_another_key_does_not_open_it(self):
        other = "ledger.example/crowdfund+121ba588" + KEY[KEY.index("+AQ"):]
        with self.assertRaises(proofs.Bad):
            proofs.check(proof_of(5, PATH_5), LEAF_5, other)


if __name__ == "__main__":
    unittest.main()
