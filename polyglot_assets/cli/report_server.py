"""The report over HTTP, beside the UI: browsers open no file by a link on a page of the UI.

Here: a process that serves one page while the UI runs. Not here: the page (marts/report.py).
"""

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET, AF_INET6

_NONE_YET = b"There is no report yet: materialize the asset marts/report, or run `polyglot report`."


class _Page(BaseHTTPRequestHandler):
    """Whatever is asked for, the answer is the report as it lies there now."""

    file: Path

    def do_GET(self) -> None:
        """The report."""
        try:
            status, kind, body = 200, "text/html; charset=utf-8", self.file.read_bytes()
        except OSError:
            status, kind, body = 404, "text/plain; charset=utf-8", _NONE_YET
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        # It is one file that needs nothing else; what a row brought into it can reach nothing else either.
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the terminal is Dagster's."""


def start(report: Path, host: str, port: int) -> None:
    """Serves the report in a process of its own, which ends with the present one, whatever that becomes by then."""
    command = [sys.executable, "-m", __name__, str(report), host, str(port), str(os.getpid())]
    subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 our own command line


def main() -> None:
    """The process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is for the UI; this ends without a word
    report, host, port, parent = sys.argv[1:]
    kind = type("Server", (ThreadingHTTPServer,), {"address_family": AF_INET6 if ":" in host else AF_INET})
    try:
        server = kind((host, int(port)), type("Page", (_Page,), {"file": Path(report)}))
    except (OSError, OverflowError) as error:
        print(f"polyglot: the report is not served on port {port}: {error}", file=sys.stderr)  # noqa: T201
        return
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == int(parent):
        time.sleep(1)


if __name__ == "__main__":
    main()
