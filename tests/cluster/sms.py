"""A provider of text messages that takes everything: ``python sms.py ADDRESS``."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 9000


class Provider(BaseHTTPRequestHandler):
    """Reads what comes and says that it was taken."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], PORT), Provider).serve_forever()
