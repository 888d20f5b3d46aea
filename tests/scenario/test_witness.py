#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: `coffer cosign` gets cosignatures from witnesses onto the published checkpoint as soon as the
policy's quorum has given them, also while a witness is down; and a log that was cut back or rewritten
gets none: the witnesses contradict it, and it is said.
Shown: with real `coffer witness` processes beside a platform, cosignatures checked by openssl; and with
a second ledger that has the first one's key.

usage: test_witness.py PROGRAM"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import proofs
from coffer import Coffer, free_port, wait_until
from steps import request

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"
EXIT_NO, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_TAMPERED = 1, 2, 3, 4


class Process:
    """A subcommand that runs until it is stopped; its output goes into a file."""

    def __init__(self, folder, *arguments):
        self.path = os.path.join(folder, f"output.{free_port()}")
        with open(self.path, "wb") as output:
            self.process = subprocess.Popen([PROGRAM, *arguments], stdout=output,
                                            stderr=subprocess.STDOUT)

    def output(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(30)


class Witnessing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="coffer-witness-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, *arguments, expect=0):
        result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60,
                                check=False)
        self.assertEqual(result.returncode, expect, (arguments, result.stdout, result.stderr))
        return result

    def start(self, *arguments):
        process = Process(self.folder, *arguments)
        self.addCleanup(lambda: process.process.poll() is None and process.stop())
        return process

    def start_witness(self, name, log_keys, port):
        """(process, its key) of a witness that listens."""
        process = self.start("witness", "--data", self.path(name), "--witness-listen",
                             f"127.0.0.1:{port}", "--name", f"witness.example/{name}", *log_keys)
        line = wait_until(lambda: process.output().partition("\n")[0], f"{name} to listen")
        self.assertIn(f"http://127.0.0.1:{port}", line)
        return process, line.split(" key ")[1]

    def write_policy(self, quorum, *witnesses):
        """A policy over (name, key, port)."""
        path = self.path("policy")
        with open(path, "w", encoding="ascii") as file:
            for name, key, port in witnesses:
                file.write(f"witness {name} {key} http://127.0.0.1:{port}\n")
            file.write(f"group all-of-them {quorum} {' '.join(name for name, _, _ in witnesses)}\n"
                       "quorum all-of-them\n")
        return path

    def log_key(self, data):
        first = self.tool("replay", "--data", data, "--to", "1").stdout.splitlines()[0]
        return json.loads(first)["fields"]["verifier_key"]

    def test_cosignatures_come_onto_the_published_checkpoint(self):
        with Coffer(PROGRAM, "--no-samples") as coffer:
            log_key = self.log_key(coffer.data)
            ports = free_port(), free_port()
            first, first_key = self.start_witness("w1", (log_key,), ports[0])
            second, second_key = self.start_witness("w2", (log_key,), ports[1])
            self.assertEqual(second.stop(), 0)
            witnesses = ("w1", first_key, ports[0]), ("w2", second_key, ports[1])

            def published():
                return request(coffer.port, "GET", "/checkpoint").body.decode()

            # Both are asked for, and one is down: not published.
            policy = self.write_policy("all", *witnesses)
            result = self.tool("cosign", "--data", coffer.data, "--witness-policy", policy, "--once",
                               expect=EXIT_NO)
            self.assertIn("cosigned by w1: no quorum", result.stdout)
            self.assertIn("w2 cannot be reached", result.stderr)
            self.assertFalse(proofs.is_cosigned(published(), first_key))

            # Any is enough: the one that is up.
            policy = self.write_policy("any", *witnesses)
            cosign = self.start("cosign", "--data", coffer.data, "--witness-policy", policy,
                                "--interval", "50")
            wait_until(lambda: proofs.is_cosigned(published(), first_key), "a cosignature")
            proofs.open_checkpoint(published(), log_key)
            self.assertFalse(proofs.is_cosigned(published(), second_key))

            # The other comes back: it is asked again after its pause.
            second, again_key = self.start_witness("w2", (log_key,), ports[1])
            self.assertEqual(again_key, second_key)
            wait_until(lambda: proofs.is_cosigned(published(), second_key), "the second cosignature")
            self.assertTrue(proofs.is_cosigned(published(), first_key))
            self.assertIn("w2 cosigns again", cosign.output())

            # What was published holds against the log, and is kept in it.
            kept = self.path("checkpoint")
            with open(kept, "w", encoding="utf-8") as file:
                file.write(published())
            self.assertEqual(cosign.stop(), 0)
            self.assertEqual(coffer.stop(), 0)
            self.tool("verify", "--data", coffer.data, "--checkpoint", kept)

            # It runs with everything else, too; a new key is the witnesses' business as well.
            coffer.options = (*coffer.options, "--witness-policy", policy)
            coffer.start()
            wait_until(lambda: proofs.is_cosigned(published(), second_key), "a cosignature again")
            new_key = self.tool("rotate-key", "--data", coffer.data).stdout.split()[-1]
            self.assertEqual(first.stop(), 0)
            first, _ = self.start_witness("w1", (log_key, new_key), ports[0])

            def is_renewed():
                try:
                    proofs.open_checkpoint(published(), new_key)
                except proofs.Bad:
                    return False
                return proofs.is_cosigned(published(), first_key)
            wait_until(is_renewed, "a cosignature of the new key's checkpoint")
            self.assertEqual(coffer.stop(), 0)
            self.tool("verify", "--data", coffer.data, "--key", log_key)

    def test_a_log_cut_back_or_rewritten_is_contradicted(self):
        port = free_port()
        data, other = self.path("ledger"), self.path("other")

        def cosign(directory, expect=0):
            return self.tool("cosign", "--data", directory, "--witness-policy", self.path("policy"),
                             "--once", expect=expect)

        def start_writer(directory):
            writer = self.start("writer", "--data", directory)
            wait_until(lambda: subprocess.run([PROGRAM, "timers", "--data", directory],
                                              capture_output=True, check=False).returncode == 0,
                       "the writer")
            return writer

        def append(directory):
            self.tool("command", "platform_top_up", "--data", directory, "--json",
                      '{"currency": "EUR", "amount": 100}')

        def cosign(expect=0):
            return self.tool("cosign", "--data", data, "--witness-policy", self.path("policy"),
                             "--once", expect=expect)

        def cosigned_all():
            """Whether the newest checkpoint is of the newest record, and cosigned."""
            return f"{records} records, cosigned by w1: published" in cosign().stdout

        writer = start_writer(data)
        log_key = self.log_key(data)
        _, key = self.start_witness("w1", (log_key,), port)
        self.write_policy("all", ("w1", key, port))
        records = 3
        append(data)
        append(data)
        wait_until(cosigned_all, "the cosignature of three records")
        self.assertEqual(writer.stop(), 0)

        # The key stays, the log begins anew: shorter, of the same size, and longer.
        shutil.rmtree(os.path.join(data, "log"))
        shutil.rmtree(os.path.join(data, "state"))
        writer = start_writer(data)
        result = cosign(expect=EXIT_TAMPERED)
        self.assertIn("contradicts: it has cosigned 3 records, and here are 1", result.stderr)
        for records in (3, 4):
            while self.size(data) < records:
                append(data)
            result = wait_until(lambda: self.rewritten(cosign(expect=EXIT_TAMPERED), records),
                                f"the contradiction at {records} records")
            self.assertIn("contradicts: what it has cosigned is not what this log begins with",
                          result.stderr)
        self.assertEqual(writer.stop(), 0)

    def size(self, data):
        return len(self.tool("replay", "--data", data).stdout.splitlines())

    @staticmethod
    def rewritten(result, records):
        return result if f"{records} records, cosigned by nobody" in result.stdout else None

    def test_says_what_is_wrong_with_it(self):
        data = self.path("ledger")
        self.tool("cosign", "--data", data, expect=EXIT_USAGE)
        with open(self.path("policy"), "w", encoding="ascii") as file:
            file.write("quorum nobody\n")
        result = self.tool("cosign", "--data", data, "--witness-policy", self.path("policy"),
                           expect=EXIT_USAGE)
        self.assertIn("line 1: the quorum is not known", result.stderr)
        with open(self.path("policy"), "w", encoding="ascii") as file:
            file.write("quorum none\n")
        result = self.tool("cosign", "--data", data, "--witness-policy", self.path("policy"),
                           "--once", expect=EXIT_UNREACHABLE)
        self.assertEqual(result.stderr, "coffer cosign: the call got no reply\n"
                         "Is the ledger running? `coffer up` starts it.\n")


if __name__ == "__main__":
    unittest.main()
