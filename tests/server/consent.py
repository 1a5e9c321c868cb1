# SPDX-License-Identifier: Apache-2.0
"""Consent at the door: who may be measured, who may say so, GPC and DNT, visitors of a day, public keys."""
import hashlib
import hmac
import json

from serving import serving
from tap import check, etappe, folder, report, test, done

YES, NO = {"consent": {"measure": True}}, {"consent": {"measure": False}}


def apply(path, text):
    file = path / "project.yaml"
    file.write_text("version: 1\n" + text)
    etappe("project", "apply", file, db=path / "a.db")


def view(number, device="d1", context=None, **more):
    return {"type": "track", "event": "Page Viewed", "messageId": f"m{number}", "anonymousId": device, "context": context or {},
            "properties": {"path": "/secret-page"}, **more}


@test
def a_browser_without_consent_is_counted_without_identifiers():
    with folder() as path, serving(path / "a.db") as server:
        page = server.key("page", "source")
        server.send(view(1), view(2, context=YES, device="d2"), key=page)
        overview = server.report("overview")
        check((overview["events"], overview["persons"]), (2, 1))
        check(overview["coverage"]["consented"], 0.5)
        check(overview["coverage"]["identified"], 0.5)
        check(server.person("anonymous:d1"), None)
        check(server.person("anonymous:d2")["events_total"], 1)
        check(server.figure("events_without_consent_total"), 1)
        check(server.report("overview", where='properties.path = "/secret-page"')["events"], 1, "its properties go with its names")


@test
def consent_is_remembered_for_the_device_and_withdrawn_at_once():
    with folder() as path:
        with serving(path / "a.db") as server:
            page = server.key("page", "source")
            server.send(view(1, context=YES), key=page)
            server.send(view(2), key=page)
            check(server.person("anonymous:d1")["events_total"], 2)
            server.send(view(3, context=NO), key=page)
            check(server.person("anonymous:d1"), None, "masked")
            check(server.report("overview")["persons"], 0)
            server.send(view(4), key=page)
            server.send(view(5, context=YES), key=page)
            check(server.person("anonymous:d1")["events_total"], 3, "shown again, without what came between")
        with serving(path / "a.db") as server:
            server.send(view(6), key=server.key("page2", "source"))
            check(server.person("anonymous:d1")["events_total"], 4, "remembered across restarts")


@test
def the_answer_may_be_an_event_or_a_trait():
    with folder() as path, serving(path / "a.db") as server:
        page = server.key("page", "source")
        server.send({"type": "track", "event": "Consent Updated", "anonymousId": "d1", "messageId": "c1",
                     "properties": {"measure": True, "contact": {"email": False}, "profile": True, "version": "2025-06"}}, view(1), key=page)
        server.send({"type": "identify", "userId": "anna", "messageId": "c2", "traits": {"consent": {"measure": True, "profile": False}}})
        check(server.person("anonymous:d1")["events_total"], 2)
        consents = server.get("/api/v1/consents", server.key("boss", "admin")).json
        check({one["purpose"]: (one["granted"], one["denied"]) for one in consents["purposes"]},
              {"measure": (2, 0), "contact.email": (0, 1), "profile": (1, 1)})
        check([(one["purpose"], one["granted"], one["version"]) for one in server.person("anonymous:d1")["consents"]],
              [("contact.email", False, "2025-06"), ("measure", True, "2025-06"), ("profile", True, "2025-06")])
        check(server.report("overview", among="consent.profile = true")["persons"], 1)


@test
def gpc_and_dnt_outweigh_a_yes():
    with folder() as path, serving(path / "a.db") as server:
        page = server.key("page", "source")
        for number, header in enumerate(["Sec-GPC", "DNT"]):
            server.post("/v1/events", [view(number, context=YES)], page, headers={header: "1"})
        server.post("/v1/events", [view(9, context=YES)], page, headers={"DNT": "0"})
        check(server.report("overview")["events"], 3)
        check(server.person("anonymous:d1")["events_total"], 1)


@test
def a_server_has_a_basis_and_its_withdrawal_masks():
    with folder() as path, serving(path / "a.db") as server:
        order = {"event": "Order Completed", "userId": "anna", "messageId": "o1", "properties": {"total": 5}}
        server.send(order, {**order, "messageId": "o2", "userId": "bob"})
        check(server.report("overview")["persons"], 2)
        server.send({"event": "Consent Updated", "userId": "anna", "messageId": "c1", "properties": {"measure": False}})
        check(server.person("user:anna"), None)
        check((server.report("overview")["persons"], server.report("overview")["events"]), (1, 1))
        consents = server.get("/api/v1/consents", server.key("boss", "admin")).json
        check((consents["persons"], consents["hidden"], consents["erased"]), (1, 1, 0))
        server.send({"event": "Consent Updated", "userId": "anna", "messageId": "c2", "properties": {"measure": True}})
        check(server.person("user:anna")["events_total"], 3)


