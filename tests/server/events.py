# SPDX-License-Identifier: Apache-2.0
"""POST /v1/events: what is taken, what is refused and why, each event once; keys; graceful stop."""
import gzip
import http.client
import json
import ssl
import subprocess
import time
import zlib

from serving import serving
from tap import Skip, check, etappe, folder, report, test, done


def event(number, **more):
    return {"type": "track", "event": "Page Viewed", "messageId": f"m{number}", "userId": "anna", **more}


@test
def one_a_list_a_batch_and_lines_are_the_same():
    with folder() as path, serving(path / "a.db") as server:
        key = server.key()
        check(server.post("/v1/events", event(1), key).json, {"accepted": 1, "refused": []})
        check(server.post("/v1/events", [event(2), event(3)], key).json["accepted"], 2)
        check(server.post("/v1/events", {"batch": [event(4)], "sentAt": "2026-01-01T00:00:00Z"}, key).json["accepted"], 1)
        lines = "".join(json.dumps(event(n)) + "\n" for n in (5, 6))
        check(server.post("/v1/events", lines, key).json["accepted"], 2, "lines are known by their look")
        check(server.post("/v1/events", json.dumps(event(7)), key, headers={"Content-Type": "application/x-ndjson"}).json["accepted"], 1)
        check(server.post("/v1/events", json.dumps(event(8), indent=2), key).json["accepted"], 1, "one over several lines")
        check(server.report("overview")["events"], 8)
        check(server.person("user:anna")["events_total"], 8)


