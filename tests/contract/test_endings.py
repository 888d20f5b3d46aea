# SPDX-License-Identifier: Apache-2.0
"""Promised: how campaigns of each model end for those whose card is refused, for those who come back, and for who
owes. A failed payment is tried again and its backer reminded for seven days; then the pledge is dropped, its limited
reward is to be had again, and its backer may pledge again in its place. A hybrid campaign is certain once what is
held reaches its goal, not before, and its stretch goals unlock one by one and never lock again. Refunds made at the
provider, debts and what is given up of them are in our books as in theirs.
Shown: with real processes, the sandbox and a clock that the test moves; each ends with `coffer reconcile`.

usage: test_endings.py COFFER [SCENARIO…]
"""

import json
import urllib.request

from ledger import SEALED, Ledger, new_id
from scenarios import main, reconciled, same, scenario

EXIT_NO = 1


def platform(program):
    return Ledger(program, poll_s=0, simulated=True, hooks=True)


def records(ledger, event, **wanted):
    """Times and fields of the events of a type whose fields say so."""
    lines = ledger.run("replay", "--type", event).stdout.splitlines()
    found = [(each["time"], each["fields"]) for each in map(json.loads, lines)]
    return [(at, fields) for at, fields in found
            if all(fields.get(name) == value for name, value in wanted.items())]


def count(ledger, event, **wanted):
    return len(records(ledger, event, **wanted))


def balance(ledger, account):
    lines = [line.split(",") for line in ledger.balances().splitlines()[1:] if line]
    return sum(int(line[6]) for line in lines if line[5].startswith(account))


def intents(ledger, pledge):
    """Statuses at the provider, oldest first."""
    page = ledger.box.ok("GET", "/v1/payment_intents?limit=100")["data"]
    return [each["status"] for each in reversed(page) if each["metadata"].get("pledge_id") == pledge]


def letters(ledger, pledge):
    """Days and kinds of what its backer is written about a pledge."""
    return [(at[:10], fields["mail"]) for at, fields in records(ledger, "user_mail_requested", about=pledge)]


def authenticate(ledger):
    """A cardholder says yes to the bank, whose card is to be saved."""
    setup = next(each for each in ledger.box.ok("GET", "/v1/setup_intents?limit=100")["data"]
                 if each["status"] == "requires_action")
    form = f"client_secret={setup['client_secret']}&outcome=succeed".encode()
    urllib.request.urlopen(f"{ledger.box.url}/_sandbox/authenticate/{setup['id']}", form).read()


def charge_of(ledger, pledge):
    page = ledger.box.ok("GET", "/v1/payment_intents?limit=100")["data"]
    return next(each["latest_charge"] for each in page
                if each["metadata"].get("pledge_id") == pledge and each["status"] == "succeeded")


def reward(ledger, campaign, limit):
    made = new_id()
    ledger.command("campaign_add_reward", ledger.creator, campaign_id=campaign, reward_id=made,
                   title=SEALED, minimum=1000, limit=limit, needs_address=False)
    return made


def refused(done, verdict):
    same((done.returncode, verdict in done.stdout), (EXIT_NO, True))


def checkout(ledger, campaign, backer, **more):
    return ledger.send("pledge_start_checkout", backer, pledge_id=new_id(), campaign_id=campaign,
                       backer_id=backer, currency="EUR", amount=3000, **more)


def cover(ledger):
    """Another campaign's money is there: what is given back has cost fees."""
    ledger.pledge(ledger.campaign("kia", days=30), "pm_card_bypassPending", 50000)
    ledger.advance()


