#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: `coffer up` says in one sentence what hinders it and what to do; it survives the death of
any child, stops cleanly on Ctrl-C, and starts again in under three seconds.
Shown: by hindering it, by killing each child, and with a clock.

usage: test_up.py PROGRAM"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from coffer import Coffer, free_port, wait_until
from steps import Step, request, run

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"
RESTART_S = 3.0
SAMPLE_CAMPAIGNS = 6
EXIT_USAGE, EXIT_UNREACHABLE = 2, 3


def is_alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


class Hindrances(unittest.TestCase):
    """Each ends at once, with an exit code and a sentence; nothing is left running."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="coffer-up-", dir="/var/tmp")
        self.data = os.path.join(self.folder.name, "data")

    def tearDown(self):
        self.folder.cleanup()

    def up(self, *options, data=None):
        return subprocess.run(
            [PROGRAM, "up", "--data", data or self.data, "--listen", f"127.0.0.1:{free_port()}",
             *options], capture_output=True, text=True, timeout=30, check=False)

    def assert_says(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_port_in_use(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            where = f"127.0.0.1:{other.getsockname()[1]}"
            result = self.up("--listen", where)
        self.assert_says(result, EXIT_UNREACHABLE, "port is in use", "--listen", where)

    def test_wrong_dsn(self):
        result = self.up("--pg", f"host=127.0.0.1 port={free_port()} dbname=x")
        self.assert_says(result, EXIT_UNREACHABLE, "--pg", "refused")

    def test_data_of_a_newer_version(self):
        os.mkdir(self.data)
        with open(os.path.join(self.data, "VERSION"), "w", encoding="ascii") as file:
            file.write("99\n")
        self.assert_says(self.up(), EXIT_UNREACHABLE, "newer coffer", "99", self.data)

    def test_directory_of_something_else(self):
        os.mkdir(self.data)
        with open(os.path.join(self.data, "letter.txt"), "w", encoding="ascii") as file:
            file.write("dear\n")
        self.assert_says(self.up(), EXIT_UNREACHABLE, "holds no ledger", "--data")

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk takes root")
    def test_full_disk(self):
        os.mkdir(self.data)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", self.data], check=True)
        try:
            self.assert_says(self.up(), EXIT_UNREACHABLE, "disk is full", "--data")
        finally:
            subprocess.run(["umount", self.data], check=True)

    def test_nonsense(self):
        self.assertEqual(self.up("--listen", "nowhere").returncode, EXIT_USAGE)
        self.assertEqual(self.up("--lissten", "8080").returncode, EXIT_USAGE)


class OwnPostgres(unittest.TestCase):
    """A server of somebody else's: here that of another Coffer."""

    def sql(self, host, data, database, script):
        subprocess.run(["psql", "-qX", "-h", host, "-U", "coffer_owner", "-d", database, "-c", script],
                       env={**os.environ, "PGPASSFILE": f"{data}/pg/password"}, check=True,
                       timeout=30)

    def test_a_role_that_may_make_schemas_is_enough(self):
        with Coffer(PROGRAM, "--no-samples") as other:
            with open(f"{other.data}/pg/cluster/postmaster.pid", encoding="ascii") as file:
                host = file.read().split("\n")[4]
            self.sql(host, other.data, "postgres", "CREATE ROLE narrow LOGIN PASSWORD 'narrow'")
            self.sql(host, other.data, "postgres", "CREATE DATABASE narrow")
            self.sql(host, other.data, "narrow", "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
                     "GRANT CONNECT, CREATE ON DATABASE narrow TO narrow")
            dsn = f"host={host} dbname=narrow user=narrow password=narrow"
            with Coffer(PROGRAM, "--no-samples", "--pg", dsn) as coffer:
                self.assertNotIn("postgres", coffer.children())
                self.assertEqual(request(coffer.port, "GET", "/api/v1/campaigns").status, 200)
                result = subprocess.run([PROGRAM, "rebuild", "--data", coffer.data, "--pg", dsn],
                                        capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                self.assertIn("row for row", result.stdout)


class Life(unittest.TestCase):
    """A platform with its samples: campaigns come, and pledges trickle in."""

    def campaigns(self, coffer):
        """{id: pledged} once all sample campaigns are live."""
        def look():
            reply = request(coffer.port, "GET", "/api/v1/campaigns")
            rows = reply.json()["campaigns"] if reply.status == 200 else []
            return len(rows) == SAMPLE_CAMPAIGNS and {row["id"]: row["pledged"] for row in rows}
        return wait_until(look, "the sample campaigns")

    def test_each_child_may_die(self):
        with Coffer(PROGRAM, "--sample-interval", "50") as coffer:
            before = self.campaigns(coffer)
            for name in coffer.children():
                with self.subTest(name):
                    coffer.kill(name)
            wait_until(lambda: self.pledged_more(coffer, before), "pledges after all that")
            self.assertEqual(coffer.stop(), 0)

    def pledged_more(self, coffer, before):
        try:
            now = self.campaigns(coffer)
        except OSError:
            return False  # the API itself is just coming back
        self.assertEqual(now.keys(), before.keys())
        return sum(now.values()) > sum(before.values())

    def quickest_start(self, coffer):
        """The best of a few: a busy machine slows any single one. It runs when this returns."""
        took = []
        while not took or (min(took) >= RESTART_S and len(took) < 5):
            if took:
                coffer.stop()
            began = time.monotonic()
            coffer.start()
            took.append(time.monotonic() - began)
        return min(took)

    def test_ctrl_c_leaves_nobody_behind_and_it_starts_again_quickly(self):
        with Coffer(PROGRAM) as coffer:
            before = self.campaigns(coffer)
            logins = [coffer.login_of(role) for role in ("admin", "backer")]
            children = coffer.children()
            self.assertEqual(coffer.stop(signal.SIGINT), 0)
            for name, pid in children.items():
                self.assertFalse(is_alive(pid), name)
            self.assertLess(self.quickest_start(coffer), RESTART_S)
            after = self.campaigns(coffer)
            self.assertEqual(after.keys(), before.keys())
            for campaign, pledged in before.items():
                self.assertGreaterEqual(after[campaign], pledged)
            self.assertEqual([coffer.login_of(role) for role in ("admin", "backer")], logins)
            for email, password in logins:
                run(coffer.port, [Step("log in", "POST", "/api/v1/users/login",
                                       {"email": email, "password": password})], {})

    def test_a_second_one_on_the_same_data_is_refused(self):
        with Coffer(PROGRAM, "--no-samples") as coffer:
            result = subprocess.run(
                [PROGRAM, "up", "--data", coffer.data, "--listen", f"127.0.0.1:{free_port()}"],
                capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(result.returncode, EXIT_UNREACHABLE)
            self.assertIn("another `coffer up`", result.stderr)

    def test_a_killed_supervisor_takes_its_children_along(self):
        with Coffer(PROGRAM, "--no-samples") as coffer:
            children = coffer.children()
            coffer.stop(signal.SIGKILL)
            for name, pid in children.items():
                wait_until(lambda pid=pid: not is_alive(pid), f"the end of {name}")
            coffer.start()


if __name__ == "__main__":
    unittest.main()
