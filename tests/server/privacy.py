# SPDX-License-Identifier: Apache-2.0
"""Access and erasure: a complete copy, no byte left in any file, backups and what comes back from them."""
import json
import shutil
import sqlite3

from serving import serving
from tap import check, etappe, folder, report, test, done

SECRETS = [b"anna-secret@example.com", b"anna-4711", b"Wilhelmine Geheim", b"d-anna-77", b"ORDER-ANNA-9"]


def anna(number, **more):
    return {"type": "track", "event": "Order Completed", "messageId": f"anna{number}", "userId": "anna-4711", "anonymousId": "d-anna-77",
            "context": {"traits": {"email": "anna-secret@example.com"}},
            "properties": {"total": 10, "currency": "EUR", "order_id": f"ORDER-ANNA-{number}", "name": "Wilhelmine Geheim"}, **more}


def bob(number):
    return {"type": "track", "event": "Order Completed", "messageId": f"bob{number}", "userId": "bob-1", "properties": {"total": 7, "order_id": f"B{number}"}}


def found(path, secrets=SECRETS):
    """Where a secret stands in a file of ours."""
    return [(file.name, secret) for file in path.rglob("*") if file.is_file() and not file.name.endswith((".csv", ".sock"))
            for secret in secrets if secret in file.read_bytes()]


def plain_secrets(path):
    """Columns are packed: shows that the search finds what is there before."""
    return [name for name, secret in found(path)]


def keeping_totals(path):
    (path / "project.yaml").write_text("version: 1\npreset: shop\nerased_totals: keep\n")
    etappe("project", "apply", path / "project.yaml", db=path / "a.db")
    return serving(path / "a.db")


@test
def erasing_leaves_no_byte_and_changes_nobody_else():
    with folder() as path, keeping_totals(path) as server:
        admin = server.key("boss", "admin")
        server.send(*(anna(n) for n in range(10)), *(bob(n) for n in range(10)))
        server.send({"type": "identify", "userId": "anna-4711", "messageId": "c1", "traits": {"consent": {"profile": True}}})
        before = server.report("overview")
        check(before["persons"], 2)
        check(plain_secrets(path) != [], True, "the search sees what stands there")
        answer = server.post("/api/v1/persons/user:anna-4711/erase", {}, admin)
        check((answer.status, answer.json["events"]), (200, 11), repr(answer))
        after = server.report("overview")
        check((after["persons"], after["goals"][0]["value"], after["erased"]), (1, 70, {"persons": 1, "events": 11}))
        check(server.person("user:anna-4711"), None)
        check(found(path), [], "while the server runs")
        receipts = server.get("/api/v1/erasures", admin).json["receipts"]
        check([(one["receipt"], one["events"], one["by"]) for one in receipts], [(answer.json["receipt"], 11, "key:boss")])
        check(server.get("/api/v1/consents", admin).json["erased"], 1)
        check(server.post("/v1/events", [anna(3)], server.key()).status, 400, "does not come back by the door")
        server.stop()
        check(found(path), [], "after it stopped")


@test
def an_old_file_does_not_bring_somebody_back():
    with folder() as path:
        rows = "user_id,email,ts,action\n" + "".join(f"anna-4711,anna-secret@example.com,2025-01-0{n} 10:00:00,view\nbob-1,,2025-01-0{n} 11:00:00,view\n" for n in range(1, 6))
        (path / "old.csv").write_text(rows)
        options = ["import", path / "old.csv", "--map", "person=user_id", "--map", "email=email", "--map", "time=ts", "--map", "event=action"]
        etappe(*options, db=path / "a.db")
        etappe("person", "erase", "email:anna-secret@example.com", "--yes", db=path / "a.db")
        check(found(path), [])
        again = json.loads(etappe(*options, "--format", "json", db=path / "a.db").stdout)
        check((again["stored"], again["refused"]), (0, 5), "counted as refused")
        overview = report("overview", db=path / "a.db")
        check((overview["persons"], "erased" in overview), (1, False), "totals only where the project says so")
        check(found(path), [])


@test
def erasing_needs_a_yes_and_an_administrator():
    with folder() as path, serving(path / "a.db") as server:
        server.send(anna(1))
        server.settle()
        for role in ("read", "write", "source"):
            check(server.post("/api/v1/persons/user:anna-4711/erase", {}, server.key(f"k{role}", role)).status, 403)
            check(server.get("/api/v1/persons/user:anna-4711/export", server.key(f"k{role}", role)).status, 403)
        etappe("person", "erase", "user:anna-4711", db=path / "a.db", expect=2)
        check(server.person("user:anna-4711")["events_total"], 1)
        etappe("person", "erase", "user:anna-4711", "--yes", db=path / "a.db")
        check(server.person("user:anna-4711"), None, "by the server's own door")
        check(server.post("/api/v1/persons/user:anna-4711/erase", {}, server.key("boss", "admin")).status, 404)


