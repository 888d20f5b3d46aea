# SPDX-License-Identifier: Apache-2.0
"""Promised: the sandbox answers what Stripe's schema says, and refuses what the schema refuses.
Shown: every endpoint is called in a life of its own, each answer judged by the schema of its endpoint; and
every request of the adapter with one thing wrong is refused because of that thing.

usage: test_answers.py COFFER PROGRAM-THAT-PRINTS-THE-REQUESTS
"""

import json
import subprocess
import sys

import stripe_schema
from sandbox import Sandbox

failures = []


def collapse(answer):
    """Expanded members back to ids: the schema knows them so."""
    if isinstance(answer, list):
        return [collapse(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    return {key: value["id"] if key in ("latest_charge", "balance_transaction") and
            isinstance(value, dict) else collapse(value) for key, value in answer.items()}


class Judged:
    """Calls whose answers are judged."""

    def __init__(self, box, schema):
        self.box, self.schema, self.endpoints = box, schema, set()

    def __call__(self, method, path, body="", account=None, want=200):
        status, answer, headers = self.box.call(method, path, body, account)
        plain = path.split("?")[0]
        if status != want:
            failures.append(f"{method} {path} {body}: {status}, wanted {want}: {answer}")
        complaints = (self.schema.complaints_about_answer(method, plain, collapse(answer))
                      if status == 200 else self.schema.complaints_about_error(answer))
        failures.extend(f"{method} {path}: {complaint}" for complaint in complaints)
        if not headers.get("Request-Id"):
            failures.append(f"{method} {path}: no Request-Id")
        for pattern in self.schema.paths:
            if self.schema.find(method, plain) is self.schema.paths[pattern].get(method.lower()):
                self.endpoints.add((method, pattern))
        return answer


def live_payments(call):
    customer = call("POST", "/v1/customers", "email=a%40b.c&metadata[user_id]=7")["id"]
    call("POST", f"/v1/customers/{customer}", "name=Ada&address[city]=London")
    call("GET", f"/v1/customers/{customer}")
    method = call("POST", "/v1/payment_methods", "type=card&card[number]=4242424242424242&"
                  "card[exp_month]=1&card[exp_year]=2040&card[cvc]=123")["id"]
    call("POST", f"/v1/payment_methods/{method}/attach", f"customer={customer}")
    call("GET", f"/v1/payment_methods/{method}")
    setup = call("POST", "/v1/setup_intents", f"customer={customer}&payment_method={method}")
    call("POST", f"/v1/setup_intents/{setup['id']}/confirm")
    call("GET", f"/v1/setup_intents/{setup['id']}")
    other = call("POST", "/v1/setup_intents", "usage=on_session")["id"]
    call("POST", f"/v1/setup_intents/{other}/cancel", "cancellation_reason=abandoned")
    held = call("POST", "/v1/payment_intents",
                f"amount=5000&currency=eur&customer={customer}&payment_method={method}&confirm=true"
                "&capture_method=manual&off_session=true&transfer_group=g")["id"]
    call("POST", f"/v1/payment_intents/{held}/increment_authorization", "amount=6000")
    call("GET", f"/v1/payment_intents/{held}?expand[]=latest_charge.balance_transaction")
    call("POST", f"/v1/payment_intents/{held}/capture", "amount_to_capture=4000")
    call("POST", f"/v1/payment_intents/{held}/capture", want=400)
    idle = call("POST", "/v1/payment_intents", "amount=100&currency=jpy")["id"]
    call("POST", f"/v1/payment_intents/{idle}", "metadata[a]=b&amount=200")
    call("POST", f"/v1/payment_intents/{idle}/confirm", "payment_method=pm_card_chargeDeclined",
         want=402)
    call("POST", f"/v1/payment_intents/{idle}/cancel", "cancellation_reason=abandoned")
    call("GET", f"/v1/payment_intents?customer={customer}&limit=1")
    charge = call("GET", f"/v1/charges?payment_intent={held}")["data"][0]["id"]
    call("GET", f"/v1/charges/{charge}")
    refund = call("POST", "/v1/refunds", f"charge={charge}&amount=1000&reason=duplicate")["id"]
    call("GET", f"/v1/refunds/{refund}")
    call("POST", f"/v1/refunds/{refund}", "metadata[a]=b")
    call("GET", f"/v1/refunds?charge={charge}")
    call("POST", f"/v1/payment_methods/{method}/detach")
    call("DELETE", f"/v1/customers/{customer}")
    if call("GET", f"/v1/customers/{customer}").get("deleted") is not True:
        failures.append("a deleted customer is not told of as deleted")
    call("POST", f"/v1/customers/{customer}", "name=Ada", want=404)


def live_disputes(call):
    for evidence in ("winning_evidence", "losing_evidence"):
        call("POST", "/v1/payment_intents",
             "amount=3000&currency=eur&payment_method=pm_card_createDispute&confirm=true")
        dispute = call("GET", "/v1/disputes?limit=1")["data"][0]["id"]
        call("GET", f"/v1/disputes/{dispute}")
        call("POST", f"/v1/disputes/{dispute}",
             f"evidence[uncategorized_text]={evidence}&submit=true")
    call("POST", "/v1/payment_intents",
         "amount=3000&currency=eur&payment_method=pm_card_createDisputeInquiry&confirm=true")
    dispute = call("GET", "/v1/disputes?limit=1")["data"][0]["id"]
    call("POST", f"/v1/disputes/{dispute}/close")


def live_payouts(call, box):
    account = call("POST", "/v1/accounts", "type=express&country=DE&email=a%40b.c&"
                   "capabilities[transfers][requested]=true&settings[payouts][schedule][interval]=manual")["id"]
    call("GET", f"/v1/accounts/{account}")
    call("POST", f"/v1/accounts/{account}", "metadata[a]=b")
    call("POST", "/v1/account_links", f"account={account}&type=account_onboarding&"
         "refresh_url=https://a.example&return_url=https://b.example")
    call("POST", "/v1/transfers", f"amount=500&currency=eur&destination={account}", want=400)
    box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete")
    call("GET", f"/v1/accounts/{account}")
    call("POST", "/v1/payment_intents",
         "amount=900000&currency=eur&payment_method=pm_card_bypassPending&confirm=true")
    transfer = call("POST", "/v1/transfers",
                    f"amount=2000&currency=eur&destination={account}&transfer_group=g")["id"]
    call("GET", f"/v1/transfers/{transfer}")
    call("POST", f"/v1/transfers/{transfer}", "description=x")
    call("GET", "/v1/transfers?transfer_group=g")
    call("POST", f"/v1/transfers/{transfer}/reversals", "amount=300")
    call("GET", f"/v1/transfers/{transfer}/reversals")
    payout = call("POST", "/v1/payouts", "amount=700&currency=eur", account)["id"]
    call("GET", f"/v1/payouts/{payout}", account=account)
    call("POST", f"/v1/payouts/{payout}/cancel", account=account)
    call("GET", "/v1/payouts", account=account)
    call("GET", "/v1/balance", account=account)
    call("GET", "/v1/balance")
    call("GET", "/v1/balance_transactions?type=charge&limit=3")
    some = call("GET", "/v1/balance_transactions?limit=1")["data"][0]["id"]
    call("GET", f"/v1/balance_transactions/{some}")


def live_events(call):
    endpoint = call("POST", "/v1/webhook_endpoints",
                    "url=http://127.0.0.1:9/hook&enabled_events[]=payout.paid")["id"]
    call("GET", f"/v1/webhook_endpoints/{endpoint}")
    call("GET", "/v1/webhook_endpoints")
    call("DELETE", f"/v1/webhook_endpoints/{endpoint}")
    page = call("GET", "/v1/events?limit=100&created[gte]=1")
    call("GET", f"/v1/events/{page['data'][0]['id']}")
    call("GET", "/v1/events?type=payment_intent.*&limit=5")
    if any(not event["type"].startswith("payment_intent.")
           for event in call("GET", "/v1/events?type=payment_intent.*")["data"]):
        failures.append("events of other types are listed")


def judge_judges(call, schema):
    """An answer without one of its members, or with one of another kind, is complained about."""
    intent = call("POST", "/v1/payment_intents", "amount=700&currency=usd")
    for change in ({"amount": "7.00"}, {"status": "paid"}, {"livemode": None}, {"created": []}):
        if not schema.complaints_about_answer("POST", "/v1/payment_intents", {**intent, **change}):
            failures.append(f"the judge lets {change} pass")
    for member in ("amount", "currency", "status", "id"):
        rest = {key: value for key, value in intent.items() if key != member}
        if not schema.complaints_about_answer("POST", "/v1/payment_intents", rest):
            failures.append(f"the judge does not miss {member}")


def refusals(box, schema, printer):
    """What the schema refuses, the sandbox refuses, for that reason."""
    printed = subprocess.run([printer], capture_output=True, text=True, check=True).stdout
    count = 0
    for request in map(json.loads, printed.splitlines()):
        sent = (request["method"], request["path"], request["body"])
        status, answer, _ = box.call(*sent)
        code = answer.get("error", {}).get("code", "")
        if status != 200 and str(code).startswith("parameter_"):
            failures.append(f"{request['name']}: refused with {answer['error']}")
        for what, target, body in stripe_schema.mutations(schema, *sent):
            count += 1
            status, answer, _ = box.call(request["method"], target, body)
            if status != 400 or "param" not in answer["error"]:
                failures.append(f"{request['name']}: {status} with {what}: {answer}")
    return count


def main():
    schema = stripe_schema.load()
    with Sandbox(sys.argv[1]) as box:
        call = Judged(box, schema)
        live_payments(call)
        live_disputes(call)
        live_payouts(call, box)
        live_events(call)
        judge_judges(call, schema)
        refused = refusals(box, schema, sys.argv[2])
    everything = {(method.upper(), path) for path, operations in schema.paths.items()
                  for method in operations}
    for missing in sorted(everything - call.endpoints):
        failures.append(f"never called: {missing}")
    print(f"{len(call.endpoints)} endpoints judged, {refused} wrong requests refused")
    print("\n".join(failures))
    return 1 if failures else 0


sys.exit(main())
