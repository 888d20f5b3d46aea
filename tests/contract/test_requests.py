# SPDX-License-Identifier: Apache-2.0
"""Promised: every request that the adapter can send is one that Stripe's schema allows.
Shown: each is judged by the schema, and each with one thing wrong is rejected, so the judge judges.

usage: test_requests.py PROGRAM-THAT-PRINTS-THE-REQUESTS
"""

import json
import subprocess
import sys

import stripe_schema


def main():
    schema = stripe_schema.load()
    printed = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True).stdout
    requests = [json.loads(line) for line in printed.splitlines()]
    failures, mutated = [], 0
    for request in requests:
        sent = (request["method"], request["path"], request["body"])
        for complaint in schema.complaints_about_request(*sent):
            failures.append(f"{request['name']}: {complaint}")
        for what, target, body in stripe_schema.mutations(schema, *sent):
            mutated += 1
            if not schema.complaints_about_request(request["method"], target, body):
                failures.append(f"{request['name']}: passes with {what}")
    if not schema.complaints_about_request("POST", "/v1/no_such_thing", ""):
        failures.append("an endpoint that is none passes")
    print(f"{len(requests)} requests, {mutated} mutated ones")
    print("\n".join(failures))
    return 1 if failures or len(requests) < 30 or mutated < 100 else 0


sys.exit(main())
