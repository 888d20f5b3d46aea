# SPDX-License-Identifier: Apache-2.0
"""Promised: a notice counts only when the provider signed it, lately and over these bytes; it is recorded
once, and what it says is looked up before anything is believed. What is not ours or not true is refused or
quarantined, where people see it, and posts nothing. Answers and notices that never reached us are made up for.
Shown: over HTTP, with real processes.

usage: test_notices.py COFFER [SCENARIO…]
"""

import hashlib
import hmac
import json
import re
import time
import urllib.error
import urllib.request

from ledger import SECRET, Ledger, wait_until
from liar import Liar, through_a_liar
from scenarios import main, same, scenario


def header(body, at=None, secrets=(SECRET,)):
    at = int(time.time()) if at is None else at
    tags = [hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            for secret in secrets]
    return ",".join([f"t={at}"] + [f"v1={tag}" for tag in tags] + ["v0=ignored"])


def notice(event, kind="invoice.paid", about=None, created=None, **more):
    return json.dumps({"id": event, "object": "event", "type": kind,
                       "created": created or int(time.time()), "api_version": "2022-11-15",
                       "data": {"object": about or {"id": "in_1", "object": "invoice"}},
                       "request": {"id": None, "idempotency_key": None}, **more}).encode()


def post(ledger, body, signature):
    request = urllib.request.Request(ledger.hook_url, data=body, method="POST")
    request.add_header("Content-Type", "application/json")
    if signature is not None:
        request.add_header("Stripe-Signature", signature)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def records(ledger, event):
    return [json.loads(line) for line in ledger.run("replay", "--type", event).stdout.splitlines()]


def postings(ledger):
    return ledger.balances().splitlines()[1:]


@scenario
def only_what_was_signed_lately_counts(program):
    with Ledger(program, poll_s=0, hooks=True) as ledger:
        now = int(time.time())
        body = notice("evt_1")
        same([post(ledger, body, false) for false in
              (None, "", "t=1", header(body, secrets=("whsec_guessed",)), header(body + b" "),
               header(body, at=now - 330), header(body, at=now + 330),
               header(body).replace(f"t={now}", f"t={now - 1}"))], [400] * 8)
        same(records(ledger, "provider_event_received"), [])
        # Both secrets of a rotation, both signatures of one, and a clock that is a little off.
        for number, signature in enumerate(
                [header, lambda b: header(b, secrets=("whsec_old",)),
                 lambda b: header(b, secrets=("whsec_next", SECRET)),
                 lambda b: header(b, at=now - 240), lambda b: header(b, at=now + 240)]):
            body = notice(f"evt_good_{number}")
            same(post(ledger, body, signature(body)), 200)
        same(len(records(ledger, "provider_event_received")), 5)
        body = b'{"object": "event"}'
        same(post(ledger, body, header(body)), 400)


@scenario
def one_notice_is_recorded_once_and_an_unknown_kind_ignored(program):
    with Ledger(program, poll_s=0, hooks=True) as ledger:
        body = notice("evt_1", "some.thing_new")
        same([post(ledger, body, header(body, at=int(time.time()) + late)) for late in (0, 1, 2)],
             [200] * 3)
        ledger.drain()
        same(len(records(ledger, "provider_event_received")), 1)
        same(len(records(ledger, "provider_event_settled")), 1)
        same((ledger.gateway()["quarantined"], ledger.gateway()["parked"]), (0, 0))
        # The whole body is not kept, since bodies hold names.
        body = notice("evt_2", "customer.updated", {"id": "cus_1", "object": "customer",
                                                    "name": "Ada Lovelace"})
        same(post(ledger, body, header(body)), 200)
        assert "Lovelace" not in ledger.run("replay").stdout


@scenario
def signed_lies_post_nothing(program):
    with Ledger(program, poll_s=0, hooks=True) as ledger:
        campaign = ledger.campaign("aon")
        pledge, _ = ledger.pledge(campaign, "pm_card_visa")
        ledger.drain()
        intent = ledger.box.ok("GET", "/v1/payment_intents")["data"][0]
        before = postings(ledger)
        # That it was captured, with whatever amount: we look, and it was not.
        for number, lie in enumerate([{}, {"amount_received": 99}, {"currency": "usd"}]):
            about = {**intent, "status": "succeeded", "amount_received": 2500, **lie}
            body = notice(f"evt_lie_{number}", "payment_intent.succeeded", about)
            same(post(ledger, body, header(body)), 200)
        ledger.drain()
        same(postings(ledger), before)
        # About something that nobody knows, or that is not ours.
        body = notice("evt_unknown", "payment_intent.succeeded", {"id": "pi_nobody", "status": "succeeded"})
        same(post(ledger, body, header(body)), 200)
        ledger.box.ok("POST", "/v1/payment_intents", "amount=700&currency=eur&confirm=true&"
                      "payment_method=pm_card_visa")
        wait_until(lambda: ledger.gateway()["quarantined"] >= 2, "both are kept apart")
        ledger.drain()
        same(postings(ledger), before)
        reasons = {record["fields"]["event"]: record["fields"]["reason"]
                   for record in records(ledger, "provider_event_quarantined")}
        same(reasons["evt_unknown"], "the provider does not know the object")
        assert "the object is none of ours" in reasons.values(), reasons
        assert pledge


def without_what_we_wrote(path, text):
    """Answers to looks lose our metadata: only the key of the request is left to tell whose they are."""
    return re.sub(r'"metadata":\{[^}]*\}', '"metadata":{}', text) if path.startswith("GET") else text


