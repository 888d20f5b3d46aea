# SPDX-License-Identifier: Apache-2.0
"""A real Chromium, steered over the W3C WebDriver protocol with nothing but the standard library."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import threading
import urllib.request

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--window-size=1280,1000"]


def is_installed():
    return shutil.which("chromedriver") is not None and shutil.which("chromium") is not None


class Browser:
    """Use as a context manager."""

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="coffer-browser-")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        for line in self.driver.stdout:
            match = re.search(r"started successfully on port (\d+)", line)
            if match:
                self.base = f"http://127.0.0.1:{match.group(1)}"
                break
        else:
            raise AssertionError("chromedriver did not start")
        threading.Thread(target=self.driver.stdout.read, daemon=True).start()
        options = {"binary": shutil.which("chromium"),
                   "args": ARGUMENTS + [f"--user-data-dir={self.profile}"]}
        answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
            "pageLoadStrategy": "eager"}}})
        self.session = f"/session/{answer['sessionId']}"
        return self

    def __exit__(self, *_):
        try:
            self.ask("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            shutil.rmtree(self.profile, ignore_errors=True)

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def window(self):
        return self.ask("GET", self.session + "/window")

    def open_window(self):
        self.switch_to(self.ask("POST", self.session + "/window/new", {"type": "window"})["handle"])

    def switch_to(self, window):
        self.ask("POST", self.session + "/window", {"handle": window})

    def open(self, url):
        self.ask("POST", self.session + "/url", {"url": url})

    def resize(self, width, height):
        self.ask("POST", self.session + "/window/rect", {"width": width, "height": height})

    def run(self, script, *arguments):
        """What the page's own JavaScript says."""
        return self.ask("POST", self.session + "/execute/sync",
                        {"script": script, "args": list(arguments)})

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", self.session + "/screenshot")))

    def complaints(self):
        """Errors on the page's console since the last time, such as a script that a policy refused."""
        entries = self.ask("POST", self.session + "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]