@scenario
def seven_days_of_grace_then_the_drop_and_the_way_back(program):
    with platform(program) as ledger:
        campaign = ledger.campaign("aon", days=20)
        only_one = reward(ledger, campaign, 1)
        ledger.pledge(campaign, "pm_card_visa", 12000)
        fails, backer = ledger.pledge(campaign, "pm_card_insufficientFundsLater", 3000, reward_id=only_one)
        mends, other = ledger.pledge(campaign, "pm_card_insufficientFundsLater", 4000)
        absent, absentee = ledger.pledge(campaign, "pm_card_authenticationRequired", 2000)
        ledger.advance()
        authenticate(ledger)
        ledger.advance(days=20, hours=1)
        # Who may still mend it counts.
        same([fields["pledged"] for _, fields in records(ledger, "campaign_ended")], [21000])
        same(count(ledger, "pledge_captured"), 1)
        ledger.command("campaign_open_late_pledges", ledger.creator, campaign_id=campaign,
                       until="2026-03-15T00:00:00Z")
        ledger.command("pledge_replace_card", other, pledge_id=mends, payment_method="pm_card_visa")
        ledger.advance()
        same(intents(ledger, mends)[-1], "succeeded")

        failed_before = count(ledger, "pledge_payment_failed", pledge_id=fails)
        ledger.advance(days=6, hours=22)
        # A letter every other day: of the next try that failed, or, where no try makes sense, to remind.
        same(count(ledger, "pledge_payment_failed", pledge_id=fails) - failed_before, 3)
        same(letters(ledger, fails), [("2026-01-%d" % day, "payment_failed") for day in (17, 21, 23, 25, 27)])
        same(letters(ledger, absent)[-3:],
             [("2026-01-%d" % day, "payment_reminder") for day in (23, 25, 27)])
        same([kind for _, kind in letters(ledger, mends)][-1], "receipt")
        same(count(ledger, "pledge_dropped"), 0)
        stranger = new_id()
        ledger.register(stranger)
        refused(checkout(ledger, campaign, stranger, reward_id=only_one), "REWARD_SOLD_OUT")

        ledger.advance(hours=2)
        for dropped in (fails, absent):
            same(count(ledger, "pledge_dropped", pledge_id=dropped), 1)
            same(letters(ledger, dropped)[-1], ("2026-01-28", "pledge_dropped"))
        same(balance(ledger, "memo:"), 0)
        same(count(ledger, "campaign_settled"), 1)
        refused(ledger.send("pledge_replace_card", backer, pledge_id=fails, payment_method="pm_card_visa"),
                "NOT_CHANGEABLE")
        refused(checkout(ledger, campaign, stranger, reward_id=only_one, replaces=fails,
                         payment_method="pm_card_visa"), "REPLACED_PLEDGE_UNKNOWN")
        again, _ = ledger.pledge(campaign, "pm_card_visa", 3000, backer=backer, reward_id=only_one,
                                 replaces=fails)
        ledger.advance()
        same(intents(ledger, again), ["succeeded"])
        refused(checkout(ledger, campaign, stranger, reward_id=only_one), "REWARD_SOLD_OUT")
        ledger.advance(days=9)
        same((count(ledger, "campaign_settled"), balance(ledger, "liabilities:escrow")), (2, 0))
        same(sum(fields["amount"] for _, fields in records(ledger, "pledge_captured")), 19000)
        reconciled(ledger)


