#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: whoever registers gets a letter. Letters arrive, by file or by SMTP, and every link in every one
leads somewhere; with what stands in it an address is confirmed, and a forgotten password replaced, once.
Shown: with a whole platform, reading its letters as people do.

usage: test_letters.py PROGRAM"""

import os
import pathlib
import re
import socket
import sys
import threading
import unittest

from coffer import Coffer, wait_until
from steps import Step, request, run

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"
LETTERS = os.path.join(os.path.dirname(__file__), "../../commands/gateway/letters.def")
EMAIL, PASSWORD, OTHER = "mary@example.org", "the first of them", "the second of them"

REGISTER = Step("Mary registers", "POST", "/api/v1/users/register",
                {"email": EMAIL, "password": PASSWORD, "display_name": "Mary"}, expect=201)


def asks_for(letter, email=EMAIL):
    return Step(f"asks for {letter}", "POST", "/api/v1/users/letters", {"email": email, "letter": letter})


def logs_in(password, expect):
    return Step("logs in", "POST", "/api/v1/users/login", {"email": EMAIL, "password": password},
                expect=expect)


class MailServer(threading.Thread):
    """Takes every letter."""

    def __init__(self):
        super().__init__(daemon=True)
        self.letters = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self):
        while True:
            with self.listener.accept()[0] as one, one.makefile("rwb") as stream:
                self.talk(stream)

    def talk(self, stream):
        letter = None
        stream.write(b"220 mail.example\r\n")
        stream.flush()
        for line in stream:
            if letter is not None and line != b".\r\n":
                letter += line
                continue
            if letter is not None:
                self.letters.append(letter.decode())
            letter = b"" if line.startswith(b"DATA") else None
            stream.write(b"250 fine\r\n" if letter is None else b"354 go on\r\n")
            stream.flush()


class Letters(unittest.TestCase):
    def letter(self, count):
        """The newest, when there are so many to Mary."""
        def come():
            found = [path.read_bytes().decode()
                     for path in pathlib.Path(self.coffer.data, "mail/new").glob("*")]
            found = [text for text in found if f"To: <{EMAIL}>" in text]
            return found if len(found) == count else None
        return wait_until(come, f"{count} letters")

    def token(self, name, letters):
        texts = [text for text in letters if name in text]
        self.assertEqual(len(texts), 1)
        link = re.search(r"http://\S+", texts[0]).group()
        self.assertTrue(link.startswith(f"http://127.0.0.1:{self.coffer.port}/account?{name}="), link)
        return link.split("=", 1)[1]

    def test_links_work_once(self):
        with Coffer(PROGRAM, "--no-samples") as self.coffer:
            port = self.coffer.port
            run(port, [REGISTER], {})
            unasked = self.token("verify_token", self.letter(1))
            run(port, [asks_for("verify_address"),
                       asks_for("verify_address", "nobody@example.org"),
                       Step("asks for what is none", "POST", "/api/v1/users/letters",
                            {"email": EMAIL, "letter": "receipt"}, expect=422)], {})
            token = self.token("verify_token", [text for text in self.letter(2) if unasked not in text])
            verify = ("POST", "/api/v1/users/verify")
            run(port, [Step("confirms", *verify, {"token": token}),
                       Step("confirms again", *verify, {"token": token}, expect=409),
                       Step("guesses", *verify, {"token": token[:-1] + "x"}, expect=401),
                       asks_for("password_reset")], {})
            other = self.token("reset_token", self.letter(3))
            reset = ("POST", "/api/v1/users/reset")
            run(port, [Step("takes the other letter's", *reset, {"token": token, "password": OTHER}, expect=401),
                       Step("chooses too short a one", *reset, {"token": other, "password": "x"}, expect=422),
                       Step("chooses", *reset, {"token": other, "password": OTHER}),
                       Step("chooses again", *reset, {"token": other, "password": "third of them"}, expect=401),
                       logs_in(PASSWORD, 401), logs_in(OTHER, 200)], {})
            self.assertEqual(len(self.letter(3)), 3, "nobody got a letter that was not asked for")
            self.every_link_leads_somewhere(port)

    def every_link_leads_somewhere(self, port):
        with open(LETTERS, encoding="utf-8") as file:
            links = [row[-1] for row in re.findall(r'^CF_LETTER\(\w+, "(.*)", "(.*)", "(.*)"\)$', file.read(),
                                                   re.MULTILINE)]
        self.assertGreater(len(links), 10)
        for link in filter(None, links):
            self.assertEqual(request(port, "GET", link.replace("%T", "x")).status, 200, link)

    def test_letters_go_by_smtp(self):
        server = MailServer()
        os.environ["COFFER_SMTP"] = server.url
        os.environ["COFFER_MAIL_FROM"] = "ledger@example.org"
        try:
            with Coffer(PROGRAM, "--no-samples") as coffer:
                run(coffer.port, [REGISTER], {})
                letter = wait_until(lambda: [text for text in server.letters if f"To: <{EMAIL}>\r\n" in text],
                                    "a letter to Mary")[0]
                self.assertIn("ledger@example.org", letter)
                self.assertRegex(letter, r"/account\?verify_token=\S+")
                self.assertFalse(os.path.exists(os.path.join(coffer.data, "mail/new")))
        finally:
            del os.environ["COFFER_SMTP"], os.environ["COFFER_MAIL_FROM"]


if __name__ == "__main__":
    unittest.main()