@scenario
def a_lost_answer_is_told_by_the_notice(program):
    for fault in ("lost_response", "error_after"):
        with Ledger(program, poll_s=0, hooks=True, between=through_a_liar) as ledger:
            campaign = ledger.campaign("kia")
            ledger.pledge(campaign, "pm_card_visa")  # whose customer is made meanwhile
            ledger.drain()
            Liar.lie = staticmethod(without_what_we_wrote)
            ledger.box.ok("POST", "/_sandbox/faults", f"kind={fault}&path=/v1/payment_intents&count=50")
            pledge, _ = ledger.pledge(campaign, "pm_card_visa", 4200)
            wait_until(lambda: len(records(ledger, "pledge_captured")) == 2, "the notice tells", 90)
            captured = records(ledger, "pledge_captured")[-1]["fields"]
            same((captured["pledge_id"], captured["amount"]), (pledge, 4200))
            ledger.box.ok("DELETE", "/_sandbox/faults")
            Liar.lie = staticmethod(lambda path, text: text)
            same(len(ledger.box.ok("GET", "/v1/payment_intents")["data"]), 2)


@scenario
def missed_notices_of_connected_accounts_are_fetched(program):
    with Ledger(program, poll_s=1) as ledger:  # no webhook reaches anybody here
        ledger.command("user_request_payout_account", ledger.creator, user_id=ledger.creator,
                       country="DE", currency="EUR")
        ledger.drain()
        account = ledger.box.ok("GET", "/v1/accounts")["data"][0]["id"]
        ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete")
        wait_until(lambda: records(ledger, "user_payout_account_updated"), "the account's news comes")
        told = records(ledger, "provider_event_received")
        told = [each["fields"] for each in told if each["fields"]["event_type"] == "account.updated"]
        same([each["account"] for each in told], [account])
        same(records(ledger, "user_payout_account_updated")[0]["fields"]["payouts_enabled"], True)
        assert ledger.gateway()["missed_notices"] > 0


def drop_news_of_charges(ledger):
    """All that tells of one, disputes apart."""
    for kind in ("payment_intent", "charge.s", "charge.c", "charge.u"):
        ledger.box.ok("POST", "/_sandbox/faults", f"kind=webhook_drop&path={kind}&count=50")


@scenario
def a_dispute_that_is_told_before_its_charge_is_booked_behind_it(program):
    with Ledger(program, poll_s=0, simulated=True, hooks=True, between=through_a_liar) as ledger:
        campaign = ledger.campaign("kia")
        drop_news_of_charges(ledger)
        Liar.lie = staticmethod(lambda path, text: None if path == "POST /v1/payment_intents" else text)
        ledger.pledge(campaign, "pm_card_visa", 4200)
        wait_until(lambda: ledger.box.ok("GET", "/v1/charges")["data"], "the card is charged")
        charge = ledger.box.ok("GET", "/v1/charges")["data"][0]["id"]
        ledger.box.ok("POST", "/_sandbox/disputes", f"charge={charge}")
        wait_until(lambda: records(ledger, "request_deferred"), "the dispute waits")
        same(len(records(ledger, "pledge_captured")), 0)
        Liar.lie = staticmethod(lambda path, text: text)
        ledger.advance(hours=3)
        same([len(records(ledger, kind)) for kind in
              ("pledge_captured", "pledge_disputed", "provider_event_quarantined")], [1, 1, 0])
        done = ledger.run("reconcile", "--stripe-key", "sk_test_x", "--stripe-url", ledger.box.url)
        same((done.returncode, done.stderr), (0, ""))


@scenario
def news_of_a_charge_that_never_comes_is_not_waited_for_for_ever(program):
    with Ledger(program, poll_s=0, simulated=True, hooks=True) as ledger:
        pledge, _ = ledger.pledge(ledger.campaign("kia"), "pm_card_visa")
        ledger.advance()
        drop_news_of_charges(ledger)
        charge = ledger.box.ok("POST", "/v1/payment_intents", "amount=700&currency=eur&confirm=true&"
                               f"payment_method=pm_card_visa&metadata[pledge_id]={pledge}")["latest_charge"]
        ledger.box.ok("DELETE", "/_sandbox/faults")
        ledger.box.ok("POST", "/_sandbox/disputes", f"charge={charge}")
        dispute = ledger.box.ok("GET", f"/v1/disputes?charge={charge}")["data"][0]["id"]
        ledger.advance(days=2)
        said = json.loads(ledger.run("payments", "--json").stdout)
        assert [each["request"] for each in said["waiting"]], "it is looked at again for a while"
        assert dispute not in [each["object"] for each in said["notices_aside"]], said
        ledger.advance(days=4)  # three days are waited, and the last pause is a long one
        said = json.loads(ledger.run("payments", "--json").stdout)
        same([each for each in said["waiting"] if each["request"] != "mail"], [])
        same({(each["object"], each["reason"]) for each in said["notices_aside"]},
             {(charge, "pledge_record_captured: AMOUNT_MISMATCH"),
              (dispute, "the object is none of ours")})
        assert dispute in ledger.run("payments").stdout
        done = ledger.run("reconcile", "--stripe-key", "sk_test_x", "--stripe-url", ledger.box.url)
        same(done.returncode, 1)
        for name in (charge, dispute):
            line = next(line for line in done.stdout.splitlines() if line.startswith(name))
            assert "our books do not have it" in line, line


main()
