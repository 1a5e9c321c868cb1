# SPDX-License-Identifier: Apache-2.0
"""A real server for tests: started on a free port of this machine, stopped at the end.

    with serving(folder / "shop.db") as server:
        key = server.key("shop", "write")
        server.post("/v1/events", [{"event": "a", "userId": "anna"}], key)
        server.report("overview")
"""
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse

from tap import PROGRAM, etappe


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Server:
    def __init__(self, db, *options, env=None, wait=True):
        self.db, self.log_lines, self._keys = db, [], {}
        environment = {**os.environ, **(env or {}), "ETAPPE_DB": str(db)}
        self.process = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", *map(str, options)], env=environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._read_log, daemon=True).start()
        line = self.process.stdout.readline()
        ports = re.findall(r":(\d+)(?=[\s,]|$)", line)
        if not ports:
            self.process.wait(10)
            raise AssertionError(f"the server did not start: {line}{''.join(self.log_lines)}")
        self.port = int(ports[0])
        self.capture_port = int(ports[-1])

    def _read_log(self):
        for line in self.process.stderr:
            self.log_lines.append(line)

    def key(self, name="shop", role="write", *options):
        """A key of that name and role; made once."""
        if (name, role) not in self._keys:
            self._keys[name, role] = etappe("key", "create", "--name", name, "--role", role, *options, db=self.db).stdout.strip()
        return self._keys[name, role]

    def connect(self, port=None, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)

    def request(self, method, path, body=None, key=None, headers=None, connection=None, port=None):
        headers = dict(headers or {})
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        own = connection or self.connect(port)
        own.request(method, path, body, headers)
        response = own.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if connection is None:
            own.close()
        return answer

    def get(self, path, key=None, **options):
        return self.request("GET", path, key=key, **options)

    def post(self, path, body, key=None, **options):
        return self.request("POST", path, body, key, **options)

    def send(self, *events, key=None):
        """Events that must be taken."""
        answer = self.post("/v1/events", list(events), key or self.key())
        if answer.status != 200:
            raise AssertionError(repr(answer))
        return answer.json

    def report(self, name, **options):
        """A report that includes everything sent before."""
        self.settle()
        answer = self.post(f"/api/v1/reports/{name}", options, self.key("tests", "read"))
        if answer.status != 200:
            raise AssertionError(repr(answer))
        return answer.json

    def person(self, who):
        self.settle()
        answer = self.get("/api/v1/persons/" + urllib.parse.quote(who), self.key("tests", "read"))
        return answer.json if answer.status == 200 else None

    def figure(self, name):
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(f"etappe_{name} "):
                return float(line.split()[1])
        raise AssertionError(f"no figure {name}")

    def settle(self, seconds=20):
        """Waits until reports include what was committed."""
        end = time.monotonic() + seconds
        while self.figure("index_through") < self.figure("record_through"):
            if time.monotonic() > end:
                raise AssertionError("the index does not catch up")
            time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, expect=0):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process.stdout.close()
        if expect is not None and code != expect:
            raise AssertionError(f"the server ended with {code}: {''.join(self.log_lines[-20:])}")


@contextlib.contextmanager
def serving(db, *options, env=None):
    server = Server(db, *options, env=env)
    try:
        yield server
    except BaseException:
        server.kill()
        raise
    if server.process.poll() is None:
        server.stop()
