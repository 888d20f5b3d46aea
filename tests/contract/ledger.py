# SPDX-License-Identifier: Apache-2.0
"""A ledger with its writer, gateway, sandbox and, where webhooks are wanted, API, and nothing else; each
can be killed and started again. Its time is the machine's, or one that the test moves."""

import datetime
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid

from sandbox import Sandbox

PATIENCE_S = 60
SEALED = "00" * 40  # the keeper's business; here any bytes do
SIMULATED = ("--clock", "simulated", "--genesis", "2026-01-01T00:00:00Z")
SECRET = "whsec_of_the_contract"


def new_id():
    at = int(time.time() * 1000)
    low = uuid.uuid4().int
    return str(uuid.UUID(int=at << 80 | 7 << 76 | (low & 0xfff) << 64 | 2 << 62 | low >> 66))


def wait_until(condition, what, patience_s=PATIENCE_S):
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"waited {patience_s} s in vain: {what}")


class Ledger:
    """Use as a context manager. `between` may put somebody between gateway and sandbox. In order: all that
    happens happens one after the other, and a command comes when all is quiet."""

    def __init__(self, program, poll_s=1, between=None, simulated=False, hooks=False, limits=(),
                 in_order=False):
        self.program = program
        self.data = tempfile.mkdtemp(prefix="coffer-contract-", dir="/var/tmp")
        self.clock = SIMULATED if simulated else ()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.api = f"127.0.0.1:{probe.getsockname()[1]}"
        self.hook_url = f"http://{self.api}/api/v1/webhooks/stripe"
        told = ("--webhook-url", self.hook_url, "--webhook-secret", SECRET) if hooks else ()
        self.in_order = in_order
        order = ("--in-order",) if in_order else ()
        self.box = Sandbox(program, *self.clock, *told, *order)
        provider = between(self.box.url) if between else self.box.url
        self.arguments = {
            "writer": self.clock, "keeper": (),
            "gateway": ("--stripe-key", "sk_test_contract", "--stripe-url", provider, "--poll-s",
                        str(poll_s), *limits, *order),
            # It takes webhooks in; whoever wants to read something finds nobody.
            "api": ("--listen", self.api, "--webhook-secret", SECRET + ",whsec_old", "--pg",
                    "host=/nowhere")}
        self.hooks = hooks
        self.processes = {}
        self.models = None
        self.errors = tempfile.TemporaryFile()

    def __enter__(self):
        self.start("writer")
        wait_until(lambda: self.run("timers").returncode == 0, "the writer answers")
        self.start("keeper")
        self.start("gateway")
        if self.hooks:
            self.start("api")
            wait_until(self.listens, "the API listens")
        self.admin, self.moderator, self.creator = new_id(), new_id(), new_id()
        for person in (self.admin, self.moderator, self.creator):
            self.register(person)
        self.command("user_grant_role", "operator", user_id=self.admin, role="admin")
        for person, role in ((self.moderator, "moderator"), (self.creator, "creator")):
            self.command("user_grant_role", self.admin, user_id=person, role=role)
        self.command("user_start_identity_check", self.creator, user_id=self.creator, check="chk")
        return self

    def __exit__(self, *_):
        if self.models:
            self.models.terminate()
            self.models.wait()
            wait_until(self.models_are_gone, "PostgreSQL has ended")
        for name in list(self.processes):
            self.kill(name)
        self.box.__exit__()
        shutil.rmtree(self.data)
        self.errors.close()

    def start(self, name):
        self.processes[name] = subprocess.Popen(
            [self.program, name, "--data", self.data, *self.arguments[name]],
            stdout=subprocess.DEVNULL, stderr=self.errors)

    def listens(self):
        host, port = self.api.split(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def start_models(self):
        """PostgreSQL and projector, which end when the ledger does. Ready when the models are."""
        self.models = subprocess.Popen(
            [self.program, "up", "--data", self.data, "--listen", "127.0.0.1:0", "--without",
             "writer,keeper,gateway,api,sandbox,sample"], stdout=subprocess.DEVNULL, stderr=self.errors)
        wait_until(lambda: self.run("rebuild", "--diff-only").returncode == 0, "there are models")

    def models_are_gone(self):
        return not os.path.exists(os.path.join(self.data, "pg/cluster/postmaster.pid"))

    def kill(self, name):
        if name in self.processes:
            process = self.processes.pop(name)
            process.kill()
            process.wait()

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments, "--data", self.data],
                              capture_output=True, text=True, check=False)

    def send(self, name, actor, key=None, **fields):
        if self.in_order:
            self.advance(2 * PATIENCE_S)
        more = ["--key", key] if key else []
        return self.run("command", name, "--actor", actor, "--json", json.dumps(fields), *more)

    def command(self, name, actor, **fields):
        done = self.send(name, actor, **fields)
        assert done.returncode == 0, f"{name} {fields}: {done.stdout}{done.stderr}"
        return done.stdout

    def register(self, person):
        self.command("user_register", person, user_id=person, email=SEALED, terms_version="1",
                     imported=False)
        self.command("user_verify_email", person, user_id=person)

    def campaign(self, model, days=3, currency="EUR", **terms):
        campaign = new_id()
        end = self.now() + datetime.timedelta(days=days)
        self.command("campaign_draft", self.creator, campaign_id=campaign, creator_id=self.creator,
                     model=model, currency=currency, goal=10000, title=SEALED,
                     slug="c-" + campaign[-12:], ends_at=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.command("campaign_submit", self.creator, campaign_id=campaign)
        self.command("campaign_approve", self.moderator, **{
            "campaign_id": campaign, "platform_fee_bps": 500, "processor_fee_bearer": "creator",
            "reserve_bps": 0, "reserve_days": 0, **terms})
        self.command("campaign_launch", self.creator, campaign_id=campaign)
        return campaign

    def pledge(self, campaign, method, amount=2500, backer=None, currency="EUR", **more):
        if backer is None:
            backer = new_id()
            self.register(backer)
        pledge = new_id()
        self.command("pledge_start_checkout", backer, pledge_id=pledge, campaign_id=campaign,
                     backer_id=backer, currency=currency, amount=amount, payment_method=method, **more)
        return pledge, backer

    def now(self):
        return datetime.datetime.fromisoformat(self.run("clock").stdout.strip().replace("Z", "+00:00"))

    def forward(self, **time_span):
        """A process that moves both clocks, from one due moment to the next. An hour with the sandbox away
        passes as well."""
        away = self.box.process.poll() is not None
        target = self.now() + datetime.timedelta(**time_span)
        return subprocess.Popen(
            [self.program, "clock", "--data", self.data, "--to", target.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
             *(["--alone"] if away else ["--stripe-url", self.box.url])],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def advance(self, patience_s=PATIENCE_S, **time_span):
        """What falls due on the way has happened when this returns; also what is under way now."""
        with self.forward(**time_span) as moving:
            try:
                _, said = moving.communicate(timeout=patience_s)
            except subprocess.TimeoutExpired:
                moving.kill()
                raise AssertionError(f"waited {patience_s} s in vain: time moves on") from None
        assert moving.returncode == 0, said

    def open_requests(self):
        """Kinds of requests that wait for the gateway; letters are nobody's here."""
        lines = self.run("requests").stdout.splitlines()
        kinds = [line.split()[1] for line in lines if re.match(r" *\d+ ", line)]
        return [kind for kind in kinds if kind != "mail"]

    def gateway(self):
        for line in self.run("requests").stdout.splitlines():
            if line.startswith("gateway {"):
                return json.loads(line[len("gateway "):])
        return {}

    def drain(self, patience_s=PATIENCE_S):
        wait_until(lambda: not self.open_requests(), "all requests are answered", patience_s)

    def balances(self):
        """Account to minor units, as the exported journal has it."""
        done = self.run("journal", "--format", "csv")
        assert done.returncode == 0, done.stderr
        return done.stdout