@test
def the_project_says_who_needs_consent():
    with folder() as path:
        with serving(path / "a.db") as server:
            server.key("page", "source"), server.key("till")
        apply(path, "without_consent: drop\nsources:\n  - {name: app, basis: legitimate_interest}\n  - {name: till, basis: consent}\n")
        with serving(path / "a.db") as server:
            page, app, till = server.key("page", "source"), server.key("app", "source"), server.key("till")
            check(server.send(view(1), key=page)["accepted"], 0, "dropped")
            check(server.figure("events_dropped_total"), 1)
            server.send(view(2), key=app)
            check(server.send(view(3), view(4, context=YES), key=till)["accepted"], 1)
            check(server.report("overview")["events"], 2)


@test
def a_visitor_lives_for_a_day_and_is_no_person():
    with folder() as path:
        apply(path, "sources:\n  - {name: page, anonymous: true}\n")
        with serving(path / "a.db") as server:
            page = server.key("page", "source")
            for number, agent in enumerate(["Firefox one", "Firefox one", "Firefox two"]):
                server.post("/v1/events", [view(number)], page, headers={"User-Agent": agent})
            overview = server.report("overview")
            check((overview["events"], overview["persons"], overview.get("visitor_days")), (3, 0, 2))
            check(server.report("stages")["stages"][0]["now"], 0)
        content = b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
        check(b"Firefox one" in content, False, "neither agent nor address are kept")


@test
def a_public_key_grants_nothing_for_a_user():
    with folder() as path, serving(path / "a.db") as server:
        page = server.key("page", "source")
        server.send({"event": "Order Completed", "userId": "anna", "messageId": "o1"})
        forged = {"type": "identify", "userId": "anna", "messageId": "f1", "context": {"consent": {"measure": True, "profile": True}}}
        server.send(forged, key=page)
        check(server.figure("consents_ignored_total"), 1)
        server.send(view(1, device="d9", userId="anna", context={"consent": {"measure": True, "profile": True, "contact.email": True}}), key=page)
        check(server.person("user:anna")["events_total"], 2, "unless the project asks for proofs, a page may say who signed in")
        check(server.figure("consents_ignored_total"), 3, "neither to profiling nor to letters")
        for purpose in ("profile", "contact.email"):
            check(server.report("overview", among=f"consent.{purpose} = true")["persons"], 0, purpose)
        answer = server.post("/v1/events", [{"type": "alias", "userId": "anna", "previousId": "d9", "messageId": "f2"}], page)
        check(answer.status, 400)
        server.send({"event": "Consent Updated", "userId": "anna", "messageId": "f3", "properties": {"measure": False}}, key=page)
        check(server.person("user:anna")["events_total"], 2, "not masked by a stranger")


@test
def a_proof_links_a_user_where_the_project_asks_for_it():
    with folder() as path:
        apply(path, "sources:\n  - {name: page, users: proven}\n")
        with serving(path / "a.db") as server:
            link_by_proof(path, server, server.key("page", "source"))


def link_by_proof(path, server, page):
    server.send({"event": "Order Completed", "userId": "carl", "messageId": "o1"})
    server.send(view(9, device="d9", userId="carl", context=YES), key=page)
    check(server.figure("users_unproven_total"), 1)
    check((server.person("user:carl")["events_total"], server.person("anonymous:d9")["events_total"]), (1, 1))
    secret = etappe("key", "proof", db=path / "a.db").stdout.strip()
    proof = hmac.new(secret.encode(), b"anna", hashlib.sha256).hexdigest()
    server.send(view(1, context=YES), view(2, userId="anna", context={**YES, "proof": proof}), key=page)
    check(server.person("user:anna")["events_total"], 2)
    server.send(view(3, device="d7", userId="bob", context={**YES, "proof": proof}), key=page)
    check(server.person("user:bob"), None, "the proof of another")


@test
def a_file_may_need_consent_too():
    with folder() as path:
        apply(path, "sources:\n  - {name: old, basis: consent}\n")
        lines = [view(1, timestamp="2025-01-01T10:00:00Z"), view(2, device="d2", context=YES, timestamp="2025-01-01T10:00:00Z"),
                 {"type": "track", "event": "Consent Updated", "userId": "anna", "messageId": "c", "timestamp": "2025-01-02T10:00:00Z",
                  "properties": {"measure": True, "profile": True}}]
        (path / "old.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
        etappe("import", path / "old.ndjson", "--source", "old", db=path / "a.db")
        overview = report("overview", db=path / "a.db")
        check((overview["events"], overview["persons"], overview["unidentified"]), (3, 2, 1))
        check(report("overview", "--among", "consent.profile = true", db=path / "a.db")["persons"], 1)
        shown = json.loads(etappe("person", "show", "user:anna", "--format", "json", db=path / "a.db").stdout)
        check([one["purpose"] for one in shown["consents"]], ["measure", "profile"])


done()