@scenario
def a_hybrid_campaign_is_certain_by_what_is_held(program):
    with platform(program) as ledger:
        campaign = ledger.campaign("hybrid", days=30)
        for threshold in (20000, 30000):
            ledger.command("campaign_add_stretch_goal", ledger.creator, campaign_id=campaign,
                           threshold=threshold, title=SEALED)
        good = [ledger.pledge(campaign, "pm_card_visa", 2500)[0] for _ in range(3)]
        ledger.pledge(campaign, "pm_card_insufficientFundsLater", 2400)
        ledger.advance(days=1)
        same([intents(ledger, pledge) for pledge in good], [[]] * 3)  # cards are saved, nothing is held
        bad, _ = ledger.pledge(campaign, "pm_card_insufficientFundsLater", 2500)
        ledger.advance()
        # 12,400 are pledged, 7,500 of them held: one card that declines commits nobody.
        same([intents(ledger, pledge) for pledge in good], [["requires_capture"]] * 3)
        same((count(ledger, "campaign_goal_certain"), count(ledger, "pledge_captured")), (0, 0))
        assert "succeeded" not in intents(ledger, bad)
        last, _ = ledger.pledge(campaign, "pm_card_visa", 2500)
        ledger.advance()
        same(count(ledger, "campaign_goal_certain"), 1)
        same([intents(ledger, pledge) for pledge in (*good, last)], [["succeeded"]] * 4)
        same(count(ledger, "campaign_funded"), 0)  # it goes on

        unlocked = lambda: [fields["level"] for _, fields in records(ledger, "campaign_stretch_goal_unlocked")]
        same(unlocked(), [])
        late, backer = ledger.pledge(campaign, "pm_card_visa", 6000)
        ledger.advance()
        same((intents(ledger, late), unlocked()), (["succeeded"], [1]))
        ledger.command("pledge_request_refund", "operator", pledge_id=late, refund_id=new_id(),
                       amount=6000, reason="goodwill")
        ledger.advance()
        ledger.pledge(campaign, "pm_card_visa", 6000)
        ledger.advance()
        same(unlocked(), [1])  # neither locked nor unlocked again
        ledger.pledge(campaign, "pm_card_visa", 12000, backer=backer)
        ledger.advance()
        same(unlocked(), [1, 2])
        ledger.command("campaign_cancel", ledger.creator, campaign_id=campaign)
        cover(ledger)
        ledger.advance(days=2)
        same(sum(each["amount"] for each in ledger.box.ok("GET", "/v1/refunds?limit=100")["data"]),
             4 * 2500 + 6000 + 6000 + 12000)
        same((balance(ledger, "memo:"), balance(ledger, "liabilities:refunds_payable")), (0, 0))
        reconciled(ledger)


@scenario
def refunds_made_at_the_provider_and_a_debt_that_is_given_up(program):
    with platform(program) as ledger:
        ledger.command("user_request_payout_account", ledger.creator, user_id=ledger.creator,
                       country="DE", currency="EUR")
        ledger.advance()
        account = ledger.box.ok("GET", "/v1/accounts")["data"][0]["id"]
        ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete&bank=pays")
        ledger.advance(hours=1)
        ledger.command("user_pass_identity_check", "operator", user_id=ledger.creator, check="chk")
        campaign = ledger.campaign("kia", days=2)
        part, whole, after = (ledger.pledge(campaign, "pm_card_bypassPending", 10000)[0] for _ in range(3))
        ledger.advance()
        for pledge, amount in ((part, 2500), (part, 1500), (whole, 10000)):
            ledger.box.ok("POST", "/v1/refunds", f"charge={charge_of(ledger, pledge)}&amount={amount}")
        ledger.advance()
        same(sorted(fields["amount"] for _, fields in records(ledger, "pledge_refund_succeeded")),
             [1500, 2500, 10000])
        same(count(ledger, "pledge_refund_requested", initiator="provider"), 3)
        same(balance(ledger, "liabilities:escrow") + balance(ledger, "expenses"),
             -16000 + balance(ledger, "expenses") + 3 * 320)
        ledger.advance(days=25)
        same(count(ledger, "payout_paid"), 1)  # nothing is left with us
        before = balance(ledger, "assets:receivable:creator")
        same(before, 0)
        # Money that is not the creator's yet covers what is given back now; the creator owes it.
        cover(ledger)
        ledger.box.ok("POST", "/v1/refunds", f"charge={charge_of(ledger, after)}&amount=10000")
        ledger.advance()
        owed = balance(ledger, "assets:receivable:creator")
        same(owed, 9500)  # the platform gives its fee of 5 % back
        refused(ledger.send("user_write_off_debt", "operator", user_id=ledger.creator, currency="EUR",
                            amount=owed + 1), "MORE_THAN_OWED")
        refused(ledger.send("user_write_off_debt", ledger.creator, user_id=ledger.creator,
                            currency="EUR", amount=owed), "NOT_PERMITTED")
        ledger.command("user_write_off_debt", "operator", user_id=ledger.creator, currency="EUR", amount=owed)
        same((balance(ledger, "assets:receivable:creator"), balance(ledger, "expenses:bad_debt")), (0, owed))
        reconciled(ledger)


main()
