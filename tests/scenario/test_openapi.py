#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: the OpenAPI document tells what the API does: every route of the table and no other; every parameter that
a route takes, and no other; bodies and refusals as they are; and whoever reads it can: its schemas are JSON Schema.
Shown: the document of a running platform is held against routes.def, and the platform against the document: what
a parameter or a member of the body is said to be is sent wrongly, and refused by its name. (That no route takes what is
not said is an assertion in cf_exchange_query and cf_exchange_text.)

usage: test_openapi.py PROGRAM"""

import os
import re
import sys
import unittest
import uuid

from coffer import Coffer
from steps import Step, request, send

try:
    import jsonschema
except ImportError:
    jsonschema = None

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/coffer"
ROUTES = os.path.join(os.path.dirname(__file__), "..", "..", "api", "routes.def")
ROW = re.compile(r'^CF_ROUTE\((\w+), (\w+), "([^"]+)", (\w+), \w+,\s*(NULL|"\w+"), "([^"]*)", "([^"]+)"\)',
                 re.MULTILINE)
PASSWORD = "correct horse battery"


def table():
    """{(path, method): (name, access, command or None, the server's own fields)}"""
    with open(ROUTES, encoding="utf-8") as file:
        text = file.read()
    rows = ROW.findall(text)
    assert len(rows) == len(re.findall(r"^CF_ROUTE\(", text, re.MULTILINE)), "a row reads otherwise than this test"
    return {(path.replace("...}", "}"), method.lower()):
            (name, access, None if command == "NULL" else command.strip('"'), own.split())
            for name, method, path, access, command, own, _ in rows}


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.coffer = Coffer(PROGRAM, "--no-samples").start()
        cls.addClassCleanup(cls.coffer.__exit__)
        cls.document = request(cls.coffer.port, "GET", "/api/v1/openapi.json").json()
        email, password = cls.coffer.login_of("admin")
        cls.traits = {"email": email, "password": password}
        reply = send(cls.coffer.port, Step("log in", "POST", "/api/v1/users/login",
                                           {"email": "{email}", "password": "{password}"}), cls.traits)
        cls.traits["token"], cls.traits["user"] = reply.json()["token"], reply.json()["user_id"]

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                yield path, method, operation

    def ask(self, path, method, operation, query="", body=None):
        """The path with ids that lead nowhere; the admin's own where it is about a person."""
        path = path.replace("{user_id}", self.traits["user"])
        path = re.sub(r"\{\w+\}", str(uuid.uuid4()), path)
        as_ = "token" if "security" in operation else ""
        return send(self.coffer.port, Step("ask", method.upper(), path + query, body, as_=as_), self.traits)

    def test_it_has_every_route_and_no_other(self):
        rows = table()
        self.assertEqual({(path, method) for path, method, _ in self.operations()}, set(rows))
        for path, method, operation in self.operations():
            name, access, command, own = rows[path, method]
            self.assertEqual(operation["operationId"], name)
            self.assertEqual("security" in operation, access == "SESSION", name)
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            self.assertEqual(named, set(re.findall(r"\{(\w+)\}", path)), name)
            if command is not None:
                members = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
                self.assertFalse(set(own) & set(members), name)

    def test_it_is_as_the_standard_has_it(self):
        self.assertRegex(self.document["openapi"], r"^3\.1\.")
        self.assertTrue({"title", "version"} <= set(self.document["info"]))
        ids = [operation["operationId"] for _, _, operation in self.operations()]
        self.assertEqual(len(ids), len(set(ids)))
        for path, method, operation in self.operations():
            self.assertTrue(operation["responses"], path)
            self.assertTrue(all(re.fullmatch("[1-5][0-9][0-9]", status) and answer["description"]
                                for status, answer in operation["responses"].items()), path)
            places = [(p["in"], p["name"]) for p in operation["parameters"]]
            self.assertEqual(len(places), len(set(places)), path)
            self.assertTrue(all(p["required"] for p in operation["parameters"] if p["in"] == "path"), path)
            self.assertFalse(method == "get" and "requestBody" in operation, path)

    @unittest.skipIf(jsonschema is None, "python3-jsonschema is not installed")
    def test_its_schemas_are_schemas(self):
        schemas = list(self.document["components"]["schemas"].values())
        for _, _, operation in self.operations():
            schemas += [parameter["schema"] for parameter in operation["parameters"]]
            if "requestBody" in operation:
                schemas.append(operation["requestBody"]["content"]["application/json"]["schema"])
        for schema in schemas:
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_numbers_of_the_query_are_read(self):
        count = 0
        for path, method, operation in self.operations():
            for parameter in operation["parameters"]:
                if parameter["in"] != "query" or parameter["schema"]["type"] != "integer":
                    continue
                count += 1
                reply = self.ask(path, method, operation, f"?{parameter['name']}=many")
                # What an admin may not see is refused before a number that only its readers give is looked at.
                wanted = {"get_campaign_hours", "get_campaign_transactions", "get_campaign_analytics"}
                where = f"{path} {parameter['name']}: {reply.status} {reply.body!r}"
                if reply.status == 404 and operation["operationId"] in wanted:
                    continue
                self.assertEqual((reply.status, reply.json().get("field")), (400, parameter["name"]), where)
                self.assertIn("400", operation["responses"], where)
        self.assertGreater(count, 30)

    def test_members_that_must_be_there_are_asked_for(self):
        count = 0
        for path, method, operation in self.operations():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            for member in schema.get("required", []):
                count += 1
                rest = {other: "x" * 12 for other in schema["required"] if other != member}
                if "email" in schema["properties"]:
                    rest.setdefault("email", "nobody@example.org")
                if member == "email":
                    rest.pop("email")
                reply = self.ask(path, method, operation, body=rest)
                self.assertEqual((reply.status, reply.json().get("field")), (422, member), (path, reply.body))
                self.assertIn("422", operation["responses"], path)
        self.assertGreater(count, 5)

    def test_places_west_and_south_are_found(self):
        reply = request(self.coffer.port, "GET", "/api/v1/campaigns?latitude_microdegrees=-33868820"
                                                 "&longitude_microdegrees=-70669265&radius_m=5000")
        self.assertEqual((reply.status, reply.json()["campaigns"]), (200, []))


if __name__ == "__main__":
    unittest.main()
