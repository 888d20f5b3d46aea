# SPDX-License-Identifier: Apache-2.0
"""Ann's pledge, whose card is refused after the pledge was made: its campaign reaches its goal by Bob's, so that saved
cards are asked."""

import time

from coffer import wait_until
from steps import Step, request, run

PASSWORD = "correct horse battery"


def email(who):
    return f"{who}@example.com"


def logs_in(who, address, password):
    return Step(f"{who} logs in", "POST", "/api/v1/users/login", {"email": address, "password": password},
                save={f"{who}_token": "token"})


def joins(who):
    return [Step(f"{who} registers", "POST", "/api/v1/users/register",
                 {"email": email(who), "password": PASSWORD}, expect=201),
            logs_in(who, email(who), PASSWORD)]


def pledges(who, amount, card):
    return Step(f"{who} pledges", "POST", "/api/v1/campaigns/{campaign}/pledge",
                {"currency": "EUR", "amount": amount, "payment_method": f"pm_card_{card}"},
                as_=f"{who}_token", expect=201, save={f"{who}_pledge": "pledge_id"})


def campaign():
    ends_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30 * 86400))
    return [
        Step("Bea drafts a campaign", "POST", "/api/v1/campaigns",
             {"title": "A second card", "story": "…", "model": "hybrid", "currency": "EUR",
              "goal": 10000, "ends_at": ends_at},
             as_="bea_token", expect=201, save={"campaign": "campaign_id"}),
        Step("Bea submits", "POST", "/api/v1/campaigns/{campaign}/submit", {}, as_="bea_token"),
        Step("it is approved", "POST", "/api/v1/campaigns/{campaign}/approve", {}, as_="moderator_token"),
        Step("Bea launches", "POST", "/api/v1/campaigns/{campaign}/launch", {}, as_="bea_token"),
    ]


class RefusedCard:
    """Makes all that; `traits` then has everybody's token and pledge."""

    def __init__(self, coffer):
        self.port, self.traits = coffer.port, {}
        run(self.port, joins("ann") + joins("bob") + joins("bea") +
            [logs_in("moderator", *coffer.login_of("moderator"))] + campaign() +
            [pledges("ann", 4000, "chargeCustomerFail")], self.traits)
        self.wait_for("ann", "committed")
        run(self.port, [pledges("bob", 7000, "visa")], self.traits)
        self.wait_for("ann", "errored", "card_declined")

    def wait_for(self, who, state, decline=None):
        headers = {"Authorization": f"Bearer {self.traits[who + '_token']}"}
        path = f"/api/v1/pledges/{self.traits[who + '_pledge']}"

        def is_there():
            reply = request(self.port, "GET", path, headers=headers)
            pledge = reply.json() if reply.status == 200 else {}
            return (pledge.get("state"), pledge.get("decline")) == (state, decline)
        wait_until(is_there, f"{who}'s pledge is {state}, {decline}")
