#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: a file of campaigns becomes a ledger whose verdicts and money are the file's; rows that make no sense are
named by their line and skipped; the order of rows and columns changes nothing, nor does being killed or
interrupted on the way; afterwards the log verifies, the provider's records agree, other people's bookkeeping accepts
the journal, and the read models equal rebuilt ones.
Shown: with a small file that has every oddity known from real ones, imported several times: whole, with rows
shuffled and columns turned round, with a kill at each of several moments, and with each process killed once.

usage: test_import.py PROGRAM"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

from coffer import Coffer

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"
EXIT_GOOD, EXIT_NO, EXIT_USAGE, EXIT_UNREACHABLE = 0, 1, 2, 3
PATIENCE_S = 240

COLUMNS = ["ID", "name", "category", "main_category", "currency", "deadline", "goal", "launched", "pledged", "state",
           "backers", "country"]
GOOD = [
    ["1", 'A "big", lit lamp', "Lamps", "Design", "EUR", "2015-10-09", "1000.0", "2015-08-11 12:12:28", "1000.01",
     "successful", "7", "DE"],
    ["2", "Two\r\nlines", "Lamps", "Design", "USD", "2015-10-09", "1000.0", "2015-09-11 12:12:28", "999.99", "failed",
     "13", "US"],
    ["3", "Älter", "Lamps", "Design", "JPY", "2015-10-15", "5000", "1970-01-01 01:00:00", "0", "live", "0", 'N,0"'],
    ["4", "静かな夜", "", "", "JPY", "2015-11-15", "5000", "2015-10-20 01:00:00", "5003", "successful", "4", "JP"],
    ["5", "Stopped", "Games", "Games", "GBP", "2015-10-30", "10.00", "2015-10-01 00:00:00", "12.00", "canceled", "3",
     "GB"],
    ["6", "Taken down", "Games", "Games", "GBP", "2015-10-30", "10.00", "2015-10-01 00:00:00", "2.50", "suspended",
     "2", "GB"],
    ["7", "Nobody pledged it", "Games", "Games", "SEK", "2015-10-30", "10.00", "2015-10-01 00:00:00", "70.00",
     "undefined", "0", ""],
    ["8", "A long one", "Games", "Games", "CAD", "2015-12-30 11:00:00", "50.00", "2015-10-01 00:00:00", "50.00",
     "successful", "50", "CA"],
    ["9", "On the way", "Games", "Games", "CHF", "2016-12-30", "50.00", "2015-12-01 00:00:00", "20.00", "live", "2",
     "CH"],
    ["10", "More than one transfer", "Games", "Games", "HKD", "2015-12-01", "1000000.00", "2015-11-01 00:00:00",
     "1500000.00", "successful", "3", "HK"],
]
BAD = [
    (["11", "x", "a", "b", "XXX", "2015-10-09", "1", "2015-09-11", "0", "failed", "0", "DE"], "no such currency"),
    (["12", "x", "a", "b", "EUR", "2015-13-09", "1", "2015-09-11", "0", "failed", "0", "DE"], "the deadline is no date"),
    (["13", "x", "a", "b", "EUR", "2015-10-09", "1", "2015-09-11", "0", "failed", "", "DE"], "the number of backers"),
    (["14", "x", "a", "b", "EUR", "2015-10-09", "", "2015-09-11", "0", "failed", "0", "DE"], "the goal is no amount"),
    (["1", "again", "a", "b", "EUR", "2015-10-09", "1", "2015-09-11", "0", "failed", "0", "DE"], "the ID stands in"),
    (["15", "too few"], "too few fields"),
]
MONEY = {"EUR": "1000.01", "USD": "0.00", "JPY": "5003", "GBP": "0.00", "CAD": "50.00", "CHF": "0.00",
         "HKD": "1500000.00"}


def quoted(text):
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\r\n]', text) else text


def write_file(path, rows, columns, line_end, mark):
    """The line on which each row begins, from 1."""
    lines, at = [], 2
    text = mark + ",".join(columns) + line_end
    for row in rows:
        named = dict(zip(COLUMNS, row))
        fields = [named.get(column.strip(), "") for column in columns] if len(row) == len(COLUMNS) else row
        record = ",".join(quoted(field) for field in fields) + line_end
        lines.append(at)
        at += record.count("\n")
        text += record
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return lines


