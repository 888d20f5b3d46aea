#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: one keep-it-all pledge goes the whole way: from HTTP through the writer, the log, the
gateway, the provider and the read models to a listening client, and back as a receipt that can be
checked without trusting us.
Shown: with the real processes, step by step over HTTP. The receipt is checked by proofs.py, which
shares no code with the program, under the key that the ledger's first record names.

usage: test_thread.py PROGRAM"""

import base64
import re
import sys
import time
import unittest

import proofs
from coffer import Coffer, wait_until
from steps import Step, Stream, request, run, send

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"
AMOUNT = 2500

PEOPLE = [
    Step("Bea registers", "POST", "/api/v1/users/register",
         {"email": "bea@example.com", "password": "{password}", "display_name": "Bea"},
         expect=201, save={"creator": "user_id"}),
    Step("Bea logs in", "POST", "/api/v1/users/login",
         {"email": "bea@example.com", "password": "{password}"}, save={"creator_token": "token"}),
    Step("Ann registers", "POST", "/api/v1/users/register",
         {"email": "ann@example.com", "password": "{password}", "display_name": "Ann"},
         expect=201, save={"backer": "user_id"}),
    Step("Ann logs in", "POST", "/api/v1/users/login",
         {"email": "ann@example.com", "password": "{password}"}, save={"backer_token": "token"}),
    Step("the moderator logs in", "POST", "/api/v1/users/login",
         {"email": "{moderator_email}", "password": "{moderator_password}"},
         save={"moderator_token": "token"}),
]

CAMPAIGN = [
    Step("Bea drafts a campaign", "POST", "/api/v1/campaigns",
         {"title": "Bees for the roof", "story": "Forty hives.", "model": "kia", "currency": "EUR",
          "goal": 100000, "category": "Community", "ends_at": "{ends_at}"},
         as_="creator_token", expect=201, save={"campaign": "campaign_id"}),
    Step("nobody else submits it", "POST", "/api/v1/campaigns/{campaign}/submit", {},
         as_="backer_token", expect=403),
    Step("Bea submits", "POST", "/api/v1/campaigns/{campaign}/submit", {}, as_="creator_token"),
    Step("Bea may not approve", "POST", "/api/v1/campaigns/{campaign}/approve", {},
         as_="creator_token", expect=403),
    Step("nobody pledges before it is live", "POST", "/api/v1/campaigns/{campaign}/pledge",
         {"currency": "EUR", "amount": AMOUNT, "payment_method": "pm_card_visa"},
         as_="backer_token", expect=409),
    Step("the moderator approves", "POST", "/api/v1/campaigns/{campaign}/approve", {},
         as_="moderator_token"),
    Step("Bea launches", "POST", "/api/v1/campaigns/{campaign}/launch", {}, as_="creator_token",
         save={"launched": "sequence"}),
    Step("it is there", "GET", "/api/v1/campaigns/{campaign}?sequence={launched}",
         check={"title": "Bees for the roof", "status": "active", "pledged": 0}),
]

PLEDGE = Step("Ann pledges", "POST", "/api/v1/campaigns/{campaign}/pledge",
              {"currency": "EUR", "amount": AMOUNT, "payment_method": "pm_card_visa"},
              as_="backer_token", expect=201, headers={"Idempotency-Key": "anns-first-pledge"},
              save={"pledge": "pledge_id", "pledged_at": "sequence"})

ANALYTICS = "/api/v1/campaigns/{campaign}/analytics"
TRANSACTIONS = "/api/v1/campaigns/{campaign}/transactions"
PAYOUTS = "/api/v1/users/{creator}/payouts"
BALANCE = "/api/v1/journal/trial-balance"
STATEMENT = "/api/v1/journal/statement?account=assets:psp:pending&currency=EUR"
OPERATIONS = "/api/v1/operations"

REPORTS = [
    Step("finance logs in", "POST", "/api/v1/users/login",
         {"email": "{finance_email}", "password": "{finance_password}"},
         save={"finance_token": "token"}),
    Step("the admin logs in", "POST", "/api/v1/users/login",
         {"email": "{admin_email}", "password": "{admin_password}"}, save={"admin_token": "token"}),
    Step("Bea sees what her campaign brings", "GET", ANALYTICS, as_="creator_token",
         check={"summary.pledges": 1, "summary.pledged": AMOUNT, "summary.median": AMOUNT,
                "summary.backers_new": 1, "days.0.collected": AMOUNT, "referrers.0.pledges": 1,
                "rewards.0.pledged": AMOUNT}),
    Step("and by the hour", "GET", ANALYTICS + "/hours", as_="creator_token",
         check={"hours.0.pledged": AMOUNT, "next": None}),
    Step("so does finance", "GET", ANALYTICS, as_="finance_token"),
    Step("Ann does not", "GET", ANALYTICS, as_="backer_token", expect=403),
    Step("nor by the hour", "GET", ANALYTICS + "/hours", as_="backer_token", expect=403),
    Step("nobody without a session does", "GET", ANALYTICS, expect=401),
    Step("Bea sees what moved", "GET", TRANSACTIONS, as_="creator_token",
         check={"transactions.0.type": "charge", "transactions.0.status": "succeeded",
                "transactions.0.amount": AMOUNT}),
    Step("Ann does not", "GET", TRANSACTIONS, as_="backer_token", expect=403),
    Step("of a campaign that is none Ann learns nothing", "GET",
         "/api/v1/campaigns/{backer}/transactions", as_="backer_token", expect=403),
    Step("Bea sees her payouts", "GET", PAYOUTS, as_="creator_token", check={"payouts": []}),
    Step("Ann does not", "GET", PAYOUTS, as_="backer_token", expect=403),
    Step("finance does", "GET", PAYOUTS, as_="finance_token"),
    Step("the books balance", "GET", BALANCE, as_="finance_token", check={"accounts.0.sum": 0}),
    Step("before the first record there was nothing", "GET", BALANCE + "?as_of=1",
         as_="finance_token", check={"as_of": 1, "accounts": []}),
    Step("what is not there yet is said to be so", "GET", BALANCE + "?as_of=999999999",
         as_="finance_token", expect=503),
    Step("Bea does not see the books", "GET", BALANCE, as_="creator_token", expect=403),
    Step("the provider's account", "GET", STATEMENT, as_="finance_token",
         check={"postings.0.amount": AMOUNT}),
    Step("Bea does not see it", "GET", STATEMENT, as_="creator_token", expect=403),
    Step("the admin sees what runs", "GET", OPERATIONS, as_="admin_token",
         check={"models.0.parked": None, "notices": []}),
    Step("and what is parked", "GET", OPERATIONS + "?state=parked", as_="admin_token",
         check={"requests": []}),
    Step("finance does not", "GET", OPERATIONS, as_="finance_token", expect=403),
]


def week_from_now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7 * 86400))


class Thread(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.coffer = Coffer(PROGRAM, "--no-samples").start()
        cls.traits = {"password": "correct horse battery", "ends_at": week_from_now()}
        for role in "moderator", "finance", "admin":
            email, password = cls.coffer.login_of(role)
            cls.traits |= {f"{role}_email": email, f"{role}_password": password}

    @classmethod
    def tearDownClass(cls):
        cls.coffer.__exit__()

    def test_the_whole_way(self):
        port, traits = self.coffer.port, self.traits
        run(port, PEOPLE + CAMPAIGN, traits)
        listener = Stream(port, f"/api/campaigns/{traits['campaign']}/progress")
        run(port, [PLEDGE], traits)

        again = dict(traits)
        run(port, [PLEDGE], again)
        self.assertEqual(again["pledge"], traits["pledge"], "the same key makes no second pledge")

        pledge = wait_until(self.captured_pledge, "the provider's outcome")
        self.assertEqual(pledge["amount"], AMOUNT)
        wait_until(lambda: listener.heard("progress", pledged=AMOUNT, collected=AMOUNT, backers=1),
                   f"news of the pledge; heard {listener.news}")
        listener.close()

        run(port, [Step("somebody else's receipt is none of Bea's business", "GET",
                        "/api/v1/pledges/{pledge}/receipt", as_="creator_token", expect=403)], traits)
        self.check_receipt()
        run(port, REPORTS, traits)

    def captured_pledge(self):
        reply = send(self.coffer.port, Step("", "GET", "/api/v1/pledges/{pledge}",
                                            as_="backer_token"), self.traits)
        return reply.status == 200 and reply.json()["status"] == "captured" and reply.json()

    def check_receipt(self):
        reply = send(self.coffer.port, Step("", "GET", "/api/v1/pledges/{pledge}/receipt",
                                            as_="backer_token"), self.traits)
        self.assertEqual(reply.status, 200, reply.body)
        entries = reply.json()["entries"]
        names = [entry["event"]["event"] for entry in entries]
        self.assertEqual(names[0], "pledge_checkout_started")
        self.assertIn("pledge_captured", names)
        key = self.ledger_key()
        for entry in entries:
            record = base64.b64decode(entry["record"])
            index, size = proofs.check(entry["proof"], record, key)
            self.assertEqual(index + 1, entry["sequence"])
            self.assertLessEqual(entry["sequence"], size)
            with self.assertRaises(proofs.Bad):
                proofs.check(entry["proof"], record[:-1] + bytes([record[-1] ^ 1]), key)

    def ledger_key(self):
        """The key that the first record names, read from the tiles as anybody would."""
        port = self.coffer.port
        note = request(port, "GET", "/checkpoint").body.decode()
        origin, size = note.split("\n")[0], int(note.split("\n")[1])
        width = f".p/{size}" if size < 256 else ""
        tile = request(port, "GET", f"/tile/entries/000{width}").body
        first = tile[2:2 + int.from_bytes(tile[:2], "big")]
        key = re.escape(origin.encode()) + rb"\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}"
        return re.search(key, first).group().decode()


if __name__ == "__main__":
    unittest.main()
