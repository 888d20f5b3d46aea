# SPDX-License-Identifier: Apache-2.0
"""Promised: the well-known mistakes in crowdfunding payment code (payments.md, section 1) are not made, where they
are about the provider: its amounts, cards that want their owner, what is held and moved, what is true when
something dies. Shown: each by its number, with real processes. What deciding has to do with them is in
commands/tables/mistakes.txt, the tenth in api.live.

usage: test_mistakes.py COFFER [SCENARIO…]
"""

import json
import shutil
import urllib.parse
import urllib.request

from ledger import SEALED, Ledger, new_id, wait_until
from scenarios import main, reconciled, same, scenario


def platform(program):
    return Ledger(program, poll_s=0, simulated=True, hooks=True)


def records(ledger, event):
    return [json.loads(line) for line in ledger.run("replay", "--type", event).stdout.splitlines()]


def names(ledger, stream):
    return [json.loads(line)["event"] for line in
            ledger.run("replay", "--stream", stream).stdout.splitlines()]


def intents(ledger):
    return ledger.box.ok("GET", "/v1/payment_intents?limit=100")["data"]


@scenario
def mistake_1_a_voided_hold_is_released_and_nothing_was_refunded(program):
    with platform(program) as ledger:
        campaign = ledger.campaign("aon", 2)
        pledge, _ = ledger.pledge(campaign, "pm_card_visa")
        ledger.advance()
        same([each["status"] for each in intents(ledger)], ["requires_capture"])
        ledger.advance(days=3)  # the goal was not reached
        same([each["status"] for each in intents(ledger)], ["canceled"])
        happened = names(ledger, pledge)
        assert "pledge_released" in happened and not [name for name in happened if "refund" in name], happened
        same(ledger.box.ok("GET", "/v1/refunds")["data"], [])
        reconciled(ledger)


@scenario
def mistake_2_minor_units_are_the_currency_s_and_the_provider_s(program):
    with platform(program) as ledger:  # core.currency has the rest: ISK and KWD are not paid out
        for currency, minor, journal in (("EUR", 1999, "19.99 EUR"), ("JPY", 5000, "5000 JPY")):
            ledger.pledge(ledger.campaign("kia", currency=currency), "pm_card_visa", minor, currency=currency)
            ledger.advance()
            newest = intents(ledger)[0]
            same((newest["currency"], newest["amount_received"]), (currency.lower(), minor))
            same(records(ledger, "pledge_captured")[-1]["fields"]["amount"], minor)
            assert journal in ledger.run("journal", "--format", "hledger").stdout
        reconciled(ledger)


@scenario
def mistake_3_no_card_is_held_for_weeks_and_a_decline_is_no_bad_request(program):
    with platform(program) as ledger:
        campaign = ledger.campaign("aon", 40)
        pledge, _ = ledger.pledge(campaign, "pm_card_visa")
        ledger.advance(days=20)
        same(intents(ledger), [])
        short = ledger.campaign("kia", 2)
        declined, _ = ledger.pledge(short, "pm_card_chargeDeclined")
        wrong, _ = ledger.pledge(short, "pm_card_that_does_not_exist")
        ledger.advance()
        assert "pledge_payment_failed" in names(ledger, declined)
        assert "pledge_payment_failed" not in names(ledger, wrong)
        said = json.loads(ledger.run("payments", "--json").stdout)["waiting"]
        same([(each["subject"], each["state"]) for each in said], [(wrong, "parked")])
        assert pledge


@scenario
def mistake_4_a_setup_that_wants_its_owner_is_no_saved_card(program):
    with platform(program) as ledger:
        campaign = ledger.campaign("aon", 40)
        pledge, _ = ledger.pledge(campaign, "pm_card_authenticationRequired")
        ledger.advance()
        setup = ledger.box.ok("GET", "/v1/setup_intents")["data"][0]
        same(setup["status"], "requires_action")
        happened = names(ledger, pledge)
        assert "pledge_action_required" in happened and "pledge_committed" not in happened, happened
        form = urllib.parse.urlencode({"client_secret": setup["client_secret"], "outcome": "succeed"}).encode()
        urllib.request.urlopen(f"{ledger.box.url}/_sandbox/authenticate/{setup['id']}", form).read()
        ledger.advance()
        assert "pledge_committed" in names(ledger, pledge)


@scenario
def mistake_5_nothing_is_moved_with_the_charge_and_the_net_once(program):
    with platform(program) as ledger:
        ledger.command("user_request_payout_account", ledger.creator, user_id=ledger.creator,
                       country="DE", currency="EUR")
        ledger.advance()
        account = ledger.box.ok("GET", "/v1/accounts")["data"][0]["id"]
        ledger.box.ok("POST", f"/_sandbox/onboarding/{account}", "outcome=complete&bank=pays")
        ledger.command("user_pass_identity_check", "operator", user_id=ledger.creator, check="chk")
        ledger.pledge(ledger.campaign("kia", 2), "pm_card_bypassPending", 90000)
        ledger.advance(days=30)
        moved = intents(ledger)[0]
        same([moved.get(name) for name in ("transfer_data", "application_fee_amount", "on_behalf_of")], [None] * 3)
        fee = ledger.box.ok("GET", "/v1/balance_transactions?type=charge")["data"][0]["fee"]
        same([each["amount"] for each in ledger.box.ok("GET", "/v1/transfers")["data"]], [90000 - fee - 4500])
        reconciled(ledger)


@scenario
def mistake_9_what_is_pledged_and_claimed_comes_from_the_events_alone(program):
    with platform(program) as ledger:
        campaign, reward = ledger.campaign("aon", 40), new_id()
        ledger.command("campaign_add_reward", ledger.creator, campaign_id=campaign, reward_id=reward,
                       title=SEALED, minimum=1000, limit=2, needs_address=False)
        for _ in range(2):
            ledger.pledge(campaign, "pm_card_visa", 2500, reward_id=reward)
        ledger.advance()
        before = ledger.run("settle", "--dry-run", campaign).stdout
        ledger.kill("writer")
        shutil.rmtree(ledger.data + "/state")
        ledger.start("writer")
        wait_until(lambda: ledger.run("timers").returncode == 0, "the writer has made its state again")
        same(ledger.run("settle", "--dry-run", campaign).stdout, before)
        backer = new_id()
        ledger.register(backer)
        third = ledger.send("pledge_start_checkout", backer, pledge_id=new_id(), campaign_id=campaign,
                            backer_id=backer, currency="EUR", amount=2500, reward_id=reward,
                            payment_method="pm_card_visa")
        assert third.returncode == 1 and "SOLD_OUT" in third.stdout + third.stderr, third
        done = ledger.run("verify")
        assert done.returncode == 0 and "the state is what the log makes of it" in done.stdout, done.stdout


@scenario
def mistake_11_two_gateways_and_every_notice_twice_charge_once(program):
    with platform(program) as ledger:
        first = ledger.processes["gateway"]
        ledger.start("gateway")  # a second one
        ledger.processes["first gateway"] = first
        ledger.box.ok("POST", "/_sandbox/faults", "kind=webhook_duplicate&path=&count=50")
        campaign = ledger.campaign("kia", 2)
        pledges = [ledger.pledge(campaign, "pm_card_visa")[0] for _ in range(5)]
        ledger.advance()
        same(sorted(each["metadata"]["pledge_id"] for each in intents(ledger)), sorted(pledges))
        same(len(records(ledger, "pledge_captured")), 5)
        reconciled(ledger)


main()
