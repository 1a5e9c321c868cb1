# SPDX-License-Identifier: Apache-2.0
"""Files over HTTP: looked at with a good guess, imported as the command line does, listed, taken back; the sample company."""
import gzip
import json
import os
import urllib.parse

from serving import serving
from signing import first_account
from tap import check, done, etappe, folder, report, test

GERMAN = """Kunden-Nr.;Datum;Ereignis;Kanal;Umsatz (EUR);Bestellnummer;E-Mail;Telefon;Größe
K1;24.12.2025 18:30;Order Completed;email;1.234,50;B-1;anna@example.org;0151 1234567;M
K2;25.12.2025 09:00;Product Viewed;direct;;;ben@example.org;;L
"""
ENGLISH = "customer_id,order date,amount,order_id,email\nc1,2026-01-02,10.5,1,a@b.org\nc2,2026-01-03,20,2,b@b.org\n"


def address(path, **fields):
    return path + "?" + urllib.parse.urlencode(fields, doseq=True)


def look(session, name, content):
    answer = session.request("POST", address("/api/v1/import/preview", name=name), content, {"Content-Type": "application/octet-stream"})
    return answer.status, answer.json


def take(session, name, content, **fields):
    return session.request("POST", address("/api/v1/import", name=name, **fields), content, {"Content-Type": "application/octet-stream"})


def fields_of(preview):
    return {column["name"]: column["field"] for column in preview["columns"]}


@test
def columns_are_guessed_in_german_and_english():
    with folder() as path, serving(path / "a.db") as server:
        admin = first_account(server)
        status, german = look(admin, "bestellungen.csv", GERMAN.encode("cp1252"))
        check((status, german["format"], german["encoding"], german["separator"]), (200, "CSV", "Windows-1252", ";"), repr(german))
        check(fields_of(german), {"Kunden-Nr.": "person", "Datum": "time", "Ereignis": "event", "Kanal": "channel", "Umsatz (EUR)": "value",
                                  "Bestellnummer": "order", "E-Mail": "email", "Telefon": "phone", "Größe": None})
        check(german["columns"][0]["samples"], ["K1", "K2"])
        check(fields_of(look(admin, "o.csv", ENGLISH.encode())[1]), {"customer_id": "person", "order date": "time", "amount": "value", "order_id": "order", "email": "email"})
        lines = b'{"user":"u1","when":"2026-01-01T10:00:00Z","action":"a"}\n{"user":"u2","when":"2026-01-02T10:00:00Z","action":"b"}\n'
        check(fields_of(look(admin, "e.ndjson", lines)[1]), {"user": "person", "when": "time", "action": "event"}, "a time is known by its look")
        check(fields_of(look(admin, "x.csv", b"Datum,Zeit,Kunde,Preis\n2026-01-01,10:30,anna,teuer\n")[1]), {"Datum": "time", "Zeit": None, "Kunde": "person", "Preis": None},
              "a name alone is not enough")


