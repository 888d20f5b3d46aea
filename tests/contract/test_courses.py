# SPDX-License-Identifier: Apache-2.0
"""Promised: whatever course a payment, hold, dispute or payout takes at the provider, the ledger follows it
to the end, to the cent; an outage of an hour drains without a storm, and a limit is kept to.
Shown: with real processes and a clock that the test moves; webhooks come in through the API. In the end
our postings are compared with the provider's own records.

usage: test_courses.py COFFER [SCENARIO…]
"""

import time

from ledger import Ledger, new_id, wait_until
from scenarios import main, reconciled, same, scenario

DAY = 86400


def course(program, **more):
    return Ledger(program, poll_s=0, simulated=True, hooks=True, **more)


def rows(ledger):
    """The journal's: event, code, account, minor units."""
    lines = [line.split(",") for line in ledger.balances().splitlines()[1:] if line]
    return [(line[2], line[4], line[5], int(line[6])) for line in lines]


def balance(ledger, account):
    """Of all accounts whose name begins so."""
    return sum(minor for _, _, name, minor in rows(ledger) if name.startswith(account))


def events(ledger):
    """Types with postings, each once, in order of their first."""
    return list(dict.fromkeys(row[0] for row in rows(ledger)))


def recorded(ledger, event):
    """How many records there are of that type."""
    return len(ledger.run("replay", "--type", event).stdout.splitlines())


def intent_of(ledger, pledge):
    """The newest payment at the provider that is for this pledge."""
    page = ledger.box.ok("GET", "/v1/payment_intents?limit=100&expand[]=data.latest_charge")
    return next(each for each in page["data"] if each["metadata"].get("pledge_id") == pledge)


def statuses(ledger):
    """Statuses of payments by pledge."""
    found = {}
    for each in ledger.box.ok("GET", "/v1/payment_intents?limit=100")["data"]:
        found.setdefault(each["metadata"]["pledge_id"], []).append(each["status"])
    return found


def onboard(ledger, bank="pays"):
    ledger.command("user_request_payout_account", ledger.creator, user_id=ledger.creator,
                   country="DE", currency="EUR")
    ledger.drain()
    account = ledger.box.ok("GET", "/v1/accounts")["data"][0]["id"]
    ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", f"outcome=complete&bank={bank}")
    ledger.command("user_pass_identity_check", "operator", user_id=ledger.creator, check="chk")
    return account


def payable(ledger):
    return -balance(ledger, f"liabilities:creator:{ledger.creator}:payable")


@scenario
def payout_waits_for_cover_and_is_paid(program):
    with course(program) as ledger:
        account = onboard(ledger)
        ledger.pledge(ledger.campaign("kia"), "pm_card_visa", 90000)
        ledger.advance(days=10)
        net = 90000 - 2640 - 4500
        same(payable(ledger), net)
        # Somebody takes the platform's money away by hand: there is nothing to transfer from.
        taken = ledger.box.ok("POST", "/v1/payouts", f"amount={90000 - 2640}&currency=eur")["id"]
        ledger.advance(days=8)
        same((ledger.box.ok("GET", "/v1/transfers")["data"], payable(ledger)), ([], net))
        ledger.box.ok("POST", "/v1/payment_intents", "amount=200000&currency=eur&confirm=true&"
                      "payment_method=pm_card_bypassPending")
        ledger.advance(days=2)  # the refusal is kept under its key for a day
        transfer = ledger.box.ok("GET", "/v1/transfers")["data"][0]
        same((transfer["amount"], transfer["destination"]), (net, account))
        ledger.advance(days=4)
        payout = ledger.box.ok("GET", "/v1/payouts", account=account)["data"][0]
        same((payout["status"], payout["amount"]), ("paid", net))
        same([balance(ledger, name) for name in ("liabilities:creator", "assets:connected")], [0, 0])
        same(recorded(ledger, "payout_paid"), 1)
        assert taken


