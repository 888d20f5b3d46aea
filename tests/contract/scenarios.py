# SPDX-License-Identifier: Apache-2.0
"""A contract test is a file of scenarios. Each is run by itself, and what failed does not keep the others from
running. Behind the program's path, names on the command line choose some of them."""

import sys
import time
import traceback

scenarios = []


def scenario(function):
    scenarios.append(function)
    return function


def same(got, wanted):
    assert got == wanted, f"got {got!r}, wanted {wanted!r}"


def reconciled(ledger):
    """The provider's records and our postings agree."""
    done = ledger.run("reconcile", "--stripe-key", "sk_test_x", "--stripe-url", ledger.box.url)
    same((done.returncode, done.stderr), (0, ""))


def with_program(run):
    run(sys.argv[1])


def main(perform=with_program):
    """Ends the process: 1 when a scenario failed."""
    failed = 0
    wanted = sys.argv[2:]
    for run in scenarios:
        if wanted and run.__name__ not in wanted:
            continue
        began = time.monotonic()
        try:
            perform(run)
            print(f"ok      {run.__name__} ({time.monotonic() - began:.0f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {run.__name__}", flush=True)
            traceback.print_exc(limit=-4, file=sys.stdout)
    sys.exit(1 if failed else 0)
