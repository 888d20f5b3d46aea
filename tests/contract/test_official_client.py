# SPDX-License-Identifier: Apache-2.0
"""Promised: Stripe's own client library uses the sandbox with nothing but another host.
Shown: the library that Debian packages (python3-stripe, of the version that we pin) goes through every
resource, pages by itself, raises its own kinds of errors, retries, and checks our webhooks' signatures.

usage: test_official_client.py COFFER [SCENARIO…]
"""

import http.server
import queue
import sys
import threading
import urllib.parse
import urllib.request

from sandbox import Sandbox
from scenarios import main, same, scenario

sys.path.append("/usr/lib/python3/dist-packages")  # another interpreter than Debian's finds it, too
try:
    import stripe
except ImportError:
    print("SKIPPED: Stripe's library is not installed (apt-get install python3-stripe)")
    sys.exit(77)


def raised(kind, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except stripe.error.StripeError as error:
        same(type(error), kind)
        return error
    raise AssertionError(f"no {kind.__name__}")


def answer_bank(box, intent, outcome):
    """What the cardholder does on the page that the library is sent to."""
    form = urllib.parse.urlencode({"client_secret": intent.client_secret, "outcome": outcome})
    url = intent.next_action.redirect_to_url.url.split("?")[0]
    assert url.startswith(box.url), url
    urllib.request.urlopen(url, form.encode()).read()


def paid(card="pm_card_visa", amount=1000, **more):
    return stripe.PaymentIntent.create(amount=amount, currency="eur", payment_method=card,
                                       confirm=True, expand=["latest_charge"], **more)


@scenario
def customers(_):
    made = stripe.Customer.create(email="ada@example.org", name="Ada Löve & Sons", metadata={
        "user_id": "7", "a b": "c=d"}, address={"line1": "1 High St", "city": "London"},
        shipping={"name": "Ada", "address": {"line1": "1 High St"}})
    same((made.name, made.metadata.to_dict(), made.shipping.name),
         ("Ada Löve & Sons", {"user_id": "7", "a b": "c=d"}, "Ada"))
    made.name = "Ada"
    made.save()
    again = stripe.Customer.modify(made.id, metadata={"user_id": ""})
    same((again.name, again.metadata.to_dict()), ("Ada", {"a b": "c=d"}))
    same([c.id for c in stripe.Customer.list(email="ada@example.org")], [made.id])
    same(stripe.Customer.list(email="nobody@example.org").data, [])
    same(stripe.Customer.delete(made.id).deleted, True)
    same(stripe.Customer.retrieve(made.id).deleted, True)
    same(stripe.Customer.list().data, [])
    same(raised(stripe.error.InvalidRequestError, stripe.PaymentIntent.create, amount=500,
                currency="eur", customer=made.id).code, "resource_missing")


@scenario
def payment_methods(_):
    customer = stripe.Customer.create().id
    made = stripe.PaymentMethod.create(type="card", card={
        "number": "4242424242424242", "exp_month": 1, "exp_year": 2040, "cvc": "123"},
        billing_details={"name": "Ada"})
    same((made.card.last4, made.billing_details.name), ("4242", "Ada"))
    made.attach(customer=customer)
    stripe.PaymentMethod.attach("pm_card_mastercard", customer=customer)
    same([m.card.brand for m in stripe.PaymentMethod.list(customer=customer, type="card")],
         ["mastercard", "visa"])
    same(len(stripe.Customer.list_payment_methods(customer, type="card").data), 2)
    stripe.Customer.modify(customer, invoice_settings={"default_payment_method": made.id})
    same(stripe.Customer.retrieve(customer, expand=[
        "invoice_settings.default_payment_method"]).invoice_settings.default_payment_method.id, made.id)
    same(stripe.PaymentMethod.modify(made.id, metadata={"a": "b"}).metadata.a, "b")
    same(stripe.PaymentMethod.detach(made.id).customer, None)
    error = raised(stripe.error.CardError, stripe.PaymentMethod.attach, "pm_card_chargeDeclined",
                   customer=customer)
    same((error.http_status, error.code, error.error.decline_code),
         (402, "card_declined", "generic_decline"))


@scenario
def setup_intents(box):
    customer = stripe.Customer.create().id
    made = stripe.SetupIntent.create(customer=customer, payment_method="pm_card_visa", confirm=True)
    same((made.status, made.usage), ("succeeded", "off_session"))
    asked = stripe.SetupIntent.create(customer=customer, payment_method_types=["card"])
    stripe.SetupIntent.modify(asked.id, description="for later")
    asked = stripe.SetupIntent.confirm(asked.id, payment_method="pm_card_threeDSecure2Required",
                                       return_url="https://shop.example/back")
    same(asked.status, "requires_action")
    answer_bank(box, asked, "succeed")
    same(stripe.SetupIntent.retrieve(asked.id, expand=["payment_method"]).payment_method.customer,
         customer)
    idle = stripe.SetupIntent.create(automatic_payment_methods={"enabled": True})
    same(idle.cancel(cancellation_reason="abandoned").status, "canceled")
    same(len(stripe.SetupIntent.list(customer=customer).data), 2)
    error = raised(stripe.error.InvalidRequestError, stripe.SetupIntent.cancel, made.id)
    same(error.code, "setup_intent_unexpected_state")


@scenario
def payment_intents(box):
    customer = stripe.Customer.create().id
    held = stripe.PaymentIntent.create(
        amount=5000, currency="eur", customer=customer, payment_method="pm_card_visa", confirm=True,
        off_session=True, capture_method="manual", transfer_group="g", metadata={"pledge_id": "1"},
        expand=["latest_charge.balance_transaction", "customer"])
    same((held.status, held.latest_charge.captured, held.customer.id),
         ("requires_capture", False, customer))
    same(held.increment_authorization(amount=6000).amount_capturable, 6000)
    captured = stripe.PaymentIntent.capture(held.id, amount_to_capture=4000, metadata={"a": "b"})
    same((captured.status, captured.amount_received, captured.metadata.a), ("succeeded", 4000, "b"))
    same(raised(stripe.error.InvalidRequestError, captured.capture).code,
         "payment_intent_unexpected_state")
    asked = stripe.PaymentIntent.create(amount=700, currency="eur", shipping={
        "name": "Ada", "address": {"line1": "1 High St"}}, automatic_payment_methods={"enabled": True})
    stripe.PaymentIntent.modify(asked.id, amount=800)
    asked = asked.confirm(payment_method="pm_card_threeDSecure2Required",
                          return_url="https://shop.example/back")
    same(asked.status, "requires_action")
    answer_bank(box, asked, "fail")
    asked.refresh()
    same((asked.status, asked.last_payment_error.code),
         ("requires_payment_method", "payment_intent_authentication_failure"))
    asked.confirm(payment_method="pm_card_threeDSecure2Required")
    asked.refresh()
    answer_bank(box, asked, "succeed")
    asked.refresh()
    same((asked.status, asked.amount_received), ("succeeded", 800))
    idle = stripe.PaymentIntent.create(amount=300, currency="jpy")
    same(idle.cancel(cancellation_reason="abandoned").status, "canceled")
    same([i.id for i in stripe.PaymentIntent.list(customer=customer)], [held.id])


@scenario
def declines(_):
    for card, code, decline in [("chargeDeclined", "card_declined", "generic_decline"),
                                ("chargeDeclinedInsufficientFunds", "card_declined",
                                 "insufficient_funds"),
                                ("chargeDeclinedExpiredCard", "expired_card", None)]:
        error = raised(stripe.error.CardError, paid, f"pm_card_{card}")
        same((error.http_status, error.code, error.error.get("decline_code"),
              error.error.payment_intent.status), (402, code, decline, "requires_payment_method"))
        assert error.user_message and error.request_id, error
    error = raised(stripe.error.CardError, paid, "pm_card_authenticationRequired", off_session=True)
    same(error.code, "authentication_required")


@scenario
def charges_and_refunds(_):
    paid("pm_card_bypassPending", 100000)  # else a refund waits for money
    charge = paid().latest_charge
    same(stripe.Charge.modify(charge.id, description="a pledge").description, "a pledge")
    same(stripe.Charge.retrieve(charge.id, expand=["balance_transaction"]).balance_transaction.net,
         1000 - 59)
    refund = stripe.Refund.create(charge=charge.id, amount=400, reason="requested_by_customer",
                                  metadata={"refund_id": "1"})
    same((refund.status, stripe.Refund.retrieve(refund.id).amount), ("succeeded", 400))
    same(stripe.Refund.modify(refund.id, metadata={"a": "b"}).metadata.to_dict(),
         {"refund_id": "1", "a": "b"})
    raised(stripe.error.InvalidRequestError, stripe.Refund.create, charge=charge.id, amount=601)
    same(stripe.Refund.create(payment_intent=charge.payment_intent).amount, 600)
    same(len(stripe.Refund.list(charge=charge.id).data), 2)
    same(stripe.Charge.retrieve(charge.id).refunded, True)
    same(len(stripe.Charge.list(payment_intent=charge.payment_intent).data), 1)


def onboarded(box, bank="pays"):
    account = stripe.Account.create(
        type="express", country="DE", email="c@example.org", business_type="individual",
        capabilities={"transfers": {"requested": True}, "card_payments": {"requested": True}},
        settings={"payouts": {"schedule": {"interval": "manual"}}})
    same((account.payouts_enabled, "external_account" in account.requirements.currently_due),
         (False, True))
    link = stripe.AccountLink.create(account=account.id, type="account_onboarding",
                                     refresh_url="https://a.example", return_url="https://b.example")
    assert link.url.startswith(box.url) and link.expires_at > link.created, link
    form = urllib.parse.urlencode({"outcome": "complete", "bank": bank}).encode()
    urllib.request.urlopen(link.url, form).read()
    return stripe.Account.retrieve(account.id)


@scenario
def accounts_transfers_and_payouts(box):
    paid("pm_card_bypassPending", 100000)
    account = onboarded(box)
    same((account.payouts_enabled, account.requirements.currently_due), (True, []))
    stripe.Account.modify(account.id, metadata={"user_id": "9"})
    same([a.id for a in stripe.Account.list()], [account.id])
    assert stripe.Account.retrieve().id != account.id
    transfer = stripe.Transfer.create(amount=3000, currency="eur", destination=account.id,
                                      transfer_group="g", metadata={"payout_id": "1"})
    same(stripe.Transfer.modify(transfer.id, description="x").description, "x")
    reversal = stripe.Transfer.create_reversal(transfer.id, amount=500)
    same(stripe.Transfer.retrieve_reversal(transfer.id, reversal.id).amount, 500)
    same([r.id for r in stripe.Transfer.list_reversals(transfer.id)], [reversal.id])
    same(stripe.Transfer.retrieve(transfer.id, expand=["destination"]).destination.id, account.id)
    same([t.amount_reversed for t in stripe.Transfer.list(destination=account.id)], [500])
    as_account = {"stripe_account": account.id}
    same(stripe.Balance.retrieve(**as_account).available[0].amount, 2500)
    payout = stripe.Payout.create(amount=1000, currency="eur", **as_account)
    stripe.Payout.modify(payout.id, metadata={"payout_id": "1"}, **as_account)
    box.advance(3)
    same(stripe.Payout.retrieve(payout.id, **as_account).status, "paid")
    second = stripe.Payout.create(amount=1500, currency="eur", **as_account)
    same(stripe.Payout.cancel(second.id, **as_account).status, "canceled")
    same(len(stripe.Payout.list(**as_account).data), 2)
    same(raised(stripe.error.InvalidRequestError, stripe.Payout.create, amount=9999, currency="eur",
                **as_account).code, "balance_insufficient")
    raised(stripe.error.PermissionError, stripe.Balance.retrieve, stripe_account="acct_nobody")
    assert {e.type for e in stripe.Event.list(limit=100, **as_account)} >= {"payout.paid",
                                                                            "account.updated"}
    broken = onboarded(box, "fails_after_paid")
    stripe.Transfer.create(amount=700, currency="eur", destination=broken.id)
    sent = stripe.Payout.create(amount=700, currency="eur", stripe_account=broken.id)
    box.advance(6)
    same(stripe.Payout.retrieve(sent.id, stripe_account=broken.id).status, "failed")


@scenario
def disputes(_):
    paid("pm_card_bypassPending", 100000)
    for evidence, status in [("winning_evidence", "won"), ("losing_evidence", "lost")]:
        charge = paid("pm_card_createDispute").latest_charge.id
        dispute = stripe.Dispute.list(charge=charge).data[0]
        same((dispute.status, dispute.balance_transactions[0].fee), ("needs_response", 1500))
        stripe.Dispute.modify(dispute.id, evidence={"uncategorized_text": evidence}, submit=True)
        same(stripe.Dispute.retrieve(dispute.id).status, status)
    charge = paid("pm_card_createDispute").latest_charge.id
    same(stripe.Dispute.list(charge=charge).data[0].close().status, "lost")


@scenario
def balance_and_paging(_):
    ids = [paid(amount=500 + i).id for i in range(11)]
    same([i.id for i in stripe.PaymentIntent.list(limit=3).auto_paging_iter()], ids[::-1])
    back = stripe.PaymentIntent.list(limit=3, ending_before=ids[0])
    same([i.id for i in back.auto_paging_iter()], ids[1:])
    same(stripe.Balance.retrieve().pending[0].amount,
         sum(t.net for t in stripe.BalanceTransaction.list(limit=4).auto_paging_iter()))
    first = stripe.BalanceTransaction.list(limit=1, type="charge", expand=["data.source"]).data[0]
    same((first.source.object, stripe.BalanceTransaction.retrieve(first.id).fee), ("charge", 45))
    types = [e.type for e in stripe.Event.list(limit=7, created={"gte": 1}).auto_paging_iter()]
    same(types.count("payment_intent.succeeded"), 11)
    one = stripe.Event.list(type="payment_intent.*", limit=1).data[0]
    same(stripe.Event.retrieve(one.id).data.object.object, "payment_intent")
    same(raised(stripe.error.InvalidRequestError, stripe.PaymentIntent.list, limit=101).param,
         "limit")


@scenario
def webhooks(_):
    came = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            came.put((self.rfile.read(int(self.headers["Content-Length"])),
                      self.headers["Stripe-Signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = stripe.WebhookEndpoint.create(url=f"http://127.0.0.1:{server.server_port}/hook",
                                         enabled_events=["customer.created"])
    stripe.Customer.create(idempotency_key="the-key", name="Ünal")
    body, signature = came.get(timeout=30)
    event = stripe.Webhook.construct_event(body, signature, hook.secret)
    same((event.type, event["request"].idempotency_key, event.data.object.name),
         ("customer.created", "the-key", "Ünal"))
    for false in [(body + b" ", signature, hook.secret), (body, signature, hook.secret + "x"),
                  (body, signature.replace("t=", "t=1"), hook.secret)]:
        raised(stripe.error.SignatureVerificationError, stripe.Webhook.construct_event, *false)
    stripe.WebhookEndpoint.modify(hook.id, disabled=True)
    stripe.Customer.create()
    stripe.WebhookEndpoint.modify(hook.id, disabled=False, enabled_events=["*"])
    last = stripe.Customer.create().id
    event = stripe.Webhook.construct_event(*came.get(timeout=30), hook.secret)
    same(event.data.object.id, last)
    same([w.id for w in stripe.WebhookEndpoint.list()], [hook.id])
    same(stripe.WebhookEndpoint.delete(hook.id).deleted, True)
    server.shutdown()


@scenario
def idempotency(box):
    one = stripe.Customer.create(name="a", idempotency_key="k")
    two = stripe.Customer.create(name="a", idempotency_key="k")
    same((two.id, two.last_response.headers["Idempotent-Replayed"]), (one.id, "true"))
    error = raised(stripe.error.IdempotencyError, stripe.Customer.create, name="b",
                   idempotency_key="k")
    same(error.http_status, 400)
    stripe.max_network_retries = 2
    for kind in ("conflict", "error", "lost_response", "lost_request"):
        box.ok("POST", "/_sandbox/faults", f"kind={kind}&path=/v1/customers")
        stripe.Customer.create(name=kind)  # the library sends the same key again by itself
        same([c.name for c in stripe.Customer.list(limit=100)].count(kind), 1)


@scenario
def errors(box):
    for kind, wanted in [("rate_limit", stripe.error.RateLimitError),
                         ("error", stripe.error.APIError),
                         ("lost_response", stripe.error.APIConnectionError)]:
        box.ok("POST", "/_sandbox/faults", f"kind={kind}&path=/v1/customers")
        raised(wanted, stripe.Customer.create)
    raised(stripe.error.AuthenticationError, stripe.Balance.retrieve, api_key="sk_live_no")
    same(raised(stripe.error.InvalidRequestError, stripe.Charge.retrieve, "ch_no").http_status, 404)
    error = raised(stripe.error.InvalidRequestError, stripe.PaymentIntent.create, amount=100)
    same((error.code, error.param), ("parameter_missing", "currency"))
    error = raised(stripe.error.InvalidRequestError, stripe.PaymentIntent.create, amount=100,
                   currency="eur", colour="red")
    same((error.code, error.param), ("parameter_unknown", "colour"))


def with_client(run):
    with Sandbox(sys.argv[1]) as box:
        stripe.api_base, stripe.api_key = box.url, "sk_test_official"
        stripe.api_version, stripe.max_network_retries = "2022-11-15", 0
        run(box)


main(with_client)
