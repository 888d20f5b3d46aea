# SPDX-License-Identifier: Apache-2.0
"""Somebody between gateway and sandbox who changes answers."""

import http.client
import http.server
import threading
import urllib.error
import urllib.request


class Liar(http.server.BaseHTTPRequestHandler):
    """Stands between gateway and sandbox and changes answers; None loses one."""
    protocol_version = "HTTP/1.1"
    behind, lie = "", staticmethod(lambda path, text: text)

    def forward(self):
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size) if size else None
        request = urllib.request.Request(Liar.behind + self.path, method=self.command, data=body)
        for name in ("Authorization", "Idempotency-Key", "Stripe-Account"):
            if self.headers[name]:
                request.add_header(name, self.headers[name])
        try:
            with urllib.request.urlopen(request) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        except (OSError, http.client.HTTPException):  # an answer that is lost stays lost
            self.close_connection = True
            return
        text = Liar.lie(f"{self.command} {self.path}", text)
        if text is None:
            self.close_connection = True
            return
        text = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = forward

    def log_message(self, *_):
        pass


def through_a_liar(url):
    Liar.behind, Liar.lie = url, staticmethod(lambda path, text: text)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
