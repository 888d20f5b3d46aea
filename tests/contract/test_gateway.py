# SPDX-License-Identifier: Apache-2.0
"""Promised: what the ledger asks of the provider happens once and is recorded once, whoever dies on
the way; what the provider says by itself reaches the ledger; what it says wrongly reaches no account.
Shown: with real processes, killed, starved, lied to, and compared with the provider's own records.

usage: test_gateway.py COFFER [SCENARIO…]
"""

import json
import random
import re
import threading
import urllib.parse
import urllib.request

from ledger import Ledger, new_id, wait_until
from liar import Liar, through_a_liar
from scenarios import main, reconciled, same, scenario


def charges(ledger):
    """Successful charges by the pledge that they are for."""
    found, after = {}, ""
    while True:
        page = ledger.box.ok("GET", f"/v1/charges?limit=100{after}")
        for charge in page["data"]:
            if charge["status"] == "succeeded":
                found.setdefault(charge["metadata"].get("pledge_id"), []).append(charge)
        if not page["has_more"]:
            return found
        after = f"&starting_after={page['data'][-1]['id']}"


def recorded(ledger, event):
    """Streams with such an event that moved money, as often as it did."""
    rows = [line.split(",") for line in ledger.balances().splitlines()[1:] if line]
    return sorted({(row[0], row[3]) for row in rows if row[2] == event})


@scenario
def every_kind_of_request(program):
    with Ledger(program) as ledger:
        campaign = ledger.campaign("kia")
        pledge, backer = ledger.pledge(campaign, "pm_card_bypassPending", 90000)
        ledger.drain()
        same([c[0]["amount_captured"] for c in charges(ledger).values()], [90000])
        ledger.command("pledge_request_refund", backer, pledge_id=pledge, refund_id=new_id(),
                       amount=40000, reason="requested_by_backer")
        ledger.drain()
        same(ledger.box.ok("GET", "/v1/refunds")["data"][0]["amount"], 40000)
        ledger.command("user_request_payout_account", ledger.creator, user_id=ledger.creator,
                       country="DE", currency="EUR")
        ledger.drain()
        held, other = ledger.pledge(ledger.campaign("aon"), "pm_card_visa", 3000)
        ledger.drain()
        intent = ledger.box.ok("GET", "/v1/payment_intents?limit=1")["data"][0]
        same((intent["status"], intent["metadata"]["pledge_id"]), ("requires_capture", held))
        ledger.command("pledge_cancel", other, pledge_id=held)
        ledger.drain()
        same(ledger.box.ok("GET", f"/v1/payment_intents/{intent['id']}")["status"], "canceled")
        for card in ("chargeDeclined", "chargeDeclinedExpiredCard", "authenticationRequired"):
            ledger.pledge(campaign, f"pm_card_{card}")
        ledger.drain()
        same(len(charges(ledger)), 2)
        reconciled(ledger)


@scenario
def notices_that_never_came_are_fetched(program):
    with Ledger(program, poll_s=1) as ledger:
        campaign = ledger.campaign("kia")
        pledge, _ = ledger.pledge(campaign, "pm_card_authenticationRequired")
        ledger.drain()
        intent = ledger.box.ok("GET", "/v1/payment_intents")["data"][0]
        same(intent["status"], "requires_action")
        form = urllib.parse.urlencode({"client_secret": intent["client_secret"],
                                       "outcome": "succeed"}).encode()
        urllib.request.urlopen(f"{ledger.box.url}/_sandbox/authenticate/{intent['id']}", form).read()
        wait_until(lambda: len(recorded(ledger, "pledge_captured")) == 1, "the capture is recorded")
        charge = charges(ledger)[pledge][0]["id"]
        ledger.box.ok("POST", "/_sandbox/disputes", f"charge={charge}")
        wait_until(lambda: recorded(ledger, "pledge_disputed"), "the dispute is recorded")
        dispute = ledger.box.ok("GET", "/v1/disputes")["data"][0]["id"]
        ledger.box.ok("POST", f"/_sandbox/disputes/{dispute}", "outcome=won")
        wait_until(lambda: recorded(ledger, "pledge_dispute_won"), "the win is recorded")
        ledger.box.ok("POST", "/v1/refunds", f"charge={charge}&amount=500")  # made at the provider
        wait_until(lambda: recorded(ledger, "pledge_refund_succeeded"), "the refund is recorded")
        ledger.drain()
        reconciled(ledger)


@scenario
def killed_between_any_two_steps(program):
    with Ledger(program) as ledger:
        campaign = ledger.campaign("kia")
        chance = random.Random(20261120)
        going = threading.Event()
        backers = [new_id() for _ in range(30)]
        for backer in backers:
            ledger.register(backer)

        def kill_and_start():
            while not going.wait(chance.uniform(0.05, 0.3)):
                who = chance.choice(["gateway", "gateway", "sandbox", "writer"])
                if who == "sandbox":
                    ledger.box.kill()
                    ledger.box.start()
                else:
                    ledger.kill(who)
                    ledger.start(who)

        killer = threading.Thread(target=kill_and_start)
        killer.start()
        pledges = []
        for backer in backers:
            pledges.append(new_id())
            fields = {"pledge_id": pledges[-1], "campaign_id": campaign, "backer_id": backer,
                      "currency": "EUR", "amount": 2500, "payment_method": "pm_card_visa"}
            wait_until(lambda: ledger.send("pledge_start_checkout", backer, key=pledges[-1],
                                           **fields).returncode == 0, "the pledge is taken")
        going.set()
        killer.join()
        # What was turned away when nobody was there waits for its time.
        wait_until(lambda: len(charges(ledger)) >= len(pledges), "everything is charged", 150)
        wait_until(lambda: len(recorded(ledger, "pledge_captured")) >= len(pledges),
                   "everything is recorded", 150)
        ledger.drain(150)
        found = charges(ledger)
        same(sorted(found), sorted(pledges))
        same({len(each) for each in found.values()}, {1})
        same(len(recorded(ledger, "pledge_captured")), len(pledges))
        reconciled(ledger)


