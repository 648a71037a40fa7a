"""Serves files at addresses of the hub's shape: /OWNER/NAME/resolve/main/PATH, which redirects to another host."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 1 << 16


@dataclass
class Request:
    path: str
    range: str | None
    token: str | None


@dataclass
class Hub:
    """`files` maps "OWNER/NAME/PATH" to a file. What else it does is set by the tests."""

    files: dict[str, Path] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)  #: how many bytes the next answers send before they end
    busy: int = 0  #: so many requests are answered with 503
    ranges: bool = True
    stall_at: int | None = None  #: after so many bytes an answer waits until `go_on` is set
    go_on: threading.Event = field(default_factory=threading.Event)
    stalled: threading.Event = field(default_factory=threading.Event)
    requests: list[Request] = field(default_factory=list)

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def downloads(self):
        return [request for request in self.requests if request.path.startswith("/cdn/")]


def handler(hub):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            hub.requests.append(Request(self.path, self.headers["Range"], self.headers["Authorization"]))
            if hub.busy > 0:
                hub.busy -= 1
                self.send_error(503)
                return
            if self.path.startswith("/cdn/"):
                self.send_file(hub.files[self.path.removeprefix("/cdn/")])
                return
            repository, _, path = self.path.strip("/").partition("/resolve/main/")
            if f"{repository}/{path}" not in hub.files:
                self.send_error(404)
                return
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{hub.server.server_port}/cdn/{repository}/{path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_file(self, path):
            size = path.stat().st_size
            given = self.headers["Range"] if hub.ranges else None
            begin = int(given.removeprefix("bytes=").partition("-")[0]) if given else 0
            if given and begin >= size:
                self.send_error(416)
                return
            self.send_response(206 if given else 200)
            if given:
                self.send_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - begin))
            self.end_headers()
            end = min(size, begin + hub.cuts.pop(0)) if hub.cuts else size
            self.send_bytes(path, begin, end)
            self.close_connection = True

        def send_bytes(self, path, begin, end):
            with path.open("rb") as file:
                file.seek(begin)
                sent = 0
                while begin + sent < end:
                    if hub.stall_at is not None and sent >= hub.stall_at:
                        self.wfile.flush()
                        hub.stalled.set()
                        hub.go_on.wait()
                    piece = file.read(min(PIECE, end - begin - sent))
                    try:
                        self.wfile.write(piece)
                    except OSError:
                        return
                    sent += len(piece)

    return Handler
