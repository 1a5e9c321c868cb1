# SPDX-License-Identifier: Apache-2.0
"""No door keeps a whole IP address: looked for byte by byte in every file of the project, after each door was given some."""
import json
import urllib.parse

from serving import serving
from tap import check, done, etappe, folder, report, test

V4, V6 = "203.0.113.77", "2001:db8:cafe:7::77"
WHOLE = [V4.encode(), V6.encode(), b"113.77"]
NETWORKS = [b"203.0.113.0", b"2001:db8:cafe::"]
PROJECT = """\
version: 1
preset: shop
sources: [{name: page, basis: legitimate_interest}]
hooks:
  - {name: form, signature: none, fields: {event: kind, user: who, properties.client_ip: from.ip, properties.all: from}}
"""


def files(path):
    return [file for file in path.rglob("*") if file.is_file() and file.suffix not in (".csv", ".ndjson", ".sock")]


def check_cut(path, n, db):
    check([(file.name, text) for file in files(path) for text in WHOLE if text in file.read_bytes()], [])
    kept = b"".join(file.read_bytes() for file in files(path))
    check([text for text in NETWORKS if text not in kept], [], "the search sees what stands there, so the networks are kept")
    check(report("overview", db=db)["events"], n)


def message(number, **more):
    return {"type": "track", "event": "Looked", "userId": "anna", "messageId": f"m{number}", **more}


@test
def no_live_door_keeps_an_address():
    with folder() as path:
        (path / "project.yaml").write_text(PROJECT)
        etappe("project", "apply", path / "project.yaml", db=path / "a.db")
        with serving(path / "a.db") as server:
            page, forwarded = server.key("page", "source"), {"X-Forwarded-For": V4}
            server.send(message(1, properties={"ip": V4, "Client-IP": V6}, context={"ip": V4, "device": {"ip": V6}}),
                        message(2, properties={"session": {"remote_addr": V4, "hops": {"ips": [V4, V6]}}}, traits={"lastIp": V6}),
                        {"type": "identify", "userId": "anna", "messageId": "m3", "traits": {"ip": V4}, "context": {"ip": V6}})
            check(server.post("/v1/batch", {"batch": [message(4, properties={"ip": V4}, context={"ip": V4})], "writeKey": server.key()}, server.key(),
                              headers=forwarded).status, 200)  # Segment's and RudderStack's clients
            ga4 = {"client_id": "d.1", "ip_override": V4, "user_properties": {"ip": {"value": V4}},
                   "events": [{"name": "look", "params": {"ip": V4, "user_ip": V6}}]}
            check(server.post(f"/mp/collect?api_secret={server.key()}", ga4, headers=forwarded).status, 204)
            gtag = urllib.parse.urlencode({"v": "2", "tid": page, "cid": "d.2", "en": "look", "uip": V4, "_uip": V4, "ep.ip": V4, "dl": "https://shop.example/"})
            check(server.get(f"/g/collect?{gtag}", headers=forwarded).status in (200, 204), True)
            hit = urllib.parse.urlencode({"idsite": page, "rec": 1, "_id": "0123456789abcdef", "url": "https://shop.example/", "cip": V4, "dimension1": "x"})
            check(server.get(f"/matomo.php?{hit}", headers=forwarded).status in (200, 204), True)
            check(server.post("/v1/hooks/form", {"kind": "Form Sent", "who": "anna", "from": {"ip": V4, "forwarded_for": f"{V6}, {V4}"}}).status, 200)
            server.settle()
            check_cut(path, 8, path / "a.db")
            check("".join(server.log_lines).count("113.77"), 0)
            copy = server.get("/api/v1/persons/user:anna/export", server.key("boss", "admin"))
            check((V4 in copy.body.decode(), "203.0.113.0" in copy.body.decode()), (False, True))
        check_cut(path, 8, path / "a.db")


@test
def no_file_brings_one_in():
    with folder() as path:
        db = path / "a.db"
        (path / "log.csv").write_text(f"user,time,event,ip,remote_addr,version\nanna,2025-01-01,view,{V4},[{V6}]:443,10.20.30.40\n")
        etappe("import", path / "log.csv", db=db)
        (path / "log.ndjson").write_text("".join(json.dumps(line) + "\n" for line in (
            message(1, timestamp="2025-01-02T10:00:00Z", properties={"ip": V4, "client": {"ip": V6}}, context={"ip": V4}),)))
        etappe("import", path / "log.ndjson", db=db)
        (path / "flat.ndjson").write_text(json.dumps({"user": "anna", "time": "2025-01-03", "event": "view", "ip": V4, "request": {"ip": V6}}) + "\n")
        etappe("import", path / "flat.ndjson", db=db)
        check_cut(path, 3, db)
        check(report("overview", "--where", 'ip = "203.0.113.0"', db=db)["events"], 3)
        check(report("overview", "--where", 'version = "10.20.30.40"', db=db)["events"], 1, "what is no address by its name stays")
        again = json.loads(etappe("import", path / "log.csv", "--format", "json", db=db).stdout)
        check((again["stored"], again["repeated"]), (0, 1))


done()
