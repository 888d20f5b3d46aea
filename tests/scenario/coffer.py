# SPDX-License-Identifier: Apache-2.0
"""A whole Coffer for one test: `coffer up` on a fresh data directory and a free port."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PATIENCE_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, patience_s=PATIENCE_S):
    """The condition's first true value. It is asked again and again: for what sends no news."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.02)
    raise AssertionError(f"waited {patience_s} s in vain: {what}")


class Coffer:
    """Use as a context manager. `program` is the binary; `options` are added to `coffer up`."""

    def __init__(self, program, *options, data=None, port=None):
        self.program = program
        self.options = options
        self.own_data = data is None
        self.data = data or tempfile.mkdtemp(prefix="coffer-scenario-", dir="/var/tmp")
        self.port = port or free_port()
        self.output = ""
        self.process = None
        self.ready = threading.Event()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)

    def start(self):
        self.ready.clear()
        self.output = ""
        self.process = subprocess.Popen(
            [self.program, "up", "--data", self.data, "--listen", f"127.0.0.1:{self.port}",
             *self.options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            # The program finds what it needs without the help of somebody's PATH.
            env={**os.environ, "PATH": "/usr/bin:/bin"})
        self.reader = threading.Thread(target=self.read_output, daemon=True)
        self.reader.start()
        if not self.ready.wait(PATIENCE_S) or self.process.poll() is not None:
            self.stop()
            raise AssertionError("coffer up did not become ready:\n" + self.output)
        return self

    def read_output(self):
        for line in self.process.stdout:
            self.output += line
            if line.startswith("Ctrl-C stops it."):
                self.ready.set()
        self.ready.set()

    def stop(self, how=signal.SIGINT):
        """Asks it to stop, as Ctrl-C does, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join()
        self.process.stdout.close()
        return code

    def children(self):
        """{subcommand: pid} of the processes that `coffer up` runs."""
        found = {}
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as file:
            pids = file.read().split()
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    arguments = file.read().split(b"\0")
            except FileNotFoundError:
                continue
            if len(arguments) > 1:
                found[arguments[1].decode()] = int(pid)
        return found

    def kill(self, name):
        """Kills a child the hard way and returns when another has taken its place."""
        pid = self.children()[name]
        os.kill(pid, signal.SIGKILL)
        return wait_until(lambda: self.children().get(name) not in (None, pid), f"a new {name}")

    def login_of(self, role):
        """(e-mail, password) of the sample login that `coffer up` printed for the role."""
        match = re.search(rf"^\s*{role}\s+(\S+@\S+)\s+(\S+)$", self.output, re.MULTILINE)
        assert match, f"no sample login for {role} in:\n{self.output}"
        return match.groups()