@scenario
def a_refund_that_waits_for_days_is_asked_once_and_may_come_back_at_once(program):
    """It waits for cover for longer than the provider keeps a request's key, then leaves and fails at one moment."""
    with course(program) as ledger:
        campaign = ledger.campaign("kia", 20)
        pledge, _ = ledger.pledge(campaign, "pm_card_refundFail", 5000)
        ledger.advance()
        statuses = [each["status"] for each in refund(ledger, pledge, 1000)]
        same(statuses, ["succeeded"])
        ledger.advance(days=2)
        ledger.pledge(campaign, "pm_card_createDispute", 20000)
        ledger.advance()
        statuses = [each["status"] for each in refund(ledger, pledge, 4000)]
        same(statuses, ["pending", "failed"])
        ledger.advance(days=4)
        reconciled(ledger)
        same(recorded(ledger, "pledge_refund_failed"), 1)
        ledger.pledge(campaign, "pm_card_bypassPending", 50000)
        ledger.advance(days=2)
        same([each["status"] for each in ledger.box.ok("GET", "/v1/refunds")["data"]], ["failed"] * 2)
        same([recorded(ledger, f"pledge_refund_{end}") for end in ("succeeded", "failed")], [2, 2])
        same(balance(ledger, "liabilities:refunds_payable"), -5000)
        reconciled(ledger)


def refund(ledger, pledge, amount):
    """The provider's refunds afterwards, newest first."""
    ledger.command("pledge_request_refund", "operator", pledge_id=pledge, refund_id=new_id(),
                   amount=amount, reason="goodwill")
    ledger.advance()
    return ledger.box.ok("GET", "/v1/refunds")["data"]


@scenario
def what_the_provider_gave_back_twice_is_in_the_books_twice(program):
    """The second one bears our mark, and for one of the cards both come back."""
    for card, left in (("visa", 4000), ("refundFail", 0)):
        with course(program) as ledger:
            campaign = ledger.campaign("kia")
            ledger.pledge(campaign, "pm_card_bypassPending", 50000)
            pledge, _ = ledger.pledge(campaign, f"pm_card_{card}", 5000)
            ledger.advance()
            ours = refund(ledger, pledge, 2000)[0]
            ledger.box.ok("POST", "/v1/refunds", f"charge={ours['charge']}&amount=2000&"
                          f"metadata[refund_id]={ours['metadata']['refund_id']}")
            ledger.advance(days=2)
            same(recorded(ledger, "pledge_refund_succeeded"), 2)
            same(recorded(ledger, "pledge_refund_failed"), 2 if left == 0 else 0)
            same(balance(ledger, "liabilities:refunds_payable"), left - 4000)
            same(recorded(ledger, "provider_event_quarantined"), 0)
            reconciled(ledger)


@scenario
def payouts_fail_on_the_way_or_after_they_were_paid(program):
    for bank, before in [("fails", ["payout_initiated"]),
                         ("fails_after_paid", ["payout_initiated", "payout_paid"])]:
        with course(program) as ledger:
            account = onboard(ledger, bank)
            ledger.pledge(ledger.campaign("kia"), "pm_card_visa", 90000)
            ledger.advance(days=30)
            net = 90000 - 2640 - 4500
            same([e for e in events(ledger) if e.startswith("payout_")], before + ["payout_failed"])
            # It is at the provider still, with the creator's account, and owed.
            same((payable(ledger), balance(ledger, "assets:connected")), (net, net))
            reconciled(ledger)
            ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete&bank=pays")
            payout = ledger.run("replay", "--type", "payout_failed").stdout
            payout = payout.split('"payout_id":"')[1][:36]
            ledger.command("payout_retry", ledger.creator, payout_id=payout)
            ledger.advance(days=5)
            same((payable(ledger), balance(ledger, "assets:connected")), (0, 0))
            reconciled(ledger)


@scenario
def disputes_end_every_way(program):
    with course(program) as ledger:
        campaign = ledger.campaign("kia")
        ledger.pledge(campaign, "pm_card_bypassPending", 300000)
        held = {}
        for card, outcome in [("createDispute", "won"), ("createDisputeProductNotReceived", "lost"),
                              ("createDisputeInquiry", "warning_closed"), ("visa", None)]:
            pledge, _ = ledger.pledge(campaign, f"pm_card_{card}", 10000)
            ledger.drain()
            held[pledge] = outcome
        ledger.pledge(campaign, "pm_card_createIssuerFraudRecord", 10000)
        ledger.advance(hours=1)
        same(balance(ledger, "assets:psp:disputed"), 20000)
        same((recorded(ledger, "pledge_disputed"), recorded(ledger, "pledge_dispute_warned")), (2, 2))
        for pledge, outcome in held.items():
            charge = intent_of(ledger, pledge)["latest_charge"]["id"]
            for dispute in ledger.box.ok("GET", f"/v1/disputes?charge={charge}")["data"]:
                ledger.box.ok("POST", f"/_sandbox/disputes/{dispute['id']}", f"outcome={outcome}")
        ledger.advance(hours=1)
        same((recorded(ledger, "pledge_dispute_won"), recorded(ledger, "pledge_dispute_lost")), (1, 1))
        same(balance(ledger, "assets:psp:disputed"), 0)
        # The bank's two fees are ours or the creator's; the money of the lost one is gone.
        charge = intent_of(ledger, [p for p, outcome in held.items() if outcome is None][0])
        ledger.box.ok("POST", "/_sandbox/disputes",
                      f"charge={charge['latest_charge']['id']}&inquiry=true")
        ledger.advance(days=2)
        reconciled(ledger)
        assert recorded(ledger, "provider_event_quarantined") == 0


