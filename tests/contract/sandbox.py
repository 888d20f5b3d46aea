# SPDX-License-Identifier: Apache-2.0
"""A sandbox of its own for a test, and calls to it."""

import base64
import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request


class Sandbox:
    def __init__(self, program, *arguments):
        self.program, self.arguments = program, arguments
        self.directory = tempfile.mkdtemp(prefix="coffer-contract-")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "sandbox", "--data", self.directory, *self.arguments],
            stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        # Started again, it listens where it did.
        if "--sandbox-listen" not in self.arguments:
            self.arguments += ("--sandbox-listen", self.url.split("//")[1])

    def kill(self):
        """As kill -9 does; what it knew must still be there after start()."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.directory)

    def call(self, method, path, body="", account=None, key=None, basic=False):
        """(status, answer, headers)"""
        request = urllib.request.Request(self.url + path, method=method,
                                         data=body.encode() if method == "POST" else None)
        secret = "sk_test_contract"
        if basic:
            word = base64.b64encode(f"{secret}:".encode()).decode()
            request.add_header("Authorization", f"Basic {word}")
        else:
            request.add_header("Authorization", f"Bearer {secret}")
        if account:
            request.add_header("Stripe-Account", account)
        if key:
            request.add_header("Idempotency-Key", key)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read()), error.headers

    def ok(self, method, path, body="", account=None):
        status, answer, _ = self.call(method, path, body, account)
        assert status == 200, f"{method} {path} {body}: {status} {answer}"
        return answer

    def advance(self, days):
        """Moves the clock; whatever falls due on the way has happened when this returns."""
        self.ok("POST", "/_sandbox/clock", f"advance={int(days * 86400)}")
        while True:
            clock = self.ok("GET", "/_sandbox/clock")
            if not 0 < clock["next_due"] <= clock["now"]:
                return

    def events(self, account=None):
        """Types, oldest first."""
        found, after = [], ""
        while True:
            page = self.ok("GET", f"/v1/events?limit=100{after}", account=account)
            found += page["data"]
            if not page["has_more"]:
                return [event["type"] for event in reversed(found)]
            after = f"&starting_after={found[-1]['id']}"
