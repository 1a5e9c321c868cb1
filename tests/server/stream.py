# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/stream: counts that follow what arrives, many listeners at once, none left when the server stops."""
import json
import socket
import time

from serving import serving
from tap import check, folder, test, done


class Listener:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        key = server.key("page", "read")
        self.socket.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.head = b""
        while not self.head.endswith(b"\r\n\r\n"):
            self.head += self.file.read(1)

    def counts(self):
        """The next event's data."""
        for line in self.file:
            if line.startswith(b"data: "):
                return json.loads(line[6:])

    def until(self, wanted, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            counts = self.counts()
            if wanted(counts):
                return counts
        raise AssertionError("it did not come")


@test
def counts_follow_what_arrives():
    with folder() as path, serving(path / "a.db") as server:
        listener = Listener(server)
        check(b"text/event-stream" in listener.head, True, repr(listener.head))
        check(listener.counts()["events"], 0)
        for number in range(3):
            server.send(*[{"type": "track", "event": "Product Viewed", "userId": f"u{n}", "messageId": f"{number}-{n}"} for n in range(5)])
        counts = listener.until(lambda c: c["events"] == 15 and c["events_a_minute"] == 15)
        check(counts["persons"], 5)
        check(sum(stage["now"] for stage in counts["stages"]["stages"]), 5)
        check(any(word in json.dumps(counts) for word in ("u1", "Product")), False, "nobody is named")
        again = Listener(server)
        check(again.counts()["events"], 15, "a new listener hears at once how things stand")


@test
def many_listeners_come_and_go():
    with folder() as path, serving(path / "a.db") as server:
        listeners = [Listener(server) for _ in range(200)]
        server.send({"event": "a", "user_id": "anna"})
        for listener in listeners:
            listener.until(lambda c: c["events"] == 1)
        for listener in listeners[:100]:
            listener.file.close()
            listener.socket.close()
        server.send({"event": "b", "user_id": "anna"})
        for listener in listeners[100:]:
            listener.until(lambda c: c["events"] == 2)
        check(server.get("/api/v1/stream").status, 401)
        server.stop()
        check(listeners[-1].file.read().endswith(b"0\r\n\r\n"), True, "the answer ends as it should")


done()