@scenario
def a_dispute_after_settlement_is_the_creators(program):
    for outcome in ("won", "lost"):
        with course(program) as ledger:
            campaign = ledger.campaign("kia")
            ledger.pledge(campaign, "pm_card_bypassPending", 50000)
            pledge, _ = ledger.pledge(campaign, "pm_card_disputeLater", 10000)
            ledger.advance(days=5)
            def position():
                return payable(ledger) - balance(ledger, "assets:receivable:creator")
            before = position()
            ledger.advance(days=6)  # ten days after the charge its bank takes it back
            same(balance(ledger, "assets:psp:disputed"), 10000)
            assert position() < before, "what is contested is not payable"
            charge = intent_of(ledger, pledge)["latest_charge"]["id"]
            dispute = ledger.box.ok("GET", f"/v1/disputes?charge={charge}")["data"][0]["id"]
            ledger.box.ok("POST", f"/_sandbox/disputes/{dispute}", f"outcome={outcome}")
            ledger.advance(hours=1)
            same(balance(ledger, "assets:psp:disputed"), 0)
            same(balance(ledger, f"liabilities:creator:{ledger.creator}:dispute_hold"), 0)
            same(before - position(), {"won": 1500, "lost": 1500 + 9500}[outcome])
            reconciled(ledger)


@scenario
def a_hold_that_lapses_is_no_refund(program):
    with course(program) as ledger:
        campaign = ledger.campaign("aon")
        pledge, _ = ledger.pledge(campaign, "pm_card_visa", 12000)
        ledger.drain()
        same(-balance(ledger, f"memo:authorized:{campaign}"), -12000)
        hold = intent_of(ledger, pledge)
        same(hold["status"], "requires_capture")
        # The provider's clock alone goes on, past the hold's end.
        ledger.box.ok("POST", "/_sandbox/clock", f"advance={8 * DAY}")
        wait_until(lambda: recorded(ledger, "pledge_hold_lapsed") == 1, "the lapse is recorded")
        same(ledger.box.ok("GET", f"/v1/payment_intents/{hold['id']}")["cancellation_reason"],
             "automatic")
        same(recorded(ledger, "pledge_refund_requested"), 0)
        ledger.advance(days=4)  # and yet the campaign is collected
        again = intent_of(ledger, pledge)
        same((again["id"] != hold["id"], again["status"], again["amount_received"]),
             (True, "succeeded", 12000))
        same(balance(ledger, "memo:"), 0)
        same(balance(ledger, f"memo:authorized:{campaign}"), 0)
        reconciled(ledger)


@scenario
def long_campaigns_hold_late_and_capture_what_is_pledged_then(program):
    with course(program) as ledger:
        campaign = ledger.campaign("aon", days=20)
        whole, _ = ledger.pledge(campaign, "pm_card_visa", 12000)
        less, backer = ledger.pledge(campaign, "pm_card_mastercard", 9000)
        ledger.advance(days=1)
        same(ledger.box.ok("GET", "/v1/payment_intents")["data"], [])  # cards are saved, nothing is held
        ledger.advance(days=18)
        held = [intent_of(ledger, pledge) for pledge in (whole, less)]
        same([each["status"] for each in held], ["requires_capture"] * 2)
        for each in held:
            card = each["latest_charge"]["payment_method_details"]["card"]
            assert card["capture_before"] > ledger.now().timestamp() + DAY, "held over the deadline"
        ledger.command("pledge_amend", backer, pledge_id=less, amount=7000, add_ons=[])
        ledger.advance(days=2)
        taken = [intent_of(ledger, pledge) for pledge in (whole, less)]
        same([each["amount_received"] for each in taken], [12000, 7000])
        same([each["latest_charge"]["amount_refunded"] for each in taken], [0, 2000])
        same(balance(ledger, "memo:"), 0)
        same(sum(minor for event, _, name, minor in rows(ledger)
                 if event == "pledge_captured" and name == "assets:psp:pending"), 19000)
        reconciled(ledger)