@test
def a_copy_is_complete_and_audited():
    with folder() as path, serving(path / "a.db") as server:
        admin = server.key("boss", "admin")
        server.send(anna(1), anna(2), bob(1))
        server.send({"event": "Consent Updated", "userId": "anna-4711", "messageId": "c1", "properties": {"measure": False, "version": "v7"}})
        server.settle()
        answer = server.get("/api/v1/persons/user:anna-4711/export", admin)
        copy = answer.json
        check([one["event"] for one in copy["events"]], ["Order Completed", "Order Completed", "Consent Updated"])
        check(copy["events"][0]["properties"]["properties.name"], "Wilhelmine Geheim")
        check(copy["events"][0]["value"], 10)
        check(sorted((one["namespace"], one["value"]) for one in copy["events"][0]["identifiers"] if one["value"]), [("user", "anna-4711")])
        check([(one["purpose"], one["granted"], one["version"]) for one in copy["consents"]], [("measure", False, "v7")])
        check(copy["sources"], ["shop"])
        server.get("/api/v1/persons/user:anna-4711/export", admin)
        audit = server.get("/api/v1/persons/user:anna-4711/export", admin).json["audit"]
        check([one["action"] for one in audit], ["person.export"] * 2, "of one who is masked, too")
        told = json.loads(etappe("person", "export", "user:anna-4711", db=path / "a.db").stdout)
        check(told["events"], copy["events"])


@test
def erasing_reaches_the_backups_that_are_there():
    with folder() as path, serving(path / "a.db") as server:
        server.send(*(anna(n) for n in range(5)), *(bob(n) for n in range(5)))
        server.settle()
        etappe("backup", path / "one.backup", db=path / "a.db")
        etappe("backup", path / "gone.backup", db=path / "a.db")
        etappe("backup", path / "one.backup", db=path / "a.db", expect=1)
        (path / "gone.backup").rename(path / "elsewhere.csv")
        check(found(path) != [], True)
        answer = server.post("/api/v1/persons/user:anna-4711/erase", {}, server.key("boss", "admin")).json
        check({one["file"].split("/")[-1]: one["state"] for one in answer["backups"]}, {"one.backup": "erased", "gone.backup": "not_found"})
        check(found(path), [])
        check(sqlite3.connect(path / "one.backup").execute("PRAGMA integrity_check").fetchone(), ("ok",))


@test
def what_comes_back_forgets_again():
    with folder() as path:
        with serving(path / "a.db") as server:
            server.send(*(anna(n) for n in range(5)), *(bob(n) for n in range(5)))
            server.settle()
            before = server.report("overview")
            etappe("backup", path / "one.backup", db=path / "a.db")
            (path / "one.backup").rename(path / "moved.backup")
            server.post("/api/v1/persons/user:anna-4711/erase", {}, server.key("boss", "admin"))
            server.send(bob(7))
        etappe("restore", path / "moved.backup", db=path / "a.db", expect=1)
        (path / "a.db").unlink()
        back = etappe("restore", path / "moved.backup", db=path / "a.db").stdout
        check(("1 erasure(s)" in back, "No ledger" in back, "no accounts" in back), (True, False, False), back)
        (path / "else").mkdir()
        (path / "else" / "a.db.key").write_bytes((path / "a.db.key").read_bytes())
        (path / "else" / "a.db.key").chmod(0o600)
        back = etappe("restore", path / "moved.backup", db=path / "else" / "a.db").stdout
        check(("No ledger" in back, "no accounts" in back), (True, True), "what is missing beside a project in another place is said")
        shutil.rmtree(path / "else")
        (path / "moved.backup").unlink()
        check(found(path), [])
        with serving(path / "a.db") as server:
            after = server.report("overview")
            check((after["persons"], after["events"], after["goals"][0]["value"]), (1, 5, 35))
            check(server.send(bob(1), bob(7)), {"accepted": 1, "repeated": 1, "refused": []})
            check(server.post("/v1/events", [anna(3)], server.key()).status, 400)
            check(before["persons"], 2)


@test
def a_backup_holds_no_key_and_is_only_for_its_owner():
    with folder() as path:
        with serving(path / "a.db") as server:
            server.send(bob(1))
            etappe("backup", path / "one.backup", db=path / "a.db")
        check((path / "one.backup").stat().st_mode & 0o777, 0o600)
        check((path / "a.db.key").read_bytes() in (path / "one.backup").read_bytes(), False)
        etappe("restore", path / "one.backup", db=path / "new.db", expect=1)


done()