class Import(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="coffer-import-", dir="/var/tmp")
        os.chmod(self.directory, 0o755)  # as root, PostgreSQL runs as a user of its own
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.data = os.path.join(self.directory, "data")
        self.file = os.path.join(self.directory, "campaigns.csv")

    def command(self, *arguments):
        return [PROGRAM, *arguments, "--data", self.data]

    def run_tool(self, *arguments, expect=EXIT_GOOD, **options):
        result = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=PATIENCE_S,
                                check=False, **options)
        self.assertEqual(result.returncode, expect, (arguments, result.stdout, result.stderr))
        return result

    def start_import(self):
        return subprocess.Popen(self.command("import", self.file), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, start_new_session=True)

    @staticmethod
    def listen(process, sign):
        """What it says until a line that begins so, which comes."""
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith(sign):
                return "".join(said)
        raise AssertionError((sign, said))

    @staticmethod
    def children_of(pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]

    def process_of(self, importing, name):
        """The platform's process of that subcommand: a grandchild of the import."""
        for supervisor in self.children_of(importing.pid):
            for child in self.children_of(supervisor):
                with open(f"/proc/{child}/cmdline", encoding="utf-8") as file:
                    if file.read().split("\0")[1] == name:
                        return child
        raise AssertionError(name)

    def stop_import(self, sign, after_s, how):
        """Runs it until a line begins with `sign`, and a moment longer; ends it so. Its exit code, and what it
        said."""
        process = self.start_import()
        said = self.listen(process, sign)
        threading.Event().wait(after_s)
        if how == signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does
        else:
            process.kill()
        said += process.communicate(timeout=PATIENCE_S)[0]
        return process.returncode, said

    def check_tables(self, text):
        table = {row[0]: row[1:] for row in (line.split() for line in text.splitlines()) if len(row) == 6}
        self.assertEqual(table["successful"], ["0", "4", "0", "0", "0"], text)
        self.assertEqual(table["failed"], ["0", "0", "1", "0", "0"], text)
        self.assertEqual(table["canceled"], ["0", "0", "0", "1", "0"], text)
        self.assertEqual(table["suspended"], ["0", "0", "0", "0", "1"], text)
        self.assertEqual(table["live"], ["2", "0", "0", "0", "0"], text)
        for currency, collected in MONEY.items():
            self.assertEqual(table[currency][1], collected, text)
            pledged, collected, processor, platform, paid = (float(column) for column in table[currency])
            self.assertLess(abs(collected - processor - platform - paid), 0.005, text)
        self.assertRegex(text, r"\n10 campaigns, 84 pledges, ")
        self.assertIn("The ledger's verdicts are the file's.", text)

    @staticmethod
    def figures(campaign):
        return campaign["status"], campaign["pledged"], campaign["backers"]

    def check_ledger(self):
        self.run_tool("verify")
        journal = os.path.join(self.directory, "journal")
        with open(journal, "w", encoding="utf-8") as file:
            subprocess.run(self.command("journal"), stdout=file, timeout=PATIENCE_S, check=True)
        subprocess.run(["hledger", "check", "--strict", "-f", journal], timeout=PATIENCE_S, check=True)
        with Coffer(PROGRAM, "--no-samples", data=self.data) as coffer:
            with_running_sandbox = self.run_tool("reconcile").stdout
            self.run_tool("rebuild", "--diff-only")
            url = f"http://127.0.0.1:{coffer.port}/api/v1/campaigns?limit=50"
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                shown = {campaign["title"]: campaign for campaign in json.load(answer)["campaigns"]}
            self.assertEqual(len(shown), len(GOOD) - 1)  # but for the one that was taken down
            self.assertEqual(self.figures(shown['A "big", lit lamp']), ("funded", 100001, 7))
            # Its backers were let go, and it had them.
            self.assertEqual(self.figures(shown["Two  lines"]), ("failed", 99999, 13))
        self.assertRegex(with_running_sandbox, r"^(\d+) movements and balances: \1 agree, 0 differ$")
        self.assertEqual(self.run_tool("reconcile").stdout, with_running_sandbox)
        os.rename(os.path.join(self.data, "sandbox"), os.path.join(self.directory, "sandbox"))
        alone = self.run_tool("reconcile", expect=EXIT_UNREACHABLE).stderr
        self.assertIn("no sandbox; name its provider's key with --stripe-key", alone)

    def test_every_oddity(self):
        rows = GOOD + [row for row, _ in BAD]
        lines = write_file(self.file, rows, COLUMNS, "\r\n", "\ufeff")
        result = self.run_tool("import", self.file)
        self.check_tables(result.stdout)
        for (_, problem), line in zip(BAD, lines[len(GOOD):]):
            self.assertRegex(result.stderr, f"(?m)^line {line}: skipped: {problem}")
        self.assertIn(f"line {lines[2]}: the launch date is unset", result.stderr)
        self.assertIn(f"line {lines[6]}: pledged by nobody", result.stderr)
        self.assertIn(f"line {lines[6]}: no country", result.stderr)
        self.assertRegex(result.stderr, f"line {lines[7]}: lasts 2171 hours; the policy on durations is overridden")
        self.assertIn("the policy on holds is overridden", result.stderr)
        self.assertRegex(result.stdout, rf"line {lines[2]} \(live, 0 pledges\)")
        self.assertRegex(result.stdout, rf"line {lines[6]} \(undefined, 0 pledges\)")
        self.assertRegex(result.stdout, rf"line {lines[8]} \(live, 2 pledges\)")
        self.assertIn("6 rows skipped", result.stdout)
        self.check_ledger()

    def test_the_order_of_rows_and_columns_changes_nothing(self):
        rows = list(GOOD)
        random.Random(7).shuffle(rows)
        write_file(self.file, rows, [column + " " for column in reversed(COLUMNS)] + ["usd pledged"], "\n", "")
        self.check_tables(self.run_tool("import", self.file).stdout)

    def test_a_kill_at_any_moment_changes_nothing(self):
        write_file(self.file, GOOD, COLUMNS, "\n", "")
        moments = [("coffer api", 0), ("every campaign", 0), ("coffer api", 0.05), ("coffer api", 0.1),
                   ("coffer api", 0.2), ("coffer api", 0.5), ("coffer api", 1.0)]
        for sign, after_s in moments:
            code, said = self.stop_import(sign, after_s, signal.SIGKILL)
            # A quick machine is at the end before the last ones.
            self.assertIn(code, [-signal.SIGKILL, EXIT_GOOD][:1 + (after_s > 0.1)], said)
        code, said = self.stop_import("coffer api", 0.1, signal.SIGINT)
        if code != EXIT_GOOD:
            self.assertEqual((code, "goes on from here" in said), (EXIT_UNREACHABLE, True), said)
        self.check_tables(self.run_tool("import", self.file).stdout)
        self.check_ledger()

    def test_whoever_dies_on_the_way_is_started_again(self):
        write_file(self.file, GOOD, COLUMNS, "\n", "")
        importing = self.start_import()
        said = self.listen(importing, "every campaign")
        for name in ("sandbox", "gateway", "keeper", "writer", "projector", "api"):
            os.kill(self.process_of(importing, name), signal.SIGKILL)
            said += self.listen(importing, f"coffer up: {name} was killed by signal 9")
        said += importing.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(importing.returncode, EXIT_GOOD, said)
        self.check_tables(said)
        self.check_ledger()

    def test_it_need_not_wait_for_what_a_kill_left_behind(self):
        write_file(self.file, GOOD, COLUMNS, "\n", "")
        first = self.start_import()
        self.listen(first, "coffer api")
        self.assertIn("another `coffer up` or import runs",
                      self.run_tool("import", self.file, expect=EXIT_UNREACHABLE).stderr)
        first.kill()
        first.wait(timeout=PATIENCE_S)  # its children may live on
        self.check_tables(self.run_tool("import", self.file).stdout)
        first.communicate(timeout=PATIENCE_S)

    def test_another_file_is_not_poured_into_the_same_ledger(self):
        write_file(self.file, GOOD[:1], COLUMNS, "\n", "")
        self.run_tool("import", self.file)
        write_file(self.file, GOOD[:2], COLUMNS, "\n", "")
        result = self.run_tool("import", self.file, expect=EXIT_USAGE)
        self.assertIn("begun with another file", result.stderr)


if __name__ == "__main__":
    unittest.main()
