# SPDX-License-Identifier: Apache-2.0
"""Promised: money is never moved twice, never lost, and every movement is explained by the provider's own
records, whichever process dies between any two steps of authorize, capture, refund, transfer and payout; and
every row of the table of postings occurs where it should.
Shown: with real processes, the real adapter, the sandbox, webhooks and a clock that the test moves. A proxy
between gateway and sandbox stops a call at one of three points: before the sandbox sees it, after it did
what was asked and before the gateway hears of it, and after the gateway heard. There one of gateway, writer
and sandbox is killed with SIGKILL and started again: every operation times every process times every point.
Then the ledger must have come to the same end as without, with one movement for each thing at the
provider, and `coffer reconcile` clean. A case that never came to its point fails the test.

usage: test_settlement.py COFFER [SCENARIO…]
"""

import datetime
import http.client
import http.server
import json
import re
import subprocess
import tempfile
import threading
import urllib.parse

from ledger import Ledger, new_id, wait_until
from scenarios import main, reconciled, scenario

PROCESSES = ("gateway", "writer", "sandbox")
POINTS = ("before", "done", "heard")
CALLS = {  # operation: where the call goes that performs it
    "authorize": ("POST", "/v1/payment_intents"),
    "capture": ("POST", "/capture"),
    "refund": ("POST", "/v1/refunds"),
    "transfer": ("POST", "/v1/transfers"),
    "payout": ("POST", "/v1/payouts"),
}


def rows(ledger):
    """The journal's: event, code, account, minor units."""
    lines = [line.split(",") for line in ledger.balances().splitlines()[1:] if line]
    return [(line[2], line[4], line[5], int(line[6])) for line in lines]


def count(ledger, event):
    return len(ledger.run("replay", "--type", event).stdout.splitlines())


class Proxy:
    """Passes everything on; stops the next call that is armed at its point, and lets somebody act there."""

    def __init__(self, target):
        self.target = urllib.parse.urlparse(target)
        self.armed = None
        self.fired = threading.Event()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                point = proxy.take(self.command, self.path)
                if point == "before":
                    return self.drop()
                try:
                    link = http.client.HTTPConnection(proxy.target.hostname, proxy.target.port,
                                                      timeout=30)
                    link.request(self.command, self.path, body, dict(self.headers))
                    answer = link.getresponse()
                    text = answer.read()
                except OSError:
                    return self.drop()
                if point == "done":
                    return self.drop()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                self.wfile.flush()
                if point == "heard":
                    proxy.fired.set()
                return None

            def drop(self):
                self.close_connection = True
                proxy.fired.set()

            do_GET = do_POST = do_DELETE = forward

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who is killed closes its connections
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.lock = threading.Lock()

    def arm(self, method, path, point):
        self.fired.clear()
        with self.lock:
            self.armed = (method, path, point)

    def take(self, method, path):
        with self.lock:
            if self.armed is None or method != self.armed[0] or \
                    not path.split("?")[0].endswith(self.armed[1]):
                return None
            point, self.armed = self.armed[2], None
            return point


class Stage:
    """A ledger whose provider is behind a proxy."""

    def __init__(self, program):
        self.proxy = None
        self.ledger = Ledger(program, poll_s=0, simulated=True, hooks=True, between=self.between)

    def __enter__(self):
        self.ledger.__enter__()
        return self

    def __exit__(self, *more):
        self.ledger.__exit__(*more)

    def between(self, url):
        self.proxy = Proxy(url)
        return self.proxy.url

    def kill(self, process):
        if process == "sandbox":
            self.ledger.box.kill()
            self.ledger.box.start()
            return
        self.ledger.kill(process)
        self.ledger.start(process)
        if process == "writer":
            wait_until(lambda: self.ledger.run("timers").returncode == 0, "the writer answers again")

    def kill_at(self, operation, process, point, act, **ahead):
        """Does something that leads to the operation, kills the process there, and lets an hour pass."""
        ledger = self.ledger
        self.proxy.arm(*CALLS[operation], point)
        act()
        with ledger.forward(**ahead) as moving:
            wait_until(self.proxy.fired.is_set, f"{operation} is asked of the provider")
            moving.kill()
        self.kill(process)
        ledger.advance(120, hours=1)