@scenario
def moved_to_another_address_while_answers_are_lost(program):
    """Where browsers come back to stands in the request, whose key the provider holds in its first form."""
    with Ledger(program, poll_s=0) as ledger:
        aon, kia = ledger.campaign("aon"), ledger.campaign("kia")
        ledger.box.ok("POST", "/_sandbox/faults", "kind=lost_response&path=/v1/payment_intents&count=500")
        cards = [(kia, "visa"), (aon, "visa"), (kia, "chargeDeclined"), (kia, "authenticationRequired")]
        pledges = [ledger.pledge(campaign, f"pm_card_{card}")[0] for campaign, card in cards]
        wait_until(lambda: ledger.box.events().count("payment_intent.created") == len(cards),
                   "all are asked for")
        ledger.kill("gateway")
        ledger.box.ok("DELETE", "/_sandbox/faults")
        ledger.arguments["gateway"] += ("--public-url", "https://moved.example")
        ledger.start("gateway")
        for event in ("captured", "authorized", "payment_failed", "action_required"):
            wait_until(lambda event=event: ledger.run(
                "replay", "--type", f"pledge_{event}").stdout.count("\n") == 1,
                f"{event} is recorded", 150)  # what was deferred already waits for its time
        ledger.drain()
        same(ledger.gateway()["parked"], 0)
        intents = ledger.box.ok("GET", "/v1/payment_intents")["data"]
        same(sorted(intent["metadata"]["pledge_id"] for intent in intents), sorted(pledges))
        reconciled(ledger)


@scenario
def a_provider_that_is_down_holds_up_nobody(program):
    with Ledger(program) as ledger:
        campaign = ledger.campaign("kia")
        ledger.pledge(campaign, "pm_card_visa")
        ledger.drain()
        ledger.box.kill()
        for _ in range(12):
            ledger.pledge(campaign, "pm_card_visa")
        wait_until(lambda: ledger.gateway().get("deferred", 0) >= 12, "requests become timers")
        same(ledger.gateway()["provider"]["breaker"] == "closed", False)
        assert ledger.gateway()["provider"]["calls"] < 200, "a storm"
        ledger.box.start()
        wait_until(lambda: len(charges(ledger)) == 13, "everything drains", 150)
        ledger.drain()
        same(len(ledger.box.ok("GET", "/v1/payment_intents?limit=100")["data"]), 13)
        reconciled(ledger)


@scenario
def lies_reach_no_account(program):
    with Ledger(program, poll_s=0, between=through_a_liar) as ledger:
        campaign = ledger.campaign("kia")
        lies = [("another amount", r'"amount_received":2500', '"amount_received":250'),
                ("another currency", r'"currency":"eur"', '"currency":"usd"'),
                ("a currency that is none", r'"currency":"eur"', '"currency":"eux"'),
                ("a settlement in another currency",
                 r'("balance_transaction":\{[^{}]*"currency":)"eur"', r'\1"usd"')]
        for count, (what, true, false) in enumerate(lies, start=1):
            Liar.lie = staticmethod(lambda path, text, true=true, false=false: re.sub(
                true, false, text) if path.startswith("POST /v1/payment_intents") else text)
            ledger.pledge(campaign, "pm_card_visa")
            wait_until(lambda: ledger.gateway().get("parked") == count, f"{what} is parked")
            same(recorded(ledger, "pledge_captured"), [])
        Liar.lie = staticmethod(lambda path, text: text)
        ledger.pledge(campaign, "pm_card_visa")
        ledger.drain()
        same(len(recorded(ledger, "pledge_captured")), 1)


@scenario
def lying_and_foreign_notices_are_quarantined(program):
    with Ledger(program, poll_s=1, between=through_a_liar) as ledger:
        campaign = ledger.campaign("kia")
        ledger.drain()
        ledger.box.ok("POST", "/v1/payment_intents", "amount=700&currency=eur&confirm=true&"
                      "payment_method=pm_card_visa")  # nobody's pledge
        wait_until(lambda: ledger.gateway().get("quarantined", 0) >= 1, "it is none of ours")
        same(recorded(ledger, "pledge_captured"), [])

        pledge, _ = ledger.pledge(campaign, "pm_card_authenticationRequired")
        ledger.drain()
        before = ledger.gateway()["quarantined"]
        Liar.lie = staticmethod(lambda path, text: text.replace(
            '"amount_received":2500', '"amount_received":99').replace(
            '"amount_captured":2500', '"amount_captured":99')
            if path.startswith(("GET /v1/payment_intents/", "GET /v1/charges/")) else text)
        intent = ledger.box.ok("GET", "/v1/payment_intents?limit=1")["data"][0]
        form = urllib.parse.urlencode({"client_secret": intent["client_secret"],
                                       "outcome": "succeed"}).encode()
        urllib.request.urlopen(f"{ledger.box.url}/_sandbox/authenticate/{intent['id']}", form).read()
        wait_until(lambda: ledger.gateway().get("quarantined", 0) > before, "the lie is kept apart")
        ledger.drain()
        same(recorded(ledger, "pledge_captured"), [])
        assert pledge in json.dumps(charges(ledger)), "the money is there, and reconcile will say so"


main()
