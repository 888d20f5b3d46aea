#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: a backer whose bank says no once the pledge is made gives another card, over the API, and is
charged once; nobody else can, and nobody can for a pledge that needs none.
Shown: with a whole platform, over HTTP.

usage: test_cards.py PROGRAM"""

import sys
import unittest

from coffer import Coffer
from refused_card import RefusedCard
from steps import Step, run

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"


def gives(who, card, expect=200):
    return Step(f"{who} gives another card", "POST", "/api/v1/pledges/{ann_pledge}/card",
                {"payment_method": f"pm_card_{card}"}, as_=f"{who}_token", expect=expect)


class Cards(unittest.TestCase):
    def test_another_card_mends_a_pledge(self):
        with Coffer(PROGRAM, "--no-samples") as coffer:
            refused = RefusedCard(coffer)
            port, traits = coffer.port, refused.traits
            run(port, [gives("bob", "visa", expect=403), gives("ann", "chargeDeclinedExpiredCard")], traits)
            refused.wait_for("ann", "errored", "expired_card")
            run(port, [gives("ann", "visa")], traits)
            refused.wait_for("ann", "captured")
            refused.wait_for("bob", "captured")
            run(port, [gives("ann", "mastercard", expect=409),
                       Step("charged once", "GET", "/api/v1/pledges/{ann_pledge}", as_="ann_token",
                            check={"captured": 4000, "refunded": 0})], traits)


if __name__ == "__main__":
    unittest.main()
