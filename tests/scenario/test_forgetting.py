#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: a person's clear text is in no file of log, state, vault and PostgreSQL; the export has it,
and proves that nothing is missing; a legal hold refuses an erasure, with the reason; after an erasure
nothing opens and nobody logs in, also with an old backup of the vault, and the certificate holds; nor do
the texts of her campaigns, on any page, in any list, in any search.
Shown: with a whole platform and a registered person, searching every file of the data directory.

usage: test_forgetting.py PROGRAM"""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
import unittest
import uuid

from coffer import Coffer, wait_until
from steps import Step, request, run

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"
EXIT_NO, EXIT_TAMPERED = 1, 4
EMAIL, PASSWORD, NAME = "grace.hopper@navy.example", "nanoseconds and feet", "Grace Brewster Murray"

REGISTER = Step("register", "POST", "/api/v1/users/register",
                {"email": EMAIL, "password": PASSWORD, "display_name": NAME},
                expect=201, headers={"Idempotency-Key": "grace-registers"}, save={"user": "user_id"})
LOG_IN = Step("log in", "POST", "/api/v1/users/login", {"email": EMAIL, "password": PASSWORD})
TITLE, STORY = "Subroutines for sailors", "A compiler on every quarterdeck."
PUBLISH = [
    Step("log in", "POST", "/api/v1/users/login", {"email": EMAIL, "password": PASSWORD},
         save={"token": "token"}),
    Step("the moderator logs in", "POST", "/api/v1/users/login",
         {"email": "{moderator}", "password": "{moderator_password}"},
         save={"moderator_token": "token"}),
    Step("draft", "POST", "/api/v1/campaigns",
         {"title": TITLE, "story": STORY, "model": "kia", "currency": "EUR", "goal": 100000,
          "category": "Nautical", "ends_at": "{ends_at}"}, as_="token", expect=201,
         save={"campaign": "campaign_id"}),
    Step("submit", "POST", "/api/v1/campaigns/{campaign}/submit", {}, as_="token"),
    Step("approve", "POST", "/api/v1/campaigns/{campaign}/approve", {}, as_="moderator_token"),
    Step("launch", "POST", "/api/v1/campaigns/{campaign}/launch", {}, as_="token",
         save={"launched": "sequence"}),
]
READABLE = [
    Step("her page", "GET", "/api/v1/campaigns/{campaign}?sequence={launched}",
         check={"title": TITLE, "story": STORY}),
    Step("her card", "GET", "/api/v1/campaigns?category=Nautical&sequence={launched}",
         check={"campaigns.0.title": TITLE}),
    Step("found", "GET", "/api/v1/campaigns?q=subroutines&sequence={launched}",
         check={"campaigns.0.id": "{campaign}"}),
]
UNREADABLE = [
    Step("her page", "GET", "/api/v1/campaigns/{campaign}", check={"title": None, "story": None}),
    Step("her card", "GET", "/api/v1/campaigns?category=Nautical",
         check={"campaigns.0.id": "{campaign}", "campaigns.0.title": None}),
    Step("not found", "GET", "/api/v1/campaigns?q=subroutines", check={"campaigns": []}),
]
STAYS_OUT = Step("stays out", "POST", "/api/v1/users/login", {"email": EMAIL, "password": PASSWORD},
                 expect=401)


def holds(path, text):
    """Whether a file has the text; its holes, which a map may have many of, are passed over."""
    with open(path, "rb") as file:
        at, end = 0, os.fstat(file.fileno()).st_size
        while at < end:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:
                    return False  # nothing but a hole behind it
                raise
            hole = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            if text in os.pread(file.fileno(), hole - at, at):
                return True
            at = hole
    return False


def files_with(data, text):
    """The files of the ledger and of PostgreSQL that hold the text; mail is meant to be read."""
    found = []
    for part in ("log", "state", "vault", "pg", "keys", "sandbox"):
        for folder, _, names in os.walk(os.path.join(data, part)):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    if holds(path, text):
                        found.append(path)
                except OSError:
                    continue  # a socket, or a file that PostgreSQL has just removed
    return found


class Forgetting(unittest.TestCase):
    def tool(self, coffer, *arguments, expect=0):
        result = subprocess.run([PROGRAM, *arguments, "--data", coffer.data], capture_output=True,
                                text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, expect, (arguments, result.stdout, result.stderr))
        return result

    def assert_no_sample_address(self, coffer):
        """An idempotency key stays in the log for ever; only the file of first logins has addresses."""
        found = files_with(coffer.data, b"@example.org")
        self.assertEqual([path for path in found if not path.endswith("/keys/logins")], [])

    def assert_no_clear_text(self, coffer):
        for text in (EMAIL, PASSWORD, NAME):
            self.assertEqual(files_with(coffer.data, text.encode()), [], text)

    def export(self, coffer, user, name):
        path = os.path.join(coffer.data, name)
        self.tool(coffer, "export-subject", user, "--out", path)
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        os.chmod(path, 0o600)
        return path, lines

    def register(self, coffer):
        traits = run(coffer.port, [REGISTER, LOG_IN], {})
        # What is not personal is found, in the log and in PostgreSQL, so a clear text would be too.
        self.assertNotEqual(files_with(coffer.data, b"grace-registers"), [])
        person = uuid.UUID(traits["user"]).bytes
        wait_until(lambda: [path for path in files_with(coffer.data, person) if "/pg/" in path],
                   "the person in PostgreSQL")
        self.assert_no_clear_text(coffer)
        return traits["user"]

    def check_export(self, coffer, user):
        path, lines = self.export(coffer, user, "history")
        opened = {key: value for line in lines[1:] for key, value in line["opened"].items()}
        self.assertEqual(opened["email"], EMAIL)
        self.assertEqual(opened["display_name"], NAME)
        self.assertIn("complete: one chain", self.tool(coffer, "check-export", path).stdout)
        # What an older key signed holds on, and what comes later is signed by the new one.
        self.tool(coffer, "rotate-key")
        self.assertIn("complete: one chain", self.tool(coffer, "check-export", path).stdout)
        # A line less is found out.
        with open(path, encoding="utf-8") as file:
            kept = file.readlines()
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(kept[:2] + kept[3:])
        self.tool(coffer, "check-export", path, expect=EXIT_TAMPERED)
        os.remove(path)

    def erase_under_hold_and_then(self, coffer, user):
        hold = json.dumps({"user_id": user, "case_reference": "case 7"})
        self.tool(coffer, "command", "user_place_legal_hold", "--json", hold)
        self.assertIn("LEGAL_HOLD", self.tool(coffer, "erase", user, expect=EXIT_NO).stderr)
        run(coffer.port, [LOG_IN], {})
        self.tool(coffer, "command", "user_lift_legal_hold", "--json", hold)
        certificate = os.path.join(coffer.data, "certificate")
        self.tool(coffer, "erase", user, "--out", certificate)
        self.assertIn("the subject is erased",
                      self.tool(coffer, "check-export", certificate).stdout)
        self.assertIn("ALREADY_ERASED", self.tool(coffer, "erase", user, expect=EXIT_NO).stderr)
        os.remove(certificate)

    def assert_erased(self, coffer, user):
        run(coffer.port, [STAYS_OUT], {})
        path, lines = self.export(coffer, user, "after")
        self.assertEqual([line["opened"] for line in lines[1:] if line["opened"]], [])
        os.remove(path)
        self.assert_no_clear_text(coffer)

    def publish(self, coffer):
        """A campaign of hers that everybody can read and find; its traits."""
        email, password = coffer.login_of("moderator")
        ends_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7 * 86400))
        traits = run(coffer.port, PUBLISH, {"moderator": email, "moderator_password": password,
                                            "ends_at": ends_at})
        return run(coffer.port, READABLE, traits)

    def assert_unreadable(self, coffer, traits):
        """Her campaign is there, without a word of hers; caches hear of it a moment later."""
        def is_unreadable():
            try:
                return run(coffer.port, UNREADABLE, traits)
            except AssertionError:
                return None

        wait_until(is_unreadable, "texts that cannot be read")
        page = request(coffer.port, "GET", f"/campaigns/{traits['campaign']}")
        self.assertEqual(page.status, 200)
        self.assertNotIn(TITLE.encode(), page.body)

    def test_forgetting(self):
        with Coffer(PROGRAM) as coffer:
            user = self.register(coffer)
            self.assert_no_sample_address(coffer)
            traits = self.publish(coffer)
            self.check_export(coffer, user)
            self.assertEqual(coffer.stop(), 0)
            self.assert_no_clear_text(coffer)  # PostgreSQL has written all its pages now
            vault = os.path.join(coffer.data, "vault")
            shutil.copytree(vault, vault + ".old")

            coffer.start()
            self.erase_under_hold_and_then(coffer, user)
            self.assert_erased(coffer, user)
            self.assert_unreadable(coffer, traits)
            self.assertEqual(coffer.stop(), 0)

            # The vault from before knows the person; the log does not let it.
            shutil.rmtree(vault)
            os.rename(vault + ".old", vault)
            coffer.start()
            self.assert_erased(coffer, user)
            self.assert_unreadable(coffer, traits)
            self.assertEqual(coffer.stop(), 0)
            self.assert_no_clear_text(coffer)


if __name__ == "__main__":
    unittest.main()
