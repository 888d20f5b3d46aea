# SPDX-License-Identifier: Apache-2.0
"""Promised: a small platform, through its real processes and a provider with a clock of its own, keeps its books
right every day; the same seed gives the same log, record for record and to the microsecond, and every account the
same balance.
Shown: campaigns of all three models, limited rewards, declines, refunds, disputes, payouts that fail, people
who are erased, by a seeded script. After every day all ten invariants are looked at: `coffer reconcile` has those of
our own books and the provider's balance (1 to 5, 8 to 10), here is the connected account's (6), and `coffer
verify` and `coffer rebuild --diff-only` replay the log from its first record against state and read models (7).
All of it twice, side by side: gateway and sandbox go in order, and the script acts when all is quiet. What differs
by nature is left out: names that the provider gives, and what is made of them or of keys.
Ordinarily three weeks; the whole year with COFFER_TEST_DAYS=365, and then everything that the
script is about must have come to pass.

usage: test_year.py COFFER
"""

import collections
import hashlib
import json
import multiprocessing
import os
import random
import re
import sys

import ledger as support
from ledger import SEALED, Ledger

DAYS = int(os.environ.get("COFFER_TEST_DAYS", "21"))
SEED = int(os.environ.get("COFFER_TEST_SEED", "2026"))
BACKERS = 8
CARDS = ["visa", "mastercard", "bypassPending", "chargeCustomerFail", "refundFail",
         "createDispute", "disputeLater", "chargeDeclinedInsufficientFunds"]
A_YEAR_HAS = """campaign_funded campaign_failed campaign_goal_certain campaign_settled pledge_committed
    pledge_authorized pledge_captured pledge_payment_failed pledge_dropped pledge_released
    pledge_refund_succeeded pledge_refund_failed pledge_disputed pledge_dispute_won pledge_dispute_lost
    payout_paid payout_failed subject_erased""".split()
THEIR_NAME = re.compile(r'"(acct|ch|cus|dp|evt|pi|pm|po|re|req|seti|tr|trr|txn)_[A-Za-z0-9_]+"')
NEW_EACH_TIME = {"body_hash", "card_id", "origin", "verifier_key"}


