# SPDX-License-Identifier: Apache-2.0
"""Promised: a small platform, through its real processes and a provider with a clock of its own, keeps its books
right every day; the same seed gives each stream the same events and every account the same balance. (In which order
news of one moment arrive is the processes' business; that it does not matter is commands.confluence's.)
Shown: campaigns of all three models, declines, refunds, disputes, payouts that fail, people who are erased,
by a seeded script. After every day the invariants hold (`coffer reconcile`, which also holds our books against
the provider's), and what lies in the connected account is what we say. At the end the whole log verifies.
All of it twice. Ordinarily three weeks; the whole year with COFFER_TEST_DAYS=365.

usage: test_year.py COFFER
"""

import collections
import hashlib
import json
import os
import random
import sys

import ledger as support
from ledger import Ledger

DAYS = int(os.environ.get("COFFER_TEST_DAYS", "21"))
SEED = int(os.environ.get("COFFER_TEST_SEED", "2026"))
CARDS = ["visa", "mastercard", "bypassPending", "chargeCustomerFail", "refundFail",
         "createDispute", "disputeLater", "visa_chargeDeclinedInsufficientFunds"]


class Year:
    def __init__(self, ledger, seed):
        self.ledger, self.random = ledger, random.Random(seed)
        self.ids = 0
        self.campaigns, self.pledges, self.backers = [], [], []

    def new_id(self):
        """The same for the same seed, and ascending."""
        self.ids += 1
        return f"019b76da-a800-7000-8000-{self.ids:012x}"

    def open(self):
        ledger = self.ledger
        ledger.command("user_request_payout_account", ledger.creator, user_id=ledger.creator,
                       country="DE", currency="EUR")
        ledger.drain()
        self.account = ledger.box.ok("GET", "/v1/accounts")["data"][0]["id"]
        ledger.box.ok("POST", f"/_sandbox/onboarding/{self.account}", "outcome=complete&bank=pays")
        ledger.advance(hours=1)
        ledger.command("user_pass_identity_check", "operator", user_id=ledger.creator, check="chk")
        for _ in range(8):
            self.backers.append(self.new_id())
            ledger.register(self.backers[-1])

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def day(self, number):
        ledger = self.ledger
        if number % 6 == 0:
            self.campaigns.append(ledger.campaign(self.random.choice(["aon", "kia", "hybrid"]),
                                                  days=self.random.randrange(2, 12)))
        for campaign in self.campaigns[-3:]:
            if self.chance(60):
                self.pledge(campaign)
        if self.pledges and self.chance(30):
            ledger.send("pledge_request_refund", "operator", self.new_id(),
                        pledge_id=self.random.choice(self.pledges), refund_id=self.new_id(),
                        amount=self.random.randrange(100, 3000), reason="goodwill")
        if self.chance(10):
            bank = self.random.choice(["pays", "fails", "fails_after_paid"])
            ledger.box.ok("POST", f"/_sandbox/onboarding/{self.account}", f"outcome=complete&bank={bank}")
        if number % 20 == 19:
            gone = self.backers.pop(0)
            ledger.send("subject_erase", gone, self.new_id(), subject_id=gone)
        ledger.drain()
        for dispute in ledger.box.ok("GET", "/v1/disputes?limit=100")["data"]:
            if dispute["status"] == "needs_response" and self.chance(30):
                outcome = self.random.choice(["won", "lost"])
                ledger.box.ok("POST", f"/_sandbox/disputes/{dispute['id']}", f"outcome={outcome}")
        ledger.advance(120, days=1)

    def pledge(self, campaign):
        backer, pledge = self.random.choice(self.backers), self.new_id()
        done = self.ledger.send("pledge_start_checkout", backer, self.new_id(), pledge_id=pledge,
                                campaign_id=campaign, backer_id=backer, currency="EUR",
                                amount=self.random.randrange(1000, 20000),
                                payment_method="pm_card_" + self.random.choice(CARDS))
        if done.returncode == 0:
            self.pledges.append(pledge)

    def check(self, number):
        ledger = self.ledger
        done = ledger.run("reconcile", "--stripe-key", "sk_test_x", "--stripe-url", ledger.box.url)
        assert done.returncode == 0, f"day {number}: {done.stdout}{done.stderr}"
        ours = sum(int(line.split(",")[6]) for line in ledger.balances().splitlines()[1:]
                   if line and line.split(",")[5].startswith("assets:connected"))
        theirs = ledger.box.ok("GET", "/v1/balance", account=self.account)
        held = sum(each["amount"] for part in ("available", "pending") for each in theirs[part])
        payouts = ledger.box.ok("GET", "/v1/payouts?limit=100", account=self.account)["data"]
        held += sum(each["amount"] for each in payouts if each["status"] in ("pending", "in_transit"))
        assert ours == held, f"day {number}: connected {ours}, the provider has {held}"


def outline(ledger):
    """The events of each stream, without what the provider names and what the processes time."""
    streams = collections.defaultdict(list)
    for line in ledger.run("replay").stdout.splitlines():
        record = json.loads(line)
        if record["event"] not in ("clock_advanced", "provider_event_received", "provider_event_settled"):
            streams[record["stream"]].append(record["event"])
    return {stream: sorted(events) for stream, events in streams.items()}


def live(program):
    made = [0]

    def new_id():
        made[0] += 1
        return f"019b76da-a7ff-7000-8000-{made[0]:012x}"
    support.new_id = new_id
    with Ledger(program, poll_s=0, simulated=True, hooks=True) as ledger:
        year = Year(ledger, SEED)
        year.open()
        for number in range(DAYS):
            year.day(number)
            year.check(number)
        balances = collections.Counter()
        for line in ledger.balances().splitlines()[1:]:
            if line:
                balances[line.split(",")[5]] += int(line.split(",")[6])
        streams = outline(ledger)
        ledger.kill("writer")
        done = ledger.run("verify")
        assert "tampered" not in done.stdout and done.returncode in (0, 6), done.stdout + done.stderr
        return streams, dict(balances)


def main():
    first, second = live(sys.argv[1]), live(sys.argv[1])
    events = sum(len(each) for each in first[0].values())
    mark = hashlib.sha256(json.dumps(first, sort_keys=True).encode()).hexdigest()[:16]
    print(f"{DAYS} days of seed {SEED}, twice: {events} events in {len(first[0])} streams, {mark}")
    for stream in first[0].keys() | second[0].keys():
        assert first[0].get(stream) == second[0].get(stream), \
            f"{stream}: {first[0].get(stream)} and {second[0].get(stream)}"
    assert first[1] == second[1], set(first[1].items()) ^ set(second[1].items())


main()
