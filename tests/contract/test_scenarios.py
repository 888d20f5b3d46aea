# SPDX-License-Identifier: Apache-2.0
"""Promised: the sandbox goes every way that a payment, refund, dispute or payout can go, as Stripe
does, whether it is killed on the way or not, and its webhooks arrive signed.
Shown: one scenario each, over HTTP.

usage: test_scenarios.py COFFER [SCENARIO…]
"""

import hashlib
import hmac
import http.client
import http.server
import json
import queue
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from sandbox import Sandbox
from scenarios import main, same, scenario

DAY = 86400


def pay(box, card, extra="", amount=1000, want=200):
    status, answer, _ = box.call("POST", "/v1/payment_intents", f"amount={amount}&currency=eur&"
                                 f"payment_method={card}&confirm=true&expand[0]=latest_charge{extra}")
    same(status, want)
    return answer


def balance(box, kind="available", currency="eur", account=None):
    amounts = box.ok("GET", "/v1/balance", account=account)[kind]
    return sum(a["amount"] for a in amounts if a["currency"] == currency)


@scenario
def every_decline(box):
    for card, code, decline in [
            ("chargeDeclined", "card_declined", "generic_decline"),
            ("chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
            ("chargeDeclinedLostCard", "card_declined", "lost_card"),
            ("chargeDeclinedStolenCard", "card_declined", "stolen_card"),
            ("chargeDeclinedFraudulent", "card_declined", "fraudulent"),
            ("visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"),
            ("chargeDeclinedExpiredCard", "expired_card", None),
            ("chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
            ("chargeDeclinedProcessingError", "processing_error", None)]:
        error = pay(box, f"pm_card_{card}", want=402)["error"]
        same((error["type"], error["code"], error.get("decline_code")), ("card_error", code, decline))
        intent = box.ok("GET", f"/v1/payment_intents/{error['payment_intent']['id']}")
        same((intent["status"], intent["last_payment_error"]["code"]),
             ("requires_payment_method", code))
        charge = box.ok("GET", f"/v1/charges/{error['charge']}")
        same((charge["status"], charge["paid"], charge["balance_transaction"]),
             ("failed", False, None))
        again = box.ok("POST", f"/v1/payment_intents/{intent['id']}/confirm",
                       "payment_method=pm_card_visa")
        same(again["status"], "succeeded")
    same(balance(box, "pending"), 9 * (1000 - 59))


@scenario
def cards_that_fail_later(box):
    customer = box.ok("POST", "/v1/customers")["id"]
    for card, code in [("insufficientFundsLater", "insufficient_funds"),
                       ("chargeCustomerFail", "generic_decline")]:
        setup = box.ok("POST", "/v1/setup_intents", f"customer={customer}&confirm=true&"
                       f"payment_method=pm_card_{card}")
        same(setup["status"], "succeeded")
        for _ in range(2):
            error = pay(box, setup["payment_method"], f"&customer={customer}&off_session=true",
                        want=402)["error"]
            same(error["decline_code"], code)
    once = pay(box, "pm_card_insufficientFundsOnce", want=402)["error"]["payment_intent"]["id"]
    same(box.ok("POST", f"/v1/payment_intents/{once}/confirm",
                "payment_method=pm_card_insufficientFundsOnce")["status"], "succeeded")


@scenario
def three_d_secure(box):
    intent = pay(box, "pm_card_authenticationRequired", "&return_url=https://shop.example/back")
    same(intent["status"], "requires_action")
    action = intent["next_action"]["redirect_to_url"]
    page = urllib.request.urlopen(action["url"]).read().decode()
    assert "Complete authentication" in page
    secret = urllib.parse.parse_qs(urllib.parse.urlparse(action["url"]).query)["client_secret"][0]
    wrong = urllib.parse.urlencode({"client_secret": "guessed", "outcome": "succeed"})
    same(box.call("POST", f"/_sandbox/authenticate/{intent['id']}", wrong)[0], 404)
    form = urllib.parse.urlencode({"client_secret": secret, "outcome": "succeed"})
    urllib.request.urlopen(urllib.request.Request(
        f"{box.url}/_sandbox/authenticate/{intent['id']}", data=form.encode())).read()
    same(box.ok("GET", f"/v1/payment_intents/{intent['id']}")["status"], "succeeded")

    failed = pay(box, "pm_card_authenticationRequired")
    form = urllib.parse.urlencode({"client_secret": failed["client_secret"], "outcome": "fail"})
    urllib.request.urlopen(urllib.request.Request(
        f"{box.url}/_sandbox/authenticate/{failed['id']}", data=form.encode())).read()
    failed = box.ok("GET", f"/v1/payment_intents/{failed['id']}")
    same((failed["status"], failed["last_payment_error"]["code"]),
         ("requires_payment_method", "payment_intent_authentication_failure"))

    error = pay(box, "pm_card_authenticationRequired", "&off_session=true", want=402)["error"]
    same(error["code"], "authentication_required")
    pay(box, "pm_card_authenticationRequired", "&error_on_requires_action=true", want=402)


@scenario
def authentication_once_when_saved(box):
    customer = box.ok("POST", "/v1/customers")["id"]
    setup = box.ok("POST", "/v1/setup_intents", f"customer={customer}&confirm=true&"
                   "payment_method=pm_card_authenticationRequiredOnSetup")
    same(setup["status"], "requires_action")
    form = urllib.parse.urlencode({"client_secret": setup["client_secret"], "outcome": "succeed"})
    urllib.request.urlopen(urllib.request.Request(
        f"{box.url}/_sandbox/authenticate/{setup['id']}", data=form.encode())).read()
    same(box.ok("GET", f"/v1/setup_intents/{setup['id']}")["status"], "succeeded")
    same(pay(box, setup["payment_method"], f"&customer={customer}&off_session=true")["status"],
         "succeeded")


@scenario
def hold_expires_by_its_window(box):
    visa = pay(box, "pm_card_visa", "&capture_method=manual&off_session=true")
    present = pay(box, "pm_card_visa", "&capture_method=manual")
    master = pay(box, "pm_card_mastercard", "&capture_method=manual&off_session=true")
    windows = [i["latest_charge"]["payment_method_details"]["card"]["capture_before"] - i["created"]
               for i in (visa, present, master)]
    same(windows, [4 * DAY + 18 * 3600, 7 * DAY, 7 * DAY])
    box.advance(5)
    status = [box.ok("GET", f"/v1/payment_intents/{i['id']}")["status"]
              for i in (visa, present, master)]
    same(status, ["canceled", "requires_capture", "requires_capture"])
    lapsed = box.ok("GET", f"/v1/payment_intents/{visa['id']}")
    same(lapsed["cancellation_reason"], "automatic")
    assert "charge.expired" in box.events()
    same(box.call("POST", f"/v1/payment_intents/{visa['id']}/capture")[1]["error"]["code"],
         "payment_intent_unexpected_state")
    box.advance(3)
    same(box.ok("GET", f"/v1/payment_intents/{present['id']}")["status"], "canceled")
    same((balance(box), balance(box, "pending")), (0, 0))


@scenario
def partial_capture_cancel_and_increment(box):
    intent = pay(box, "pm_card_visa", "&capture_method=manual")["id"]
    same(box.call("POST", f"/v1/payment_intents/{intent}/capture", "amount_to_capture=1001")[0], 400)
    box.ok("POST", f"/v1/payment_intents/{intent}/increment_authorization", "amount=1500")
    captured = box.ok("POST", f"/v1/payment_intents/{intent}/capture",
                      "amount_to_capture=600&expand[]=latest_charge.balance_transaction")
    charge = captured["latest_charge"]
    same((captured["amount_received"], charge["amount_captured"], charge["amount_refunded"],
          charge["balance_transaction"]["fee"], charge["balance_transaction"]["net"]),
         (600, 600, 900, 47, 553))
    same(box.call("POST", "/v1/refunds", f"payment_intent={intent}&amount=601")[0], 400)
    same(box.ok("POST", "/v1/refunds", f"payment_intent={intent}")["amount"], 600)
    other = pay(box, "pm_card_visa", "&capture_method=manual")["id"]
    cancelled = box.ok("POST", f"/v1/payment_intents/{other}/cancel",
                       "cancellation_reason=requested_by_customer")
    same((cancelled["status"], cancelled["cancellation_reason"]),
         ("canceled", "requested_by_customer"))
    same(box.call("POST", f"/v1/payment_intents/{other}/cancel")[0], 400)


@scenario
def refunds_succeed_wait_and_fail(box):
    pay(box, "pm_card_bypassPending", amount=100000)
    before = balance(box)
    for card, at_once, later in [("visa", "succeeded", "succeeded"),
                                 ("pendingRefund", "pending", "succeeded"),
                                 ("refundFail", "succeeded", "failed")]:
        charge = pay(box, f"pm_card_{card}")["latest_charge"]["id"]
        refund = box.ok("POST", "/v1/refunds", f"charge={charge}&amount=400")
        same(refund["status"], at_once)
        box.advance(2)
        refund = box.ok("GET", f"/v1/refunds/{refund['id']}")
        same(refund["status"], later)
        if later == "failed":
            same(refund["failure_reason"], "expired_or_canceled_card")
            same(box.ok("GET", f"/v1/charges/{charge}")["amount_refunded"], 0)
    box.advance(3)
    same(balance(box) - before, 3 * (1000 - 59) - 2 * 400)
    same(box.call("POST", "/v1/refunds", f"charge={charge}&amount=1001")[0], 400)


@scenario
def disputes_won_lost_and_inquiries(box):
    pay(box, "pm_card_bypassPending", amount=100000)
    start = balance(box)
    for outcome, back in [("winning_evidence", 1000), ("losing_evidence", 0)]:
        before = balance(box)
        charge = pay(box, "pm_card_createDispute")["latest_charge"]["id"]
        dispute = box.ok("GET", f"/v1/disputes?charge={charge}")["data"][0]
        same((dispute["status"], dispute["balance_transactions"][0]["net"]),
             ("needs_response", -1000 - 1500))
        same(balance(box), before - 2500)
        same(box.call("POST", "/v1/refunds", f"charge={charge}")[1]["error"]["code"],
             "charge_disputed")
        closed = box.ok("POST", f"/v1/disputes/{dispute['id']}",
                        f"evidence[uncategorized_text]={outcome}&submit=true")
        same(closed["status"], "won" if back else "lost")
        same(balance(box), before - 2500 + back)
    inquiry = pay(box, "pm_card_createDisputeInquiry")["latest_charge"]["id"]
    dispute = box.ok("GET", f"/v1/disputes?charge={inquiry}")["data"][0]
    same((dispute["status"], dispute["balance_transactions"]), ("warning_needs_response", []))
    same(box.ok("POST", f"/v1/disputes/{dispute['id']}/close")["status"], "warning_closed")
    pay(box, "pm_card_createIssuerFraudRecord")
    later = pay(box, "pm_card_disputeLater")["latest_charge"]["id"]
    same(box.ok("GET", f"/v1/disputes?charge={later}")["data"], [])
    box.advance(11)
    same(len(box.ok("GET", f"/v1/disputes?charge={later}")["data"]), 1)
    types = box.events()
    for wanted in ("created", "funds_withdrawn", "funds_reinstated", "updated", "closed"):
        assert f"charge.dispute.{wanted}" in types, wanted
    assert "radar.early_fraud_warning.created" in types
    assert start > 0


@scenario
def payouts_paid_failed_and_failed_after_paid(box):
    pay(box, "pm_card_bypassPending", amount=100000)
    for bank, ways in [("pays", ["created", "updated", "paid"]),
                       ("fails", ["created", "updated", "failed"]),
                       ("fails_after_paid", ["created", "updated", "paid", "failed"])]:
        account = box.ok("POST", "/v1/accounts", "type=express&country=DE&"
                         "capabilities[transfers][requested]=true")["id"]
        same(box.call("POST", "/v1/transfers",
                      f"amount=500&currency=eur&destination={account}")[0], 400)
        box.ok("POST", f"/_sandbox/onboarding/{account}", f"outcome=complete&bank={bank}")
        box.ok("POST", "/v1/transfers", f"amount=500&currency=eur&destination={account}")
        same(box.call("POST", "/v1/payouts", "amount=501&currency=eur", account)[1]["error"]["code"],
             "balance_insufficient")
        payout = box.ok("POST", "/v1/payouts", "amount=500&currency=eur", account)
        same(balance(box, account=account), 0)
        box.advance(6)
        types = [t for t in box.events(account) if t.startswith("payout.")]
        same(types, [f"payout.{way}" for way in ways])
        final = box.ok("GET", f"/v1/payouts/{payout['id']}", account=account)
        same((final["status"], balance(box, account=account)),
             ("paid", 0) if bank == "pays" else ("failed", 500))
    box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=reject")
    same(box.call("POST", "/v1/payouts", "amount=1&currency=eur", account)[0], 400)


@scenario
def transfers_wait_for_their_charge_and_can_be_reversed(box):
    account = box.ok("POST", "/v1/accounts", "type=express&country=DE&"
                     "capabilities[transfers][requested]=true")["id"]
    box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete")
    charge = pay(box, "pm_card_visa", amount=5000)["latest_charge"]["id"]
    body = f"amount=3000&currency=eur&destination={account}"
    same(box.call("POST", "/v1/transfers", body)[1]["error"]["code"], "balance_insufficient")
    transfer = box.ok("POST", "/v1/transfers", body + f"&source_transaction={charge}")["id"]
    same((balance(box, "pending", account=account), balance(box, account=account)), (3000, 0))
    box.advance(3)
    same((balance(box, "pending", account=account), balance(box, account=account)), (0, 3000))
    box.ok("POST", f"/v1/transfers/{transfer}/reversals", "amount=1000")
    same(box.call("POST", f"/v1/transfers/{transfer}/reversals", "amount=2001")[0], 400)
    box.ok("POST", f"/v1/transfers/{transfer}/reversals")
    same(box.ok("GET", f"/v1/transfers/{transfer}")["reversed"], True)
    same(balance(box, account=account), 0)


@scenario
def idempotency_as_stripe_does_it(box):
    body = "amount=1000&currency=eur&payment_method=pm_card_visa&confirm=true"
    first = box.call("POST", "/v1/payment_intents", body, key="k")
    again = box.call("POST", "/v1/payment_intents", body, key="k")
    same(again[1], first[1])
    same(again[2].get("Idempotent-Replayed"), "true")
    other = box.call("POST", "/v1/payment_intents", body + "&description=x", key="k")
    same((other[0], other[1]["error"]["type"]), (400, "idempotency_error"))
    declined = body.replace("visa", "chargeDeclined")
    one = box.call("POST", "/v1/payment_intents", declined, key="d")
    same(box.call("POST", "/v1/payment_intents", declined, key="d")[1], one[1])
    same(box.call("POST", "/v1/payment_intents", "amount=x&currency=eur", key="v")[0], 400)
    same(box.call("POST", "/v1/payment_intents", body, key="v")[0], 200)
    customer = box.call("POST", "/v1/customers", "", key="k")
    same(customer[1]["object"], "customer")
    # What the endpoint itself refused is kept as well; nothing else of it is.
    pays_nobody = "amount=1000&currency=eur&confirm=true"
    refused = box.call("POST", "/v1/payment_intents", pays_nobody, key="r")
    again = box.call("POST", "/v1/payment_intents", pays_nobody, key="r")
    same((refused[0], again[0], again[1], again[2].get("Idempotent-Replayed")),
         (400, 400, refused[1], "true"))
    same(len(box.ok("GET", "/v1/payment_intents")["data"]), 3)
    account = box.ok("POST", "/v1/accounts", "type=express&capabilities[transfers][requested]=true")
    box.ok("POST", f"/_sandbox/onboarding/{account['id']}", "outcome=complete")
    moves = f"amount=500&currency=eur&destination={account['id']}"
    same(box.call("POST", "/v1/transfers", moves, key="t")[1]["error"]["code"], "balance_insufficient")
    box.ok("POST", "/v1/payment_intents", body.replace("visa", "bypassPending"))
    same(box.call("POST", "/v1/transfers", moves, key="t")[0], 400)
    box.advance(1.1)
    same(box.call("POST", "/v1/payment_intents", body, key="k")[1]["id"] != first[1]["id"], True)
    same(box.call("POST", "/v1/transfers", moves, key="t")[0], 200)


@scenario
def a_key_is_in_use_until_its_answer_is_sent(box):
    box.ok("POST", "/_sandbox/faults", "kind=slow&path=/v1/customers&delay_ms=6000")
    answers = []
    slow = threading.Thread(target=lambda: answers.append(box.call("POST", "/v1/customers", "name=a", key="k")))
    slow.start()
    while "customer.created" not in box.events():  # another path, which is not slow
        pass
    status, answer, _ = box.call("POST", "/v1/customers", "name=a", key="k")
    same((status, answer["error"]["code"]), (409, "idempotency_key_in_use"))
    same(box.call("POST", "/v1/customers", "name=b", key="other")[0], 200)
    slow.join()
    again = box.call("POST", "/v1/customers", "name=a", key="k")
    same((again[0], again[1]["id"], again[2]["Idempotent-Replayed"]), (200, answers[0][1]["id"], "true"))


@scenario
def answers_show_what_they_name(box):
    """`expand` on objects, on lists, through several levels, and for an account."""
    customer = box.ok("POST", "/v1/customers", "name=Ada")["id"]
    charge = pay(box, "pm_card_visa", f"&customer={customer}&setup_future_usage=off_session")["latest_charge"]["id"]
    box.ok("POST", "/v1/refunds", f"charge={charge}&amount=100")
    account = box.ok("POST", "/v1/accounts", "type=express&capabilities[transfers][requested]=true")["id"]
    box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete")
    pay(box, "pm_card_bypassPending", amount=100000)
    transfer = box.ok("POST", "/v1/transfers", f"amount=900&currency=eur&destination={account}")["id"]
    box.ok("POST", f"/v1/transfers/{transfer}/reversals", "amount=100")
    payout = box.ok("POST", "/v1/payouts", "amount=200&currency=eur", account)["id"]
    for path, expand, kind, whose in [
            (f"charges/{charge}", "payment_intent.payment_method", "payment_method", None),
            (f"charges/{charge}", "refunds", "list", None),
            (f"charges/{charge}", "refunds.data.balance_transaction", "balance_transaction", None),
            ("charges", "data.customer", "customer", None),
            ("payment_intents", "data.latest_charge.balance_transaction", "balance_transaction", None),
            ("balance_transactions?type=charge", "data.source.customer", "customer", None),
            (f"transfers/{transfer}", "destination", "account", None),
            (f"transfers/{transfer}", "reversals.data.transfer", "transfer", None),
            ("balance_transactions?type=payment", "data.source", "transfer", account),
            (f"payouts/{payout}", "destination", "bank_account", account)]:
        mark = "&" if "?" in path else "?"
        for brackets in ("[]", "[0]", "%5B%5D", "%5b0%5d"):
            at = box.ok("GET", f"/v1/{path}{mark}expand{brackets}={expand}", account=whose)
            for key in expand.split("."):
                at = at[key]
                at = at[-1] if isinstance(at, list) else at
            same((path, expand, at["object"]), (path, expand, kind))
    same(box.ok("GET", f"/v1/charges/{charge}?expand[]=refunds")["refunds"]["data"][0]["amount"], 100)


@scenario
def metadata_may_have_any_names(box):
    body = "metadata[7]=seven&metadata%5B0%5D=zero&metadata%5Ba%20%C3%A9.b%5D=c%26d%3De"
    made = box.ok("POST", "/v1/customers", body)
    same(made["metadata"], {"7": "seven", "0": "zero", "a \u00e9.b": "c&d=e"})
    same(box.ok("POST", f"/v1/customers/{made['id']}", "metadata[7]=")["metadata"],
         {"0": "zero", "a \u00e9.b": "c&d=e"})
    same(box.ok("POST", f"/v1/customers/{made['id']}", "metadata=")["metadata"], {})


@scenario
def killed_on_the_way_it_knows_everything(box):
    body = "amount=1000&currency=eur&payment_method=pm_card_visa&confirm=true&capture_method=manual"
    intent = box.call("POST", "/v1/payment_intents", body, key="k")[1]
    box.kill()
    box.start()
    same(box.call("POST", "/v1/payment_intents", body, key="k")[1]["id"], intent["id"])
    same(box.ok("POST", f"/v1/payment_intents/{intent['id']}/capture")["status"], "succeeded")
    box.kill()
    box.start()
    same(balance(box, "pending"), 1000 - 59)
    box.advance(3)
    same(balance(box), 1000 - 59)


@scenario
def faults_on_demand(box):
    def fault(kind, extra=""):
        box.ok("POST", "/_sandbox/faults", f"kind={kind}&path=/v1/customers{extra}")
    for kind, status in [("conflict", 409), ("rate_limit", 429), ("error", 500)]:
        fault(kind)
        same(box.call("POST", "/v1/customers")[0], status)
        same(box.call("POST", "/v1/customers")[0], 200)
    for kind, made in [("lost_request", 0), ("lost_response", 1)]:
        before = box.events().count("customer.created")
        fault(kind)
        try:
            box.call("POST", "/v1/customers", "", key=kind)
            raise AssertionError("an answer came")
        except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
            pass
        same(box.events().count("customer.created") - before, made)
        box.call("POST", "/v1/customers", "", key=kind)
        same(box.events().count("customer.created") - before, 1)
    fault("slow", "&delay_ms=300")
    began = time.monotonic()
    same(box.call("POST", "/v1/customers")[0], 200)
    assert time.monotonic() - began >= 0.3
    box.ok("POST", "/_sandbox/limits", "per_endpoint=3&global=100")
    statuses, until = set(), time.monotonic() + 20
    while statuses != {200, 429} and time.monotonic() < until: # a second is begun anew meanwhile
        statuses.add(box.call("POST", "/v1/customers")[0])
    same(statuses, {200, 429})
    box.ok("POST", "/_sandbox/limits")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes webhooks; refuses as many as it is told to."""
    came, refuse = queue.Queue(), 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 500 if Receiver.refuse > 0 else 204
        Receiver.refuse -= status == 500
        self.send_response(status)
        self.end_headers()
        Receiver.came.put((status, self.headers["Stripe-Signature"], body))

    def log_message(self, *_):
        pass


@scenario
def webhooks_are_signed_retried_delayed_and_doubled(box):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = box.ok("POST", "/v1/webhook_endpoints", "enabled_events[0]=customer.created&url="
                  f"http://127.0.0.1:{server.server_port}/hook")

    def next_event():
        return Receiver.came.get(timeout=20)
    box.call("POST", "/v1/customers", "", key="the-key")
    status, signature, body = next_event()
    at, tag = [part.split("=")[1] for part in signature.split(",")]
    wanted = hmac.new(hook["secret"].encode(), f"{at}.".encode() + body, hashlib.sha256)
    same(tag, wanted.hexdigest())
    event = json.loads(body)
    same((event["type"], event["request"]["idempotency_key"], event["api_version"]),
         ("customer.created", "the-key", "2022-11-15"))

    Receiver.refuse = 1
    box.ok("POST", "/v1/customers")
    same(next_event()[0], 500)
    box.ok("POST", "/_sandbox/clock", "advance=3600")
    same(next_event()[0], 204)

    box.ok("POST", "/_sandbox/faults", "kind=webhook_duplicate")
    box.ok("POST", "/v1/customers")
    same(next_event()[2], next_event()[2])
    box.ok("POST", "/_sandbox/faults", "kind=webhook_delay&delay_ms=7200000")
    late = box.ok("POST", "/v1/customers")["id"]
    early = box.ok("POST", "/v1/customers")["id"]
    same(json.loads(next_event()[2])["data"]["object"]["id"], early)
    # What was answered must be known to have been: else it is due again, too.
    while box.ok("GET", "/_sandbox/clock")["webhooks_under_way"] > 0:
        pass
    box.ok("POST", "/_sandbox/clock", "advance=7201")
    same(json.loads(next_event()[2])["data"]["object"]["id"], late)
    server.shutdown()


@scenario
def what_it_is_started_for_moves_with_it(box):
    """Its webhooks go where the last start said, and nowhere else but where somebody asked over HTTP."""
    own_arguments = box.arguments
    other = box.ok("POST", "/v1/webhook_endpoints", "url=http://127.0.0.1:9/other&enabled_events[]=*")["id"]
    for port, events in ((1, "*"), (2, "payout.paid,account.updated"), (3, "*")):
        box.kill()
        box.arguments = (*own_arguments, "--webhook-url", f"http://127.0.0.1:{port}/", "--webhook-secret", "s",
                         "--webhook-events", events)
        box.start()
        told = box.ok("GET", "/v1/webhook_endpoints")["data"]
        same(sorted(each["url"] for each in told), [f"http://127.0.0.1:{port}/", "http://127.0.0.1:9/other"])
        same([each["enabled_events"] for each in told if each["id"] != other], [events.split(",")])


@scenario
def speaks_to_any_stripe_client(box):
    raw = box.call("POST", "/v1/customers", "metadata[a b]=1&email=a%40b.c", basic=True)
    encoded = box.call("POST", "/v1/customers", "metadata%5Ba%20b%5D=1&email=a%40b.c", basic=True)
    same((raw[0], raw[1]["metadata"]), (200, {"a b": "1"}))
    same(encoded[1]["metadata"], {"a b": "1"})
    ids = [box.ok("POST", "/v1/payment_intents", f"amount={100 + i}&currency=eur")["id"]
           for i in range(7)]
    found, after = [], ""
    while True:
        page = box.ok("GET", f"/v1/payment_intents?limit=3{after}")
        found += [intent["id"] for intent in page["data"]]
        if not page["has_more"]:
            break
        after = f"&starting_after={found[-1]}"
    same(found, ids[::-1])
    back = box.ok("GET", f"/v1/payment_intents?limit=2&ending_before={found[3]}")
    same([intent["id"] for intent in back["data"]], found[1:3])
    expanded = box.ok("POST", "/v1/payment_intents", "amount=500&currency=eur&confirm=true&"
                      "payment_method=pm_card_visa&expand[]=latest_charge&expand[]=payment_method")
    same((expanded["latest_charge"]["object"], expanded["payment_method"]["object"]),
         ("charge", "payment_method"))
    same(box.call("GET", "/v1/payment_intents?expand[]=data.no_such")[0], 400)


@scenario
def refuses_what_is_no_request(box):
    key = {"Authorization": "Bearer sk_test_x"}
    rows = [({}, b"", 401, "did not provide an API key"),
            ({"Authorization": "Bearer sk_live_x"}, b"", 401, "Invalid API key"),
            ({"Authorization": "Basic !!!"}, b"", 401, "Invalid API key"),
            ({**key, "Content-Type": "application/json"}, b'{"email": "a@b.c"}', 400, "content type"),
            ({**key, "Content-Type": "multipart/form-data; boundary=x"}, b"--x--", 400, "content type"),
            ({**key, "Idempotency-Key": "k" * 256}, b"email=a%40b.c", 400, "idempotency key"),
            ({**key, "Stripe-Account": "acct_none"}, b"email=a%40b.c", 403, "acct_none"),
            (key, b"email=a&email=b", 400, "email"), (key, b"metadata[a=1", 400, "metadata[a"),
            (key, b"metadata[a][b]=1", 400, "plain"), (key, b"no_such=1", 400, "no_such"),
            (key, b"email=%zz", 400, ""), (key, b"%00=1", 400, "")]
    before = len(box.ok("GET", "/v1/customers?limit=100")["data"])
    for headers, body, status, words in rows:
        request = urllib.request.Request(box.url + "/v1/customers", body, headers, method="POST")
        try:
            urllib.request.urlopen(request)
            raise AssertionError(f"{headers} {body} was taken")
        except urllib.error.HTTPError as refusal:
            error = json.loads(refusal.read())["error"]
            same((refusal.code, error["type"]), (status, "invalid_request_error"))
            assert refusal.headers["Request-Id"].startswith("req_"), refusal.headers
            same("WWW-Authenticate" in refusal.headers, status == 401)
            assert words in error["message"], error
    some = box.ok("POST", "/v1/customers")["id"]
    before += 1
    for query, param in [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
                         ("starting_after=cus_none", "starting_after"), ("no_such=1", "no_such"),
                         (f"starting_after={some}&ending_before={some}", "ending_before"), ("email=", "email"),
                         ("created[gte]=x", "created[gte]"), ("expand[]=data.a.b.c.d", "expand"),
                         ("expand[]=customer", "expand")]:
        status, answer, _ = box.call("GET", f"/v1/customers?{query}")
        same((query, status, answer["error"].get("param")), (query, 400, param))
    same(box.call("GET", "/v1/customers/cus_none")[0], 404)
    status, answer, _ = box.call("POST", "/v1/payment_intents", "amount=500&currency=eur&customer=cus_none")
    same((status, answer["error"]["code"], answer["error"]["param"]), (400, "resource_missing", "customer"))
    asking = http.client.HTTPConnection(box.url.split("//")[1])
    asking.putrequest("POST", "/v1/customers")
    asking.putheader("Content-Length", str(2 << 20))
    asking.endheaders()
    refusal = asking.getresponse()
    same((refusal.status, json.load(refusal)["error"]["type"]), (413, "invalid_request_error"))
    for method, path in (("GET", "/v1/none"), ("DELETE", "/v1/customers"), ("GET", "/")):
        same(box.call(method, path)[0], 404)
    same(box.call("POST", "/v1/customers", "", key="k" * 255)[0], 200)
    same(len(box.ok("GET", "/v1/customers?limit=100")["data"]), before + 1)


@scenario
def amounts_that_cannot_be_charged(box):
    for amount, currency in [(0, "eur"), (-1, "eur"), (100000000, "eur"), (5124, "kwd"), (150, "isk"),
                             (100, "xxx"), (100, "EUR")]:
        status, answer, _ = box.call("POST", "/v1/payment_intents",
                                     f"amount={amount}&currency={currency}")
        same(status, 400)
        assert answer["error"]["param"] in ("amount", "currency"), answer
    for amount, currency in [(5120, "kwd"), (200, "isk"), (50, "jpy"), (30, "gbp")]:
        box.ok("POST", "/v1/payment_intents", f"amount={amount}&currency={currency}")
    for amount, currency in [(49, "jpy"), (29, "gbp"), (49, "eur")]:
        status, answer, _ = box.call("POST", "/v1/payment_intents",
                                     f"amount={amount}&currency={currency}")
        same((status, answer["error"]["code"]), (400, "amount_too_small"))


@scenario
def the_card_form_hands_back_a_token(box):
    page = urllib.request.urlopen(box.url + "/_sandbox/card_form?origin=https://a.example").read()
    assert b"4242424242424242" in page and b"https://a.example" in page
    form = {"number": "4000000000009995", "exp_month": "1", "exp_year": "2040", "cvc": "1",
            "origin": "https://a.example\"</script>"}
    done = urllib.request.urlopen(urllib.request.Request(
        box.url + "/_sandbox/card_form", data=urllib.parse.urlencode(form).encode())).read()
    assert b"coffer.card" in done and b"9995" in done and b"\"</script>" not in done
    form["number"] = "1234"
    assert b"declined" in urllib.request.urlopen(urllib.request.Request(
        box.url + "/_sandbox/card_form", data=urllib.parse.urlencode(form).encode())).read()


def with_sandbox(run):
    with Sandbox(sys.argv[1]) as box:
        run(box)


main(with_sandbox)
