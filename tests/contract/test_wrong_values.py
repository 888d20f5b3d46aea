# SPDX-License-Identifier: Apache-2.0
"""Promised: whatever stands in a parameter, the sandbox takes it only where Stripe's schema does, answers in the
schema's form, and refuses in Stripe's form, naming the parameter.
Shown: every parameter that an endpoint knows, one after the other, is sent empty, too long, of the wrong kind,
nested, beyond every number; each request and each answer is judged by the schema.

usage: test_wrong_values.py COFFER
"""

import re
import sys
import urllib.parse

import stripe_schema
from sandbox import Sandbox

WRONG = ["", "abc", "-1", "0", "9223372036854775807", "99999999999999999999", "1.5", "true", "x" * 6000,
         "\u00e9\u2028", "[]", "a\nb", "%"]
CONFIRMED = "confirm=true&amount=1000&currency=eur&payment_method="
CARD = "type=card&card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=2040"

failures = []


def leaves(schema, name):
    """(name as a form has it, schema) of all that may be sent below a parameter."""
    if "anyOf" in schema:
        for option in schema["anyOf"]:
            yield from leaves(option, name)
    elif schema.get("properties"):
        yield (name, schema)
        for key, member in schema["properties"].items():
            yield from leaves(member, f"{name}[{key}]")
    elif schema.get("type") == "object":
        yield from ((name, schema), (f"{name}[k]", schema))
    elif schema.get("type") == "array":
        yield from ((name, schema), (f"{name}[0]", schema["items"]))
    else:
        yield (name, schema)


class Things:
    """Objects to send requests to."""

    def __init__(self, box):
        self.box = box
        self.made = {}
        box.ok("POST", "/v1/payment_intents", "confirm=true&currency=eur&amount=9000000&"
               "payment_method=pm_card_bypassPending")
        self.account = box.ok("POST", "/v1/accounts", "type=express&country=DE&"
                              "capabilities[transfers][requested]=true")["id"]
        box.ok("POST", f"/_sandbox/onboarding/{self.account}", "outcome=complete")
        box.ok("POST", "/v1/transfers", f"amount=900000&currency=eur&destination={self.account}")

    def make(self, folder, path):
        post = lambda path, body="", account=None: self.box.ok("POST", path, body, account)["id"]
        paid = lambda card: self.box.ok("POST", "/v1/payment_intents", CONFIRMED + card)["latest_charge"]
        if path.endswith(("/capture", "/increment_authorization")):
            return post("/v1/payment_intents", CONFIRMED + "pm_card_visa&capture_method=manual")
        if folder == "accounts":
            return self.account
        if folder == "disputes":
            return self.box.ok("GET", f"/v1/disputes?charge={paid('pm_card_createDispute')}")["data"][0]["id"]
        if folder in ("events", "balance_transactions"):
            return self.box.ok("GET", f"/v1/{folder}")["data"][0]["id"]
        if folder == "charges":
            return paid("pm_card_visa")
        if folder == "refunds":
            return post("/v1/refunds", f"charge={paid('pm_card_visa')}&amount=1")
        if folder == "payouts":
            return post("/v1/payouts", "amount=100&currency=eur", self.account)
        made = post(f"/v1/{folder}", self.body("POST", f"/v1/{folder}"))
        if path.endswith("/detach"):
            post(f"/v1/payment_methods/{made}/attach", "customer=" + self.customer())
        return made

    def target(self, method, path):
        """The path with an object's id in it; one that nothing was done to, where something will be."""
        found = re.match(r"/v1/(\w+)/\{", path)
        if not found:
            return path
        if method == "POST" or path not in self.made:
            self.made[path] = self.make(found.group(1), path)
        return re.sub(r"\{[^}]*\}", self.made[path], path, count=1)

    def body(self, method, path):
        """What the endpoint wants at least."""
        if method != "POST":
            return ""
        if path == "/v1/refunds":
            return f"charge={self.make('charges', '')}&amount=1"
        return {"/v1/payment_intents": "amount=1000&currency=eur",
                "/v1/transfers": f"amount=100&currency=eur&destination={self.account}",
                "/v1/payouts": "amount=100&currency=eur",
                "/v1/webhook_endpoints": "url=http://127.0.0.1:9/&enabled_events[0]=payout.paid",
                "/v1/account_links": f"account={self.account}&type=account_onboarding",
                "/v1/payment_methods": CARD,
                "/v1/payment_methods/{payment_method}/attach": "customer=" + self.customer(),
                "/v1/payment_intents/{intent}/confirm": "payment_method=pm_card_visa",
                "/v1/payment_intents/{intent}/increment_authorization": "amount=2000"}.get(path, "")

    def customer(self):
        return self.box.ok("POST", "/v1/customers")["id"]


def judge(box, schema, request, name):
    method, target, sent, account = request
    query = target + ("?" + sent if method != "POST" and sent else "")
    status, answer, _ = box.call(method, query, sent, account)
    if status == 200:
        complaints = schema.complaints_about_answer(method, target, answer)
        complaints += schema.complaints_about_request(method, query, sent)
    else:
        complaints = schema.complaints_about_error(answer)
        if status not in (400, 402, 404):
            complaints.append(f"refused with {status}")
        if status == 400 and answer["error"].get("code") == "parameter_unknown":
            return False
        if status == 400 and answer["error"].get("param", "").split("[")[0] != name.split("[")[0] and \
                answer["error"].get("code") not in ("parameter_missing", "balance_insufficient"):
            complaints.append(f"refused because of another parameter: {answer['error']}")
    for complaint in complaints:
        failures.append(f"{method} {query[:80]} {urllib.parse.unquote(sent)[-90:]!r}: {complaint[:140]}")
    return True


def main():
    schema, count, known = stripe_schema.load(), 0, 0
    with Sandbox(sys.argv[1]) as box:
        things = Things(box)
        for path, operations in schema.paths.items():
            for method in map(str.upper, operations):
                members = (schema.request_schema(method, path) or {}).get("properties", {})
                account = things.account if path.startswith("/v1/payouts") else None
                members.pop("api_version", None)  # whose values the schema has lost
                for member, member_schema in members.items():
                    for name in dict.fromkeys(name for name, _ in leaves(member_schema, member)):
                        for value in WRONG:
                            pairs = urllib.parse.parse_qsl(things.body(method, path))
                            kept = [p for p in pairs if p[0] != name and not p[0].startswith(name + "[")]
                            sent = urllib.parse.urlencode(kept + [(name, value)])
                            request = (method, things.target(method, path), sent, account)
                            count += 1
                            if not judge(box, schema, request, name):
                                break  # one of the parameters that nobody here uses
                        else:
                            known += 1
    print(f"{known} parameters, {count} wrong requests judged")
    print("\n".join(dict.fromkeys(failures)))
    return 1 if failures else 0


sys.exit(main())
