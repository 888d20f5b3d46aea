#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: `coffer restore` makes the log again from backups, whole and incremental, holds it against a
published checkpoint, and says what is missing: in events wherever that can be known, in money wherever
something survived that has seen it.
Shown: a platform is backed up twice, goes on, and loses its log, with and without its state.

usage: test_restore.py PROGRAM"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from coffer import Coffer, wait_until
from steps import request

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"
EXIT_USAGE, EXIT_UNREACHABLE, EXIT_DAMAGED, EXIT_UNVERIFIABLE = 2, 3, 5, 6


class Restoring(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="coffer-restore-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, *arguments, expect=0):
        result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60,
                                check=False)
        self.assertEqual(result.returncode, expect, (arguments, result.stdout, result.stderr))
        return result.stdout

    def restore(self, *arguments, expect=0):
        shutil.rmtree(os.path.join(self.data, "log"), ignore_errors=True)
        return self.tool("restore", "--data", self.data, *arguments, expect=expect)

    def top_up(self, amount):
        """Moves money, and returns the number of the record."""
        said = self.tool("command", "platform_top_up", "--data", self.data, "--json",
                         f'{{"currency": "EUR", "amount": {amount}}}')
        return int(said.split()[1])

    def keep_checkpoint(self, coffer, size):
        """The published checkpoint, once it covers so many records."""
        def look():
            note = request(coffer.port, "GET", "/checkpoint").body.decode()
            return note if int(note.split("\n")[1]) >= size else None
        path = self.path("checkpoint")
        note = wait_until(look, f"a checkpoint of {size} records")
        with open(path, "w", encoding="utf-8") as file:
            file.write(note)
        return path, int(note.split("\n")[1])

    def test_says_what_is_missing(self):
        full, later = self.path("full"), self.path("later")
        with Coffer(PROGRAM, "--no-samples") as coffer:
            self.data = coffer.data
            backed_up = self.top_up(1000)
            self.tool("backup", "--data", self.data, full)
            first = self.top_up(2000)
            self.tool("backup", "--data", self.data, "--after", full, later)
            last = self.top_up(345)
            checkpoint, size = self.keep_checkpoint(coffer, last)
            self.assertEqual(coffer.stop(), 0)

            # With what is left of the state: everything is known.
            said = self.restore(full, later, "--checkpoint", checkpoint, expect=EXIT_DAMAGED)
            self.assertIn("the log was cut back", said)
            self.assertIn(f"missing: {size - last + 1} events ({last} to {size}), as the published "
                          "checkpoint has signed", said)
            self.assertIn(f"missing money, by account, in events {last} to {size}:", said)
            self.assertRegex(said, r"EUR 33\.45, now 30\.00\n")
            self.assertNotIn("unknown", said)

            # Fewer backups, more that is missing.
            said = self.restore(full, "--checkpoint", checkpoint, expect=EXIT_DAMAGED)
            self.assertIn(f"events ({backed_up + 1} to {size})", said)
            self.assertRegex(said, r"EUR 33\.45, now 10\.00\n")
            # Without the checkpoint the state alone tells.
            said = self.restore(full)
            self.assertIn("as the state that survived has seen", said)
            self.assertRegex(said, r"EUR 33\.45, now 10\.00\n")

            # Nothing is left but the checkpoint: how many, and that their money is unknown.
            shutil.rmtree(os.path.join(self.data, "state"))
            said = self.restore(full, later, "--checkpoint", checkpoint, expect=EXIT_DAMAGED)
            self.assertIn(f"missing: {size - last + 1} events ({last} to {size})", said)
            self.assertIn(f"missing money of events {last} to {size}: unknown here", said)
            # Nothing at all: it is said.
            self.assertIn("missing: unknown", self.restore(full, later))

            # Over a log that is there, or in the wrong order.
            self.tool("restore", "--data", self.data, full, expect=EXIT_UNREACHABLE)
            self.restore(later, full, expect=EXIT_UNREACHABLE)
            # A checkpoint of somebody else's key.
            other = self.other_key(checkpoint)
            self.restore(full, later, "--checkpoint", other, expect=EXIT_UNVERIFIABLE)

            # And the platform goes on from what was restored, its vault too.
            self.restore(full, later)
            coffer.start()
            self.assertEqual(self.top_up(1), last)
            self.assertEqual(coffer.stop(), 0)
            self.tool("verify", "--data", self.data)
        self.assertLess(first, last)

    def other_key(self, checkpoint):
        """The same text, signed by nobody that is known."""
        path = self.path("other")
        with open(checkpoint, encoding="utf-8") as file:
            text, _, line = file.read().rpartition("\n\n")
        dash, _, blob = line.split(" ")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{text}\n\n{dash} stranger.example {blob}")
        return path


if __name__ == "__main__":
    unittest.main()