class Year:
    def __init__(self, ledger, seed):
        self.ledger, self.random = ledger, random.Random(seed)
        self.campaigns, self.pledges, self.backers = [], [], []

    def open(self):
        ledger = self.ledger
        ledger.command("user_request_payout_account", ledger.creator, user_id=ledger.creator,
                       country="DE", currency="EUR")
        ledger.advance()
        self.account = ledger.box.ok("GET", "/v1/accounts")["data"][0]["id"]
        self.bank("pays")
        ledger.advance(hours=1)
        ledger.command("user_pass_identity_check", "operator", user_id=ledger.creator, check="chk")
        for _ in range(BACKERS):
            self.join()

    def join(self):
        self.backers.append(support.new_id())
        self.ledger.register(self.backers[-1])

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def bank(self, does):
        self.ledger.advance(120)
        self.ledger.box.ok("POST", f"/_sandbox/onboarding/{self.account}", f"outcome=complete&bank={does}")

    def day(self, number):
        self.ledger.advance(120)
        if number % 6 == 0:
            self.campaign()
        for campaign, reward in self.campaigns[-3:]:
            if self.chance(60):
                self.pledge(campaign, reward)
        if self.pledges and self.chance(30):
            self.ledger.send("pledge_request_refund", "operator", refund_id=support.new_id(),
                             pledge_id=self.random.choice(self.pledges),
                             amount=self.random.randrange(100, 3000), reason="goodwill")
        if self.chance(10):
            self.bank(self.random.choice(["pays", "fails", "fails_after_paid"]))
        if self.chance(20):
            self.retry_payouts()
        if number % 20 == 19:
            gone = self.backers.pop(0)
            self.ledger.send("subject_erase", gone, subject_id=gone)
            self.join()
        self.ledger.advance(120)
        self.close_disputes()
        self.ledger.advance(120, days=1)

    def campaign(self):
        model = self.random.choice(["aon", "kia", "hybrid"])
        bearer = self.random.choice(["creator", "platform"])
        campaign = self.ledger.campaign(
            model, days=self.random.randrange(2, 12), processor_fee_bearer=bearer,
            reserve_bps=self.random.choice([0, 1000]), reserve_days=20)
        reward = support.new_id()
        self.ledger.command("campaign_add_reward", self.ledger.creator, campaign_id=campaign,
                            reward_id=reward, title=SEALED, minimum=1000, limit=2,
                            needs_address=False)
        self.campaigns.append((campaign, reward))

    def pledge(self, campaign, reward):
        backer, pledge = self.random.choice(self.backers), support.new_id()
        claim = {"reward_id": reward} if self.chance(30) else {}
        done = self.ledger.send("pledge_start_checkout", backer, pledge_id=pledge,
                                campaign_id=campaign, backer_id=backer, currency="EUR",
                                amount=self.random.randrange(1000, 20000),
                                payment_method="pm_card_" + self.random.choice(CARDS), **claim)
        if done.returncode == 0:
            self.pledges.append(pledge)

    def retry_payouts(self):
        failed = self.ledger.run("replay", "--type", "payout_failed").stdout.splitlines()
        for payout in sorted({json.loads(line)["stream"] for line in failed}):
            self.ledger.send("payout_retry", "operator", payout_id=payout)

    def close_disputes(self):
        disputes = self.ledger.box.ok("GET", "/v1/disputes?limit=100")["data"]
        for dispute in sorted(disputes, key=lambda each: (each["created"], each["amount"])):
            if dispute["status"] == "needs_response" and self.chance(30):
                outcome = self.random.choice(["won", "lost"])
                self.ledger.box.ok("POST", f"/_sandbox/disputes/{dispute['id']}", f"outcome={outcome}")

    def check(self, number):
        ledger = self.ledger
        for tool in (("reconcile", "--stripe-key", "sk_test_x", "--stripe-url", ledger.box.url),
                     ("verify",), ("rebuild", "--diff-only")):
            done = ledger.run(*tool)
            assert done.returncode == 0, f"day {number}: {tool[0]}: {done.stdout}{done.stderr}"
            assert "not compared" not in done.stdout, f"day {number}: {done.stdout}"
        ours = sum(minor for account, minor in balances(ledger).items()
                   if account.startswith("assets:connected"))
        theirs = ledger.box.ok("GET", "/v1/balance", account=self.account)
        held = sum(each["amount"] for part in ("available", "pending") for each in theirs[part])
        payouts = ledger.box.ok("GET", "/v1/payouts?limit=100", account=self.account)["data"]
        held += sum(each["amount"] for each in payouts if each["status"] in ("pending", "in_transit"))
        assert ours == held, f"day {number}: connected {ours}, the provider has {held}"


def balances(ledger):
    """Account to minor units."""
    sums = collections.Counter()
    for line in ledger.balances().splitlines()[1:]:
        if line:
            sums[line.split(",")[5]] += int(line.split(",")[6])
    return sums


def log_of(ledger):
    """What each record says: when, where and what."""
    said = []
    for line in ledger.run("replay").stdout.splitlines():
        record = json.loads(line)
        fields = {name: value for name, value in record["fields"].items() if name not in NEW_EACH_TIME}
        parts = [record["time"], record["stream"], record["event"], fields]
        said.append(THEIR_NAME.sub(r'"\1"', json.dumps(parts, sort_keys=True)))
    return said


def live(program):
    made = [0]

    def new_id():
        made[0] += 1
        return f"019b76da-a7ff-7000-8000-{made[0]:012x}"
    support.new_id = new_id
    with Ledger(program, poll_s=0, simulated=True, hooks=True, in_order=True) as ledger:
        ledger.start_models()
        year = Year(ledger, SEED)
        year.open()
        for number in range(DAYS):
            year.day(number)
            year.check(number)
        return log_of(ledger), balances(ledger)


def main():
    with multiprocessing.Pool(2) as both:
        (log, sums), (other_log, other_sums) = both.map(live, [sys.argv[1]] * 2)
    for sequence, (record, other) in enumerate(zip(log, other_log), 1):
        assert record == other, f"record {sequence}: {record}\nand then {other}"
    assert len(log) == len(other_log), f"{len(log)} records, and then {len(other_log)}"
    assert sums == other_sums, set(sums.items()) ^ set(other_sums.items())
    events = {json.loads(record)[2] for record in log}
    missing = [name for name in A_YEAR_HAS if name not in events]
    assert DAYS < 365 or not missing, f"this never came to pass: {missing}"
    mark = hashlib.sha256("\n".join(log).encode()).hexdigest()[:16]
    print(f"{DAYS} days of seed {SEED}, twice: {len(log)} records, {mark}")


main()