@test
def packed_bodies_are_the_same():
    with folder() as path, serving(path / "a.db") as server:
        body = json.dumps([event(1)]).encode()
        for number, (name, packed) in enumerate([("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)),
                                                 ("deflate", zlib.compress(body)[2:-4])]):
            answer = server.post("/v1/events", packed, server.key(), headers={"Content-Encoding": name})
            check((answer.status, answer.json.get("accepted"), answer.json.get("repeated")), (200, int(number == 0), None if number == 0 else 1), repr(answer))


@test
def an_id_counts_once_however_late_and_across_restarts():
    with folder() as path:
        with serving(path / "a.db") as server:
            check(server.send(event(1), event(1), event(2))["accepted"], 2)
            check(server.send(event(1))["repeated"], 1)
            check(server.send(event(1, userId="bob")).get("conflicting"), 1)
        with serving(path / "a.db") as server:
            check(server.send(event(1), event(2), event(3)), {"accepted": 1, "repeated": 2, "refused": []})
            server.kill()
        with serving(path / "a.db") as server:
            check(server.send(event(1), event(3), event(4)), {"accepted": 1, "repeated": 2, "refused": []})
            check(server.report("overview")["events"], 4)


@test
def copies_from_sources_of_one_group_are_one_event():
    with folder() as path, serving(path / "a.db") as server:
        page = server.key("page", "source", "--group", "shop")
        backend = server.key("backend", "write", "--group", "shop")
        other = server.key("other", "write")
        check(server.send(event(1), key=page)["accepted"], 1)
        check(server.send(event(1), key=backend)["repeated"], 1)
        check(server.send(event(1), key=other)["accepted"], 1)


@test
def without_an_id_the_request_sent_again_adds_nothing():
    with folder() as path, serving(path / "a.db") as server:
        timed = {"event": "a", "user_id": "anna", "timestamp": "2026-01-01T00:00:00Z"}
        check(server.send(timed, timed)["accepted"], 2, "two equal ones are two")
        check(server.send(timed, timed)["repeated"], 2)
        check(server.send(timed, timed, timed), {"accepted": 1, "repeated": 2, "refused": []})
        untimed = {"event": "a", "user_id": "anna"}
        check([server.send(untimed)["accepted"] for _ in range(3)], [1, 1, 1], "nothing tells these from new ones")


@test
def what_cannot_be_an_event_is_refused_by_place_and_reason():
    with folder() as path, serving(path / "a.db") as server:
        answer = server.post("/v1/events", [event(1), 3, {"type": "track", "userId": "x"}, event(2, timestamp="yesterday")], server.key())
        check((answer.status, answer.json["accepted"], [r["index"] for r in answer.json["refused"]]), (200, 1, [1, 2, 3]), repr(answer))
        answer = server.post("/v1/events", [3], server.key())
        check((answer.status, answer.json["accepted"]), (400, 0))
        for body, status in [("", 400), ("{", 400), ("3", 400), ("[]", 200)]:
            check(server.post("/v1/events", body, server.key()).status, status, body)
        check(server.request("GET", "/v1/events", key=server.key()).status, 400)
        check(server.request("PUT", "/v1/events", key=server.key()).status, 405)
        check(server.get("/nothing").status, 404)
        check(server.report("overview")["events"], 1)


@test
def keys_say_who_may():
    with folder() as path, serving(path / "a.db") as server:
        check(server.post("/v1/events", event(1)).status, 401)
        check(server.post("/v1/events", event(1), "wrt_" + "0" * 32).status, 401)
        check(server.post("/v1/events", event(1), server.key("r", "read")).status, 403)
        check(server.get("/api/v1/reports/overview", server.key()).status, 403)
        check(server.get("/api/v1/reports/overview").status, 401)
        check(server.get("/api/v1/reports/overview", server.key("a", "admin")).status, 200)
        check(server.get("/healthz").status, 200)
        page = server.key("page", "source")
        answer = server.post("/v1/events", [{"type": "alias", "previousId": "anna", "userId": "bob", "messageId": "x"}], page)
        check((answer.status, "public key" in answer.json["refused"][0]["reason"]), (400, True), repr(answer))
        listed = json.loads(etappe("key", "list", "--format", "json", db=server.db).stdout)["keys"]
        check([k["name"] for k in listed], ["r", "shop", "a", "page"])
        etappe("key", "revoke", listed[1]["id"], db=server.db)
        end = time.monotonic() + 5
        while server.post("/v1/events", event(1), server.key()).status != 401:
            check(time.monotonic() < end, True, "a revoked key is refused within a second or so")
        text = (path / "a.db.access").read_bytes()
        check(any(k.encode() in text for k in server._keys.values()), False, "keys are not stored")


@test
def a_page_of_any_origin_may_send():
    with folder() as path, serving(path / "a.db") as server:
        answer = server.request("OPTIONS", "/v1/events", headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
                                                                 "Access-Control-Request-Headers": "authorization,content-type"})
        check((answer.status, answer.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Headers"]),
              (204, "*", "authorization,content-type"))
        check(answer.headers["Access-Control-Allow-Credentials"], None)
        check(server.post("/v1/events", event(1), server.key()).headers["Access-Control-Allow-Origin"], "*")
        check(server.post("/v1/events", event(1)).headers["Access-Control-Allow-Origin"], "*", "errors can be read, too")
        check(server.get("/api/v1/reports", server.key("r", "read")).headers["Access-Control-Allow-Origin"], None)


@test
def two_listeners_keep_the_doors_apart():
    with folder() as path, serving(path / "a.db", "--capture", "127.0.0.1:0") as server:
        check(server.capture_port != server.port, True)
        check(server.post("/v1/events", event(1), server.key(), port=server.capture_port).status, 200)
        check(server.post("/v1/events", event(1), server.key()).status, 404)
        check(server.request("GET", "/api/v1/reports", key=server.key("r", "read"), port=server.capture_port).status, 404)
        check(server.request("GET", "/metrics", port=server.capture_port).status, 404)
        check(server.request("GET", "/healthz", port=server.capture_port).status, 200)


@test
def a_report_over_http_is_the_command_lines():
    with folder() as path, serving(path / "a.db") as server:
        server.send(*[event(n, timestamp=f"2026-01-0{1 + n}T00:00:00Z") for n in range(5)])
        reader = server.key("r", "read")
        asked = {"step": ["Page Viewed", "Page Viewed"], "window": "7d", "now": "2026-02-01"}
        over_http = server.report("funnel", **asked)
        printed = report("funnel", "--step", "Page Viewed", "--step", "Page Viewed", "--window", "7d", "--now", "2026-02-01", db=server.db)
        check(over_http, printed)
        got = server.get("/api/v1/reports/funnel?step=Page+Viewed&step=Page%20Viewed&window=7d&now=2026-02-01", reader).json
        check(got, printed)
        check(server.get("/api/v1/reports/overview?format=csv", reader).headers["Content-Type"], "text/csv; charset=utf-8")
        check(b"<svg" in server.get("/api/v1/reports/map?format=svg", reader).body, True)
        check(server.get("/api/v1/reports/funnel", reader).json["error"]["code"], "usage")
        check(server.get("/api/v1/reports/funnel?step=a&db=x", reader).status, 400)
        check(server.get("/api/v1/reports/nothing", reader).status, 404)
        check(server.get("/api/v1/persons/user:nobody", reader).status, 404)
        names = [r["name"] for r in server.get("/api/v1/reports", reader).json["reports"]]
        check({"overview", "funnel", "paths", "stages", "map", "attribution"} <= set(names), True)


@test
def it_speaks_tls_as_well():
    with folder() as path:
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path / "k.pem", "-out", path / "c.pem", "-days", "2",
                               "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], capture_output=True)
        if made.returncode:
            raise Skip("openssl is not there")
        etappe("serve", "--tls-cert", path / "c.pem", db=path / "a.db", expect=2)
        etappe("serve", "--tls-cert", path / "k.pem", "--tls-key", path / "c.pem", "--listen", "127.0.0.1:0", db=path / "a.db", expect=1)
        with serving(path / "a.db", "--tls-cert", path / "c.pem", "--tls-key", path / "k.pem") as server:
            trust = ssl.create_default_context(cafile=path / "c.pem")
            connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=trust, timeout=20)
            check(server.post("/v1/events", [event(1), event(2)], server.key(), connection=connection).json["accepted"], 2)
            check(server.post("/v1/events", [event(1)], server.key(), connection=connection).json["repeated"], 1)


@test
def a_stop_commits_what_was_begun():
    with folder() as path:
        with serving(path / "a.db") as server:
            server.send(*[event(n) for n in range(100)])
            server.stop()
        check(report("overview", db=path / "a.db")["events"], 100)
        check("listening" in server.log_lines[0] and json.loads(server.log_lines[0])["level"], "info")


done()