def onboard(ledger):
    """The creator may be paid: account, the provider's form, identity."""
    ledger.command("user_request_payout_account", ledger.creator, user_id=ledger.creator,
                   country="DE", currency="EUR")
    ledger.drain()
    account = ledger.box.ok("GET", "/v1/accounts")["data"][0]["id"]
    ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete&bank=pays")
    ledger.command("user_pass_identity_check", "operator", user_id=ledger.creator, check="chk")
    return account


def cases():
    return [(process, point) for process in PROCESSES for point in POINTS]


def payments(ledger):
    """Status and amount of every payment at the provider, by pledge."""
    found = {}
    for each in ledger.box.ok("GET", "/v1/payment_intents?limit=100")["data"]:
        found.setdefault(each["metadata"]["pledge_id"], []).append(
            (each["status"], each["amount_received"]))
    return found


@scenario
def killed_between_any_two_steps_of_a_charge(program):
    """Authorize, capture and refund: a campaign for each case, so that each has its own deadline."""
    with Stage(program) as stage:
        ledger = stage.ledger
        backer = new_id()
        ledger.register(backer)
        pledges, ends = [], []
        for index, (process, point) in enumerate(cases()):
            campaign = ledger.campaign("aon", days=1.5 + index / 8)
            ends.append(ledger.now() + datetime.timedelta(days=1.5 + index / 8))

            def pledge(campaign=campaign):
                pledges.append(ledger.pledge(campaign, "pm_card_bypassPending", 12000, backer)[0])
            stage.kill_at("authorize", process, point, pledge)
        assert count(ledger, "pledge_authorized") == 9
        assert count(ledger, "pledge_hold_orphaned") == 0
        for end, (process, point) in zip(ends, cases()):
            # Not to the next one's end: time moves on as soon as an answer is heard.
            stage.kill_at("capture", process, point, lambda: None,
                          seconds=(end - ledger.now()).total_seconds() + 60)
        ledger.advance(240, days=4)
        assert count(ledger, "pledge_captured") == 9
        assert count(ledger, "pledge_money_orphaned") == 0
        assert payments(ledger) == {pledge: [("succeeded", 12000)] for pledge in pledges}
        for pledge, (process, point) in zip(pledges, cases()):
            stage.kill_at("refund", process, point, lambda pledge=pledge: ledger.command(
                "pledge_request_refund", "operator", pledge_id=pledge, refund_id=new_id(),
                amount=5000, reason="goodwill"))
        assert count(ledger, "pledge_refund_succeeded") == 9
        assert [each["amount"] for each in
                ledger.box.ok("GET", "/v1/refunds?limit=100")["data"]] == [5000] * 9
        reconciled(ledger)


@scenario
def killed_between_any_two_steps_of_a_payout(program):
    with Stage(program) as stage:
        ledger = stage.ledger
        account = onboard(ledger)
        campaign = ledger.campaign("kia", days=2)
        ledger.pledge(campaign, "pm_card_bypassPending", 900000)
        ledger.advance(days=6)
        amounts = []
        for operation in ("transfer", "payout"):
            for process, point in cases():
                amounts.append(2000 + len(amounts))
                stage.kill_at(operation, process, point, lambda: ledger.command(
                    "payout_request", "operator", campaign_id=campaign, payout_id=new_id(),
                    amount=amounts[-1]))
        ledger.advance(240, days=5)  # by then the rest was paid out by itself or not: we look at ours
        transfers = ledger.box.ok("GET", "/v1/transfers?limit=100")["data"]
        made = [each["amount"] for each in transfers]
        assert [made.count(amount) for amount in amounts] == [1] * 18, made
        paid = ledger.box.ok("GET", "/v1/payouts?limit=100", account=account)["data"]
        sums = [each["amount"] for each in paid if each["status"] == "paid"]
        assert [sums.count(amount) for amount in amounts] == [1] * 18, sums
        assert count(ledger, "payout_paid") == len(paid) == len(transfers)
        assert count(ledger, "payout_failed") == 0
        reconciled(ledger)


