#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: the two pages show a living platform: cards that can be searched, sorted and filtered, a
campaign with story, rewards and a progress bar that moves by itself when somebody pledges; that a backer
pledges on it, over the provider's card form, a declined card and the page of a bank, and gives another card
when one is refused later; and no
script or style is refused by our own policy.
Shown: in a real Chromium on real processes. The pictures are left in the folder named, to be looked at.

usage: test_pages.py PROGRAM [FOLDER FOR PICTURES]"""

import os
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "scenario"))
import refused_card  # noqa: E402
import webdriver  # noqa: E402
from coffer import Coffer, wait_until  # noqa: E402

PICTURES = sys.argv.pop(2) if len(sys.argv) > 2 else tempfile.gettempdir()
PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"

CARDS = "return [...document.querySelectorAll('.card h2')].map((title) => title.textContent)"
RAISED = "const raised = document.querySelector('.raised'); return raised && raised.textContent"


def cents(shown):
    """Of an amount as the page shows it: whole ones go without decimals."""
    whole, _, rest = re.sub(r"[^0-9.]", "", shown).partition(".")
    return int(whole + rest.ljust(2, "0"))


@unittest.skipUnless(webdriver.is_installed(), "skipped: chromium and chromium-driver are not installed")
class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.coffer = Coffer(PROGRAM, "--sample-interval", "200").start()
        cls.browser = webdriver.Browser().__enter__()
        cls.home = f"http://127.0.0.1:{cls.coffer.port}/"

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.coffer.__exit__()

    def wait(self, condition, what):
        return wait_until(condition, what, 120)

    def open_home(self):
        """Until all six sample campaigns are there: they are made while the platform runs."""
        def all_there():
            self.browser.open(self.home)
            cards = self.wait(lambda: self.browser.run(CARDS), "cards")
            return cards if len(cards) == 6 else None
        return self.wait(all_there, "six cards")

    def test_1_discover__shows_cards_with_progress(self):
        cards = self.open_home()
        self.assertIn("Bees for Forty Rooftops", cards)
        self.assertEqual(len(cards), len(set(cards)))
        self.browser.picture(os.path.join(PICTURES, "discover.png"))
        self.assertEqual(self.browser.complaints(), [])

    def test_2_discover__filters_by_category(self):
        self.open_home()
        self.wait(lambda: self.browser.run("return !!document.querySelector('#category option[value=Food]')"),
                  "the categories")
        self.browser.run("const box = document.getElementById('category'); box.value = 'Food';"
                         "box.dispatchEvent(new Event('change'))")
        self.wait(lambda: self.browser.run(CARDS) == ["A Bakery on a Bicycle"], "the one card")

    def test_2_discover__finds_by_words(self):
        self.open_home()
        self.browser.run("const box = document.getElementById('search'); box.value = 'synthesizer';"
                         "box.dispatchEvent(new Event('input'))")
        self.wait(lambda: self.browser.run(CARDS) == ["Tape Loop: a Synthesizer You Can Repair"], "the one card")

    def test_3_campaign__shows_story_rewards_and_live_progress(self):
        self.open_home()
        address = self.browser.run("return [...document.querySelectorAll('.card')].find((card) => "
                                   "card.textContent.includes('Bees')).href")
        self.browser.open(address)
        before = self.wait(lambda: self.browser.run(RAISED), "what is raised")
        text = self.browser.run("return document.body.innerText")
        self.assertIn("Forty schools have a flat roof", text)
        self.assertIn("A jar of the first honey", text)
        after = self.wait(lambda: self.browser.run(RAISED) != before and self.browser.run(RAISED),
                          "a pledge that moves the figure")
        self.assertNotEqual(before, after)
        self.browser.picture(os.path.join(PICTURES, "campaign.png"))
        self.assertEqual(self.browser.complaints(), [])
        self.browser.resize(600, 900)
        tops = self.browser.run("return ['h1', '.raised', '.story'].map((name) => "
                                "document.querySelector(name).getBoundingClientRect().top)")
        self.assertEqual(tops, sorted(tops), "a narrow page does not hide the pledge behind a long story")
        self.browser.resize(1280, 1000)

    def fill(self, fields):
        """Into the form on the page; then its button."""
        self.browser.run("for (const [name, value] of Object.entries(arguments[0]))"
                         " document.querySelector(`[name=${name}]`).value = value;"
                         "document.querySelector('form button').click()", fields)

    def wait_for_form(self, name):
        self.wait(lambda: self.browser.run("return !!document.querySelector(`[name=${arguments[0]}]`)", name),
                  f"a form with {name}")

    def said(self):
        return self.browser.run("const say = document.querySelector('.say'); return say && say.textContent") or ""

    def open_campaign(self, title):
        self.open_home()
        self.browser.open(self.browser.run("return [...document.querySelectorAll('.card')].find((card) => "
                                           "card.textContent.includes(arguments[0])).href", title))

    def test_4_pledge__goes_over_card_form_and_bank_and_moves_the_total(self):
        self.open_campaign("Bees")
        email, password = self.coffer.login_of("backer")
        page = self.browser.run("return location.href")
        before = self.wait(lambda: self.browser.run(RAISED), "what is raised")
        watching = self.browser.window()
        self.browser.open_window()
        self.browser.open(page)
        self.wait_for_form("email")
        self.browser.picture(os.path.join(PICTURES, "pledge-login.png"))
        self.fill({"email": email, "password": password})
        self.wait_for_form("amount")
        self.fill({"amount": "9876.54"})

        self.wait_for_form("cvc")  # the provider's page, not ours
        self.assertNotIn(f":{self.coffer.port}/", self.browser.run("return location.href"))
        self.fill({"number": "4000000000009995"})
        self.wait(lambda: "bank said no" in self.said(), "the decline")
        self.assertEqual(self.browser.run("return location.href"), page)
        self.fill({})
        self.wait_for_form("cvc")
        self.fill({"number": "4000000000003220"})

        self.wait(lambda: self.browser.run("return document.title") == "Confirm your payment", "the bank's page")
        self.browser.picture(os.path.join(PICTURES, "pledge-bank.png"))
        self.browser.run("document.querySelector('[value=succeed]').click()")
        self.wait(lambda: "Thank you" in self.said(), "thanks")
        self.assertEqual(self.browser.run("return location.href"), page)
        self.browser.picture(os.path.join(PICTURES, "pledge-done.png"))
        self.assertEqual(self.browser.complaints(), [])

        self.browser.switch_to(watching)  # where nobody did anything meanwhile
        self.wait(lambda: cents(self.browser.run(RAISED)) >= cents(before) + 987654, "the total's move")

    def test_5_account__leads_to_another_card(self):
        refused = refused_card.RefusedCard(self.coffer)
        self.browser.open(self.home + "account")
        self.wait_for_form("email")
        self.fill({"email": refused_card.email("ann"), "password": refused_card.PASSWORD})
        self.wait(lambda: self.browser.run("const link = document.querySelector('.pledges a');"
                                           "if (link) link.click(); return !!link"), "the pledge's link")
        self.wait(lambda: "bank said no" in self.said(), "the decline")
        self.fill({})
        self.wait_for_form("cvc")
        self.fill({"number": "4242424242424242"})
        self.wait(lambda: "Thank you" in self.said(), "thanks")
        refused.wait_for("ann", "captured")
        self.assertEqual(self.browser.complaints(), [])

    def test_5_campaign__that_is_not_there_says_so(self):
        self.browser.open(self.home + "campaigns/01a1fb6c-8fa9-709d-96ab-42c7e8c583c9")
        text = self.wait(lambda: self.browser.run(
            "const note = document.querySelector('.note.bad'); return note && note.textContent"),
            "a sentence")
        self.assertIn("There is nothing here", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
