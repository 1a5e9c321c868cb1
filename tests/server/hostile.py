# SPDX-License-Identifier: Apache-2.0
"""Requests meant to harm: too slow, too large, half closed, packed to burst, no JSON, no UTF-8, too many. Each is refused
in words or shut out, and the server goes on."""
import gzip
import json
import pathlib
import socket
import struct
import time
import zlib

from serving import serving
from tap import check, folder, test, done

ROOT = pathlib.Path(__file__).resolve().parents[2]


def raw(server, data, read=True, timeout=5):
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        connection.sendall(data)
        return connection.recv(65536) if read else b""


def head(key, **headers):
    lines = ["POST /v1/events HTTP/1.1", "Host: x", f"Authorization: Bearer {key}"] + [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def goes_on(server):
    check(server.send({"event": "a", "user_id": "anna"})["accepted"], 1, "the server goes on")


@test
def a_body_that_is_too_large_is_refused_before_it_is_read():
    with folder() as path, serving(path / "a.db", "--max-body", "10000") as server:
        key = server.key()
        answer = raw(server, head(key, Content_Length=10001))
        check(b" 413 " in answer and b"10000 bytes" in answer, True, repr(answer))
        chunked = head(key, Transfer_Encoding="chunked") + b"".join(b"1000\r\n" + b"x" * 4096 + b"\r\n" for _ in range(4)) + b"0\r\n\r\n"
        check(b" 413 " in raw(server, chunked), True)
        check(server.post("/v1/events", json.dumps({"event": "a", "userId": "b"}) + " " * 9000, key).status, 200)
        goes_on(server)


@test
def a_body_that_unpacks_to_much_more_is_refused():
    with folder() as path, serving(path / "a.db") as server:
        bomb = gzip.compress(b"[" + b" " * (64 << 20) + b"]")
        for packed in (bomb, zlib.compress(b" " * (40 << 20)), gzip.compress(bomb)):
            answer = server.post("/v1/events", packed, server.key(), headers={"Content-Encoding": "gzip"})
            check(answer.status in (400, 413), True, repr(answer))
        with open(f"/proc/{server.process.pid}/status") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        check(peak < 200000, True, f"{peak} kB")
        for packed, encoding in [(b"\x1f\x8b\x08", "gzip"), (b"no gzip at all", "gzip"), (gzip.compress(b"{}")[:-9], "gzip"), (b"{}", "br"),
                                 (gzip.compress(b"{}") * 2, "gzip")]:
            answer = server.post("/v1/events", packed, server.key(), headers={"Content-Encoding": encoding})
            check((answer.status, answer.json["error"]["code"]), (400, "invalid"), repr(answer))
        goes_on(server)


@test
def what_is_no_json_or_no_text_gets_a_reason():
    with folder() as path, serving(path / "a.db") as server:
        bodies = [b"{", b"[1,", b"\xff\xfe", b"\x00", b"[" * 100000, b'{"a":' * 5000, b"nul", b'"text"', b'{"event":1e999999,"userId":"x"}', b"{}\x00{}"]
        for corpus in ("json_in", "segment"):
            bodies += [file.read_bytes() for file in sorted((ROOT / "tests/fuzz/corpus" / corpus).glob("*"))][:200]
        for body in bodies:
            answer = server.post("/v1/events", body, server.key())
            check(answer.status in (200, 400, 413), True, f"{body[:80]!r}: {answer!r}")
            check("error" in answer.json or "refused" in answer.json, True, repr(answer))
        goes_on(server)


@test
def what_breaks_the_letter_of_json_but_not_its_sense_is_taken():
    with folder() as path, serving(path / "a.db") as server:
        events = [b'{"event":"a","userId":"u","messageId":"1","properties":{"x":"\\ud800"}}',
                  b'{"event":"a","userId":"u","messageId":"2","properties":{"x":12345678901234567890123}}',
                  b'{"event":"a","userId":"u","messageId":"3","properties":{"x":"\xff\xfe"}}']
        check(server.post("/v1/events", b"[" + b",".join(events) + b"]", server.key()).json["accepted"], 3)
        check(server.person("user:u")["events_total"], 3)


@test
def hostile_names_and_ids_stay_text():
    with folder() as path, serving(path / "a.db") as server:
        names = ["'; DROP TABLE batch; --", "<script>alert(1)</script>", "=HYPERLINK(1)", "../../etc/passwd", "\u202e\u0000\u001b[31m", "a" * 512, "%s%n"]
        answer = server.send(*[{"type": "track", "event": name, "userId": f"id-{name[:400]}", "messageId": name} for name in names])
        check(answer["accepted"] + len(answer["refused"]), len(names))
        check(answer["accepted"] >= len(names) - 1, True, repr(answer))
        check(server.report("overview")["events"], answer["accepted"])
        check(server.get("/%2e%2e/%2e%2e/etc/passwd").status, 404)
        check(server.get("/v1/events%00").status >= 400, True)


@test
def who_sends_too_slowly_is_shut_out_and_disturbs_nobody():
    with folder() as path, serving(path / "a.db", "--request-seconds", "2") as server:
        key = server.key()
        slow = []
        for number in range(50):
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: " if number % 2 else head(key, Content_Length=100) + b"{")
            slow.append(connection)
        begun = time.monotonic()
        goes_on(server)
        open_ones = list(slow)
        while open_ones and time.monotonic() - begun < 15:
            for connection in list(open_ones):
                try:
                    connection.sendall(b"x")
                    connection.settimeout(0.01)
                    if connection.recv(1000) == b"":
                        open_ones.remove(connection)
                except TimeoutError:
                    pass
                except OSError:
                    open_ones.remove(connection)
            time.sleep(0.2)
        check(len(open_ones), 0, "a byte now and then does not keep a connection")
        goes_on(server)
        check(server.figure("http_connections_expired_total") >= 50, True)


@test
def half_closed_connections_and_those_that_vanish_are_forgotten():
    with folder() as path, serving(path / "a.db") as server:
        key = server.key()
        body = json.dumps({"event": "a", "userId": "b", "messageId": "1"}).encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(head(key, Content_Length=len(body), Connection="close") + body)
            connection.shutdown(socket.SHUT_WR)
            check(b" 200 " in connection.recv(65536), True, "who has said everything may stop talking")
        for _ in range(20):
            raw(server, head(key, Content_Length=1000) + b"{", read=False)
            raw(server, head(key, Content_Length=len(body)) + body, read=False)
        goes_on(server)
        end = time.monotonic() + 10
        while server.figure("http_connections") > 2 and time.monotonic() < end:
            time.sleep(0.05)
        check(server.figure("http_connections") <= 2, True)


@test
def nonsense_instead_of_http_is_answered_or_closed():
    with folder() as path, serving(path / "a.db") as server:
        for data in [b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"GET / HTTP/9.9\r\n\r\n",
                     b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                     b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20000 + b"\r\n"]:
            try:
                answer = raw(server, data, timeout=2)
            except (TimeoutError, ConnectionError):
                continue
            check(b" 2" in answer[:13], False, f"{data[:40]!r}: {answer[:80]!r}")
        goes_on(server)


@test
def past_the_limit_of_connections_nobody_gets_in_and_then_again():
    with folder() as path, serving(path / "a.db", "--max-connections", "20") as server:
        open_ones = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
        time.sleep(0.3)
        for connection in open_ones:
            connection.close()
        end = time.monotonic() + 5
        while True:
            try:
                goes_on(server)
                break
            except OSError:
                check(time.monotonic() < end, True, "the places are free again")
                time.sleep(0.1)


@test
def who_resets_the_connection_while_the_event_is_stored_harms_nobody():
    with folder() as path, serving(path / "a.db") as server:
        key, at_once = server.key(), struct.pack("ii", 1, 0)
        bodies = [json.dumps({"type": "track", "event": "a", "userId": "anna", "messageId": f"m{i}"}).encode() for i in range(300)]
        for body in bodies:
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                connection.sendall(head(key, Content_Length=len(body)) + body)
        answers = [server.post("/v1/events", body, key).json for body in bodies]
        check([a["accepted"] + a.get("repeated", 0) for a in answers], [1] * 300, "each is there, whoever waited for it or not")
        check(server.figure("events_stored_total"), 300, "and once")
        goes_on(server)
        end = time.monotonic() + 5
        while server.figure("http_requests") > 1 and time.monotonic() < end: # its own
            time.sleep(0.05)
        check(server.figure("http_requests"), 1, "none is left behind")


@test
def the_log_holds_no_personal_data():
    with folder() as path, serving(path / "a.db") as server:
        server.send({"event": "Secret Event", "userId": "anna@example.com"})
        server.post("/v1/events?email=anna@example.com", "{broken anna@example.com", server.key())
        server.get("/api/v1/persons/user:anna@example.com", server.key("r", "read"))
        server.stop()
        text = "".join(server.log_lines)
        check("anna" in text or "Secret" in text or server.key() in text, False, text)


done()