@test
def the_beginning_of_a_file_is_enough():
    with folder() as path, serving(path / "a.db") as server:
        admin = first_account(server)
        rows = "user,time,event\n" + "".join(f"u{n},2026-01-01T10:00:00Z,Page Viewed {os.urandom(20).hex()}\n" for n in range(40000))
        check(fields_of(look(admin, "a.csv", rows.encode()[: 1 << 20])[1]), {"user": "person", "time": "time", "event": "event"})
        check(fields_of(look(admin, "a.csv.gz", gzip.compress(rows.encode())[: 1 << 20])[1]), {"user": "person", "time": "time", "event": "event"})
        for name, content, part in (("a.csv", b"", "empty"), ("a.xlsx", b"PK\3\4" + bytes(100), "Excel"), ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no text"), ("h.csv", b"a,b\n", "no rows")):
            status, answer = look(admin, name, content)
            check((status, part in answer["error"]["message"]), (400, True), repr(answer))
        check(os.listdir(path / "a.db.uploads"), [], "nothing stays")


@test
def an_import_is_that_of_the_command_line():
    with folder() as path, serving(path / "a.db") as server:
        admin = first_account(server)
        maps = ["person=Kunden-Nr.", "time=Datum", "event=Ereignis", "channel=Kanal", "value=Umsatz (EUR)", "order=Bestellnummer", "email=E-Mail", "phone=Telefon"]
        content = (GERMAN + "K3;gestern;Order Completed;;5;B-2;;;\n").encode("cp1252")
        answer = take(admin, "bestellungen.csv", content, source="shop", map=maps)
        check(answer.status, 200, repr(answer))
        check({key: answer.json[key] for key in ("read", "stored", "repeated", "conflicting", "refused")}, {"read": 3, "stored": 2, "repeated": 0, "conflicting": 0, "refused": 1})
        check((answer.json["refusals"][0]["row"], "not a time" in answer.json["refusals"][0]["reason"]), (3, True), repr(answer))
        (path / "f.csv").write_bytes(content)
        told = json.loads(etappe("import", path / "f.csv", "--source", "shop", *[part for one in maps for part in ("--map", one)], "--format", "json", db=path / "b.db").stdout)
        check((told["stored"], told["refused"]), (2, 1))
        drop = ("now", "through")
        mine, theirs = ({key: value for key, value in report("overview", db=path / name).items() if key not in drop} for name in ("a.db", "b.db"))
        check(mine, theirs)
        again = take(admin, "bestellungen.csv", content, source="shop", map=maps).json
        check((again["stored"], again["repeated"]), (0, 2), "the same file adds nothing")
        imports = admin.get("/api/v1/imports").json["imports"]
        check([(one["label"], one["source"], one["state"], one["stored"]) for one in imports], [("bestellungen.csv", "shop", "done", 0), ("bestellungen.csv", "shop", "done", 2)])
        check(admin.delete(f"/api/v1/imports/{answer.json['id']}").status, 204)
        check(admin.get("/api/v1/reports/overview").json["events"], 0, "gone at once")
        check(admin.delete(f"/api/v1/imports/{answer.json['id']}").status, 409)
        check(admin.delete("/api/v1/imports/77").status, 404)
        check(take(admin, "bestellungen.csv", content, source="shop", map=maps).json["stored"], 2, "what was taken back may come again")
        check([entry["action"] for entry in admin.get("/api/v1/audit").json["entries"]][:3], ["import", "import.undo", "import"])


@test
def what_cannot_be_imported_leaves_nothing():
    with folder() as path, serving(path / "a.db") as server:
        admin = first_account(server)
        for fields, part in (({"map": "person=nobody"}, "no column"), ({"map": "hat=customer_id"}, "hat"), ({"decimal": "dot"}, "decimal"), ({}, "no column says")):
            answer = take(admin, "o.csv", ENGLISH.encode(), **fields)
            check((answer.status, part in answer.json["error"]["message"]), (400, True), repr(answer))
        check(admin.get("/api/v1/imports").json["imports"], [])
        check(os.listdir(path / "a.db.uploads"), [])


@test
def live_events_are_stored_while_a_large_file_is_read():
    with folder() as path, serving(path / "a.db") as server:
        admin = first_account(server)
        rows = "user,time,event\n" + "".join(f"u{n % 5000},2026-01-01T10:{n % 60:02d}:00Z,Page Viewed {n}\n" for n in range(150000))
        check(len(rows) > 4 << 20, True, "more than a body in memory may be")
        import threading
        found = {}
        work = threading.Thread(target=lambda: found.update(take(admin, "large.csv", rows.encode(), map=["person=user", "time=time", "event=event"]).json))
        work.start()
        sent = 0
        while work.is_alive():
            server.send({"event": "Signed Up", "userId": f"live{sent}", "messageId": f"m{sent}"})
            sent += 1
        check((found["stored"], sent > 1), (150000, True), repr(found))
        check(server.report("overview")["events"], 150000 + sent)


@test
def the_sample_company_comes_into_an_empty_project_and_goes_again():
    with folder() as path, serving(path / "a.db") as server:
        admin = first_account(server)
        answer = admin.post("/api/v1/demo")
        check((answer.status, answer.json["read"]), (200, 200000), repr(answer)[:300])
        assert admin.get("/api/v1/session").json["project"]["name"] == "Lindenhof"
        again = admin.post("/api/v1/demo")
        check((again.status, again.json["error"]["code"]), (409, "conflict"))
        check(admin.delete(f"/api/v1/imports/{answer.json['id']}").status, 204)
        check((admin.get("/api/v1/reports/overview").json["events"], admin.get("/api/v1/session").json["project"]["name"] == "Lindenhof"), (0, False))
        check(os.listdir(path / "a.db.uploads"), [])


if __name__ == "__main__":
    done()
