# SPDX-License-Identifier: Apache-2.0
"""Scenarios as arrays of labelled steps over HTTP.

    TRAITS = {"email": "ann@example.org"}
    Step("register", "POST", "/api/v1/users/register", {"email": "{email}"}, expect=201,
         save={"user": "id"})
    Step("look at her", "GET", "/api/v1/users/{user}", expect=200, check={"email": "{email}"})

`{name}` stands for a trait; a step saves traits for those after it. A POST carries an idempotency
key of its own. `as_` names the trait that holds the bearer token. Fields are named by their path in
the reply, "rewards.0.id".
"""

import http.client
import json
import socket
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Step:
    label: str
    method: str
    path: str
    body: Any = None
    as_: str = ""
    expect: int = 200
    headers: dict = field(default_factory=dict)
    save: dict = field(default_factory=dict)   # trait: field of the reply
    check: dict = field(default_factory=dict)  # field of the reply: its value


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


def filled(value, traits):
    """The value with its traits put in; "{name}" alone keeps the trait's own type."""
    if isinstance(value, str):
        if value.startswith("{") and value.endswith("}") and value[1:-1] in traits:
            return traits[value[1:-1]]
        for name, trait in traits.items():
            value = value.replace("{" + name + "}", str(trait))
        return value
    if isinstance(value, dict):
        return {key: filled(item, traits) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, traits) for item in value]
    return value


def picked(document, path):
    for part in path.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def request(port, method, path, body=None, headers=None, timeout_s=30):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def send(port, step, traits):
    headers = {name: filled(value, traits) for name, value in step.headers.items()}
    body = None
    if step.body is not None:
        body = json.dumps(filled(step.body, traits))
        headers.setdefault("Content-Type", "application/json")
    if step.method == "POST":
        headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
    if step.as_:
        headers["Authorization"] = f"Bearer {traits[step.as_]}"
    return request(port, step.method, filled(step.path, traits), body, headers)


def run(port, steps, traits):
    """Runs the steps in order, adds what they save to traits; fails with the label of the first that
    does not get what it expects."""
    for step in steps:
        reply = send(port, step, traits)
        where = f'step "{step.label}": {step.method} {filled(step.path, traits)}'
        assert reply.status == step.expect, \
            f"{where}: {reply.status} instead of {step.expect}: {reply.body.decode()[:500]}"
        for trait, path in step.save.items():
            traits[trait] = picked(reply.json(), path)
        for path, value in step.check.items():
            found, wanted = picked(reply.json(), path), filled(value, traits)
            assert found == wanted, f"{where}: {path} is {found!r} instead of {wanted!r}"
    return traits


class Stream:
    """A listening client of Server-Sent Events; collects (event, data) from when it is open."""

    def __init__(self, port, path):
        self.news = []
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.request("GET", path, headers={"Accept": "text/event-stream"})
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        assert self.response.status == 200, f"{path}: {self.response.status}"
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        event, data = "message", []
        try:
            for line in iter(self.response.readline, b""):
                line = line.decode().rstrip("\r\n")
                if line.startswith("event:"):
                    event = line[6:].strip()
                elif line.startswith("data:"):
                    data.append(line[5:].strip())
                elif line == "" and data:
                    self.news.append((event, json.loads("\n".join(data))))
                    event, data = "message", []
        except (OSError, ValueError):
            pass  # closed by the other thread

    def heard(self, event, **fields):
        """The first news of that kind with these fields, or None."""
        for name, data in list(self.news):
            if name == event and all(data.get(key) == value for key, value in fields.items()):
                return data
        return None

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes the listening thread
        self.thread.join()
        self.connection.close()