LIMITS = ("--stripe-endpoint-limit", "10", "--stripe-global-limit", "40")


@scenario
def down_for_an_hour_and_back_without_a_storm(program):
    with course(program, limits=LIMITS) as ledger:
        campaign = ledger.campaign("aon")
        for _ in range(24):
            ledger.pledge(campaign, "pm_card_visa")
        ledger.advance(days=2, hours=23)
        same(recorded(ledger, "pledge_authorized"), 24)
        ledger.box.kill()
        ledger.advance(240, hours=2)  # the campaign ends meanwhile, and 24 captures are wanted
        down = ledger.gateway()["provider"]
        same((down["breaker"], recorded(ledger, "pledge_captured")), ("open", 0))
        assert 5 <= down["failures"] <= 60, f"knocks at a closed door: {down}"

        ledger.box.start()
        ledger.box.ok("POST", "/_sandbox/limits", "per_endpoint=10&global=40")  # counts anew
        ledger.advance(240, hours=2)
        traffic = ledger.box.ok("GET", "/_sandbox/traffic")
        print(f"        {down['failures']} failures in the hour; then {traffic}")
        # A capture each, and a look at what its two notices are about.
        same((traffic["requests"], traffic["limited"]), (3 * 24, 0))
        assert traffic["busiest_endpoint_second"] <= 10, traffic
        same(ledger.gateway()["provider"]["breaker"], "closed")
        same(recorded(ledger, "pledge_captured"), 24)
        same(set(map(tuple, statuses(ledger).values())), {("succeeded",)})
        assert "retry_" not in ledger.run("timers").stdout
        reconciled(ledger)


@scenario
def checkouts_wait_for_a_provider_that_is_away(program):
    with course(program) as ledger:
        campaign = ledger.campaign("kia")
        ledger.pledge(campaign, "pm_card_visa")
        ledger.drain()
        ledger.box.kill()
        late, backer = ledger.pledge(campaign, "pm_card_visa", 4200)
        declined, _ = ledger.pledge(campaign, "pm_card_chargeDeclined")
        ledger.drain()
        # Whoever grows impatient is not charged twice.
        again = ledger.send("pledge_confirm", backer, pledge_id=late, payment_method="pm_card_mastercard")
        assert "PAYMENT_UNDER_WAY" in again.stdout, again
        ledger.advance(240, hours=1)  # a checkout lasts 15 minutes, where its backer gives no card
        same(recorded(ledger, "pledge_abandoned"), 0)
        ledger.box.start()
        ledger.advance(240, hours=3)
        same(statuses(ledger)[late], ["succeeded"])
        same((recorded(ledger, "pledge_captured"), recorded(ledger, "pledge_money_orphaned")), (2, 0))
        same((statuses(ledger)[declined], recorded(ledger, "pledge_abandoned")),
             (["requires_payment_method"], 1))
        assert "retry_" not in ledger.run("timers").stdout
        reconciled(ledger)


@scenario
def told_to_slow_down_the_rate_adapts(program):
    with Ledger(program, poll_s=0, limits=LIMITS) as ledger:
        campaign = ledger.campaign("kia")
        backers = [new_id() for _ in range(60)]
        for backer in backers:
            ledger.register(backer)
        ledger.box.ok("POST", "/_sandbox/limits", "per_endpoint=4")
        began = time.monotonic()
        for backer in backers:
            ledger.pledge(campaign, "pm_card_visa", backer=backer)
        wait_until(lambda: recorded(ledger, "pledge_captured") == 60, "all are charged", 120)
        seconds = time.monotonic() - began
        traffic = ledger.box.ok("GET", "/_sandbox/traffic")
        same(set(map(tuple, statuses(ledger).values())), {("succeeded",)})
        print(f"        {traffic['requests']} requests, {traffic['limited']} of them too many, in "
              f"{seconds:.0f} s")
        assert 0 < traffic["limited"] < traffic["requests"] / 4, traffic


main()
