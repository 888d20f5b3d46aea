# SPDX-License-Identifier: Apache-2.0
"""Stripe's own schema as a judge: requests as they are sent, answers as they come."""

import copy
import os
import re
import sys
import urllib.parse
import json

import jsonschema

SKIPPED = 77  # what ctest is told when there is nothing to judge with


def load():
    """The schema, or the end of the test in plain words."""
    here = os.path.dirname(os.path.abspath(__file__))
    folders = [os.environ.get("COFFER_SHARED", ""), os.path.join(here, "../../../shared")]
    for folder in folders:
        path = os.path.join(folder, "reference/stripe-api.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return Schema(json.load(file))
    print("SKIPPED: ../shared/reference/stripe-api.json is not there, so there is no judge")
    sys.exit(SKIPPED)


def json_schema_of(node):
    """OpenAPI 3.0 says `nullable`; JSON Schema says null."""
    if isinstance(node, list):
        return [json_schema_of(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: json_schema_of(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if node.get("nullable") is True else made


def parse_form(text):
    """a[b]=1&c[0]=x as nested dicts; lists are dicts with numbers for keys."""
    tree = {}
    for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True):
        at, keys = tree, re.findall(r"[^\[\]]+", name)
        for key in keys[:-1]:
            at = at.setdefault(key, {})
        at[keys[-1]] = value
    return tree


class Schema:
    def __init__(self, document):
        self.paths = document["paths"]
        self.document = {"components": json_schema_of(document["components"])}

    def validator(self, schema):
        resolver = jsonschema.RefResolver.from_schema(self.document)
        return jsonschema.Draft7Validator(json_schema_of(schema), resolver=resolver)

    def find(self, method, path):
        """The operation for a path with ids in it, or None."""
        for pattern, operations in self.paths.items():
            wanted = re.sub(r"\{[^}]*\}", "[^/]+", pattern)
            if re.fullmatch(wanted, path) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def coerce(self, schema, value):
        """Form values are texts; gives them the types that the schema wants, where they can have them."""
        for option in schema.get("anyOf", []):
            coerced = self.coerce(option, value)
            if self.validator(option).is_valid(coerced):
                return coerced
        kind = schema.get("type")
        if kind == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            return int(value)
        if kind == "boolean" and value in ("true", "false"):
            return value == "true"
        if kind == "array" and isinstance(value, dict):
            return [self.coerce(schema["items"], item) for item in value.values()]
        if kind == "object" and isinstance(value, dict):
            members = schema.get("properties", {})
            rest = schema.get("additionalProperties")
            rest = rest if isinstance(rest, dict) else {}
            return {key: self.coerce(members.get(key, rest), item) for key, item in value.items()}
        return value

    def request_schema(self, method, path):
        """One object schema for what a request may carry, or None."""
        operation = self.find(method, path)
        if operation is None:
            return None
        if method != "GET":
            content = operation.get("requestBody", {}).get("content", {})
            return content.get("application/x-www-form-urlencoded", {}).get("schema")
        query = [p for p in operation.get("parameters", []) if p["in"] == "query"]
        return {"type": "object", "additionalProperties": False,
                "properties": {p["name"]: p["schema"] for p in query},
                "required": [p["name"] for p in query if p.get("required")]}

    def complaints_about_request(self, method, target, body):
        path, _, query = target.partition("?")
        schema = self.request_schema(method, path)
        if schema is None:
            return ["no such endpoint"]
        tree = self.coerce(schema, parse_form(body if method == "POST" else query))
        return [f"{'.'.join(map(str, e.path))}: {e.message[:200]}"
                for e in self.validator(schema).iter_errors(tree)]

    def complaints_about_answer(self, method, path, answer):
        operation = self.find(method, path)
        if operation is None:
            return ["no such endpoint"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        return [f"{'.'.join(map(str, e.path))}: {e.message[:200]}"
                for e in self.validator(schema).iter_errors(answer)]

    def complaints_about_error(self, answer):
        schema = {"$ref": "#/components/schemas/error"}
        return [e.message[:200] for e in self.validator(schema).iter_errors(answer)]


def mutations(schema, method, target, body):
    """Requests like this one, each with one thing wrong: (what, target, body)."""
    path, _, query = target.partition("?")
    pairs = urllib.parse.parse_qsl(body if method == "POST" else query, keep_blank_values=True)
    known = schema.request_schema(method, path) or {}

    def rebuilt(changed):
        text = urllib.parse.urlencode(changed)
        return (path, text) if method == "POST" else (f"{path}?{text}", "")

    yield ("an unknown parameter", *rebuilt(pairs + [("no_such_parameter", "1")]))
    for name in known.get("required", []):
        yield (f"without {name}", *rebuilt([p for p in pairs if p[0].split("[")[0] != name]))
    for index, (name, _) in enumerate(pairs):
        member = known.get("properties", {}).get(name, {})
        wrong = copy.copy(pairs)
        if member.get("type") == "integer":
            wrong[index] = (name, "12.5 euros")
        elif member.get("type") == "boolean":
            wrong[index] = (name, "perhaps")
        elif "enum" in member:
            wrong[index] = (name, "no_such_choice")
        else:
            continue
        yield (f"{name} is wrong", *rebuilt(wrong))