def shown(ledger):
    """What `coffer payments` says for programs, of payments alone."""
    done = ledger.run("payments", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    said["waiting"] = [each for each in said["waiting"] if each["request"] == "payment"]
    return said


@scenario
def payments_shows_what_waits_and_why(program):
    with Ledger(program, poll_s=0, simulated=True, hooks=True) as ledger:
        campaign = ledger.campaign("kia")
        assert shown(ledger)["waiting"] == []
        ledger.box.kill()
        pledge, _ = ledger.pledge(campaign, "pm_card_visa")
        wait_until(lambda: [each["state"] for each in shown(ledger)["waiting"]] == ["retry"],
                   "the call is put off")
        said = shown(ledger)
        waits = said["waiting"][0]
        assert (waits["request"], waits["tries"]) == ("payment", 1), waits
        assert waits["reason"] and waits["retry_at"] > waits["asked_at"], waits
        assert said["gateway"]["provider"]["failures"] > 0
        table = ledger.run("payments").stdout
        assert waits["reason"] in table and "breaker" in table, table
        ledger.box.start()
        ledger.advance(hours=2)
        said = shown(ledger)
        assert said["waiting"] == [] and payments(ledger) == {pledge: [("succeeded", 2500)]}
        pays = [each for each in said["gateway"]["provider"]["endpoints"]
                if each["operation"] == "pay"]
        assert pays[0]["calls"] == 1, pays
        ledger.kill("gateway")
        assert "does not answer" in ledger.run("payments").stdout
        ledger.start("gateway")


@scenario
def a_dry_run_says_what_then_happens(program):
    """Ten cards, two of which decline to the end; every charge of 100.00 costs 3.20 at the sandbox."""
    with Ledger(program, poll_s=0, simulated=True, hooks=True) as ledger:
        onboard(ledger)
        campaign = ledger.campaign("aon", 30, platform_fee_bps=700, reserve_bps=1000, reserve_days=60,
                                   tax_jurisdiction="DE", tax_bps=1900)
        for index in range(10):
            ledger.pledge(campaign, "pm_card_" + ("chargeCustomerFail" if index < 2 else "visa"), 10000)
        ledger.advance()
        said = dry_run(ledger, campaign, "--declines", "2000")
        ledger.advance(120, days=50)
        settled = json.loads(ledger.run("replay", "--type", "campaign_settled").stdout)
        for line, field in (("collected", "collected"), ("platform fee", "platform_fee"), ("tax", "tax"),
                            ("reserve", "reserve"), ("payable to the creator", "payable")):
            assert abs(said[line]) == settled["fields"][field], (line, said, settled)
        assert said["captures to come"] == count(ledger, "pledge_captured") == 8
        assert -said["assumed processor fees"] == sum(
            minor for _, code, account, minor in rows(ledger)
            if code == "P2" and account.startswith("liabilities")), said
        assert settled["time"] <= said["settled at the latest"], (settled["time"], said)
        first = json.loads(ledger.run("replay", "--type", "payout_requested").stdout.splitlines()[0])
        assert first["time"] == said["first payout from"], (first["time"], said)
        ledger.advance(120, days=45)
        released = json.loads(ledger.run("replay", "--type", "campaign_reserve_released").stdout)
        assert released["time"] == said["reserve released"], (released["time"], said)
        reconciled(ledger)


def dry_run(ledger, campaign, *more):
    """What is printed, by its label: minor units, numbers, times."""
    done = ledger.run("settle", "--dry-run", campaign, *more)
    assert done.returncode == 0, done.stderr
    said = {}
    for line in done.stdout.splitlines()[1:]:
        label, value = re.split(r"  +", line.strip(), maxsplit=1)
        value = value.removesuffix(" EUR")
        said[label] = int(value.replace(".", "")) if re.fullmatch(r"-?[0-9.]+", value) else value
    return said


# -- Every row of the table of postings -----------------------------------------------------------

ROWS = ("M1 M1- M2 M3 M4 P1 P1o P2 P2' P3 S1 S2 S3 S4 O1 O2 O3 O3r O4 R1 R1' R1'' R2 R2o R2d R3 D1 D1' "
        "D2 D3 D4 D4' N1 N2 N3").split()


def refund(ledger, pledge, amount):
    ledger.command("pledge_request_refund", "operator", pledge_id=pledge, refund_id=new_id(),
                   amount=amount, reason="goodwill")
    ledger.drain()


def charge_of(ledger, pledge):
    for each in ledger.box.ok("GET", "/v1/payment_intents?limit=100")["data"]:
        if each["metadata"].get("pledge_id") == pledge and each["status"] == "succeeded":
            return each["latest_charge"]
    raise AssertionError(f"{pledge} was never charged")


def dispute(ledger, charge, outcome):
    """A bank takes it back, and decides two hours later."""
    ledger.box.ok("POST", "/_sandbox/disputes", f"charge={charge}")
    ledger.advance(hours=1)
    if outcome:
        made = ledger.box.ok("GET", f"/v1/disputes?charge={charge}")["data"][0]["id"]
        ledger.box.ok("POST", f"/_sandbox/disputes/{made}", f"outcome={outcome}")
        ledger.advance(hours=1)


def payout_of(ledger, event):
    return ledger.run("replay", "--type", event).stdout.split('"payout_id":"')[-1][:36]


def refund_of(ledger, event):
    return ledger.run("replay", "--type", event).stdout.split('"refund_id":"')[-1][:36]


def memo_rows(ledger):
    """A card saved and cancelled, a hold given back and one captured."""
    long_one = ledger.campaign("aon", 40)
    pledge, backer = ledger.pledge(long_one, "pm_card_visa", 12000)
    ledger.drain()
    ledger.command("pledge_cancel", backer, pledge_id=pledge)
    short = ledger.campaign("aon", 2)
    held, backer = ledger.pledge(short, "pm_card_visa", 12000)
    ledger.pledge(short, "pm_card_visa", 12000)
    ledger.drain()
    ledger.command("pledge_cancel", backer, pledge_id=held)
    ledger.advance(days=3)


def settlement_rows(ledger, account):
    """Fee borne by each, tax, reserve, refunds before and after, payouts that go every way."""
    campaign_with_platform = ledger.campaign("kia", 2, processor_fee_bearer="platform")
    ledger.pledge(campaign_with_platform, "pm_card_visa", 5000)
    campaign = ledger.campaign("kia", 2, reserve_bps=1000, reserve_days=30,
                             tax_jurisdiction="DE", tax_bps=1900)
    big, _ = ledger.pledge(campaign, "pm_card_bypassPending", 200000)
    early, _ = ledger.pledge(campaign, "pm_card_bypassPending", 20000)
    ledger.drain()
    refund(ledger, early, 5000)  # R1
    ledger.command("pledge_reimburse_fee", "operator", pledge_id=early, amount=100)
    ledger.advance(days=4)
    refund(ledger, big, 10000)  # R1'
    ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete&bank=fails")
    ledger.command("payout_request", "operator", campaign_id=campaign, payout_id=new_id(),
                   amount=10000)
    ledger.advance(days=4)
    ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete&bank=pays")
    ledger.command("payout_retry", "operator", payout_id=payout_of(ledger, "payout_failed"))
    ledger.advance(days=4)
    ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete&bank=fails")
    ledger.command("payout_request", "operator", campaign_id=campaign, payout_id=new_id(),
                   amount=10001)
    ledger.advance(days=4)
    ledger.command("payout_request_reversal", "operator",
                   payout_id=payout_of(ledger, "payout_failed"))
    ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete&bank=pays")
    ledger.advance(days=25)  # the rest, and the reserve
    return big


def refund_rows(ledger):
    """A refund that comes back and is paid from the bank; one that the bank made by a dispute."""
    campaign = ledger.campaign("kia", 2)
    comes_back, _ = ledger.pledge(campaign, "pm_card_refundFail", 3000)
    contested, _ = ledger.pledge(campaign, "pm_card_refundFail", 4000)
    ledger.pledge(campaign, "pm_card_bypassPending", 50000)
    ledger.drain()
    refund(ledger, comes_back, 3000)
    ledger.advance(days=10)
    ledger.command("pledge_pay_refund_otherwise", "operator",
                   refund_id=refund_of(ledger, "pledge_refund_failed"), reference="transfer 1")
    refund(ledger, contested, 4000)
    ledger.advance(days=10)
    dispute(ledger, charge_of(ledger, contested), "lost")  # D4', R2d


def dispute_rows(ledger):
    """Won and lost after settlement, then debts: netted, recovered, written off."""
    campaign = ledger.campaign("kia", 2)
    pledges = [ledger.pledge(campaign, "pm_card_bypassPending", 30000)[0] for _ in range(3)]
    ledger.advance(days=4)
    dispute(ledger, charge_of(ledger, pledges[0]), "won")
    dispute(ledger, charge_of(ledger, pledges[1]), "lost")
    ledger.advance(days=25)  # all is paid out
    dispute(ledger, charge_of(ledger, pledges[2]), "lost")
    ledger.command("user_recover_debt", "operator", user_id=ledger.creator, currency="EUR",
                   amount=1000, source="bank")
    ledger.command("user_write_off_debt", "operator", user_id=ledger.creator, currency="EUR",
                   amount=1000)
    again = ledger.campaign("kia", 2)
    ledger.pledge(again, "pm_card_bypassPending", 20000)
    ledger.advance(days=5)  # N1


def orphan_rows(ledger):
    """Money for a pledge that has ended: the charge was under way when its campaign was cancelled. A bank
    disputes it before it is refunded, and wins."""
    campaign = ledger.campaign("kia", 2)
    ledger.box.ok("POST", "/_sandbox/faults", "kind=slow&path=/v1/payment_intents&delay_ms=9000")
    ledger.box.ok("POST", "/_sandbox/faults", "kind=webhook_delay&count=20&delay_ms=9000")
    ledger.pledge(campaign, "pm_card_createDispute", 7000)
    ledger.command("campaign_cancel", ledger.creator, campaign_id=campaign)
    ledger.advance(days=1)
    assert count(ledger, "pledge_money_orphaned") == 1
    assert count(ledger, "pledge_orphan_disputed") == 1
    made = ledger.box.ok("GET", "/v1/disputes?limit=100")["data"]
    mine = next(each for each in made if each["amount"] == 7000)["id"]
    ledger.box.ok("POST", f"/_sandbox/disputes/{mine}", "outcome=lost")
    ledger.advance(days=1)
    assert count(ledger, "pledge_orphan_dispute_lost") == 1
    assert count(ledger, "pledge_refund_covered") >= 1


@scenario
def every_row_of_the_table_of_postings_occurs(program):
    with Ledger(program, poll_s=0, simulated=True, hooks=True) as ledger:
        account = onboard(ledger)
        memo_rows(ledger)
        settlement_rows(ledger, account)
        refund_rows(ledger)
        dispute_rows(ledger)
        orphan_rows(ledger)
        occurred = {code for _, code, _, _ in rows(ledger)}
        print("        " + " ".join(sorted(occurred)))
        missing = [row for row in ROWS if row not in occurred]
        assert not missing, f"these rows never occurred: {missing}"
        reconciled(ledger)
        with tempfile.NamedTemporaryFile("w", suffix=".journal") as journal:
            journal.write(ledger.run("journal", "--format", "hledger").stdout)
            journal.flush()
            done = subprocess.run(["hledger", "-f", journal.name, "check", "--strict"],
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr


main()
