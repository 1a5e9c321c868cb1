# SPDX-License-Identifier: Apache-2.0
"""The persons behind every figure: exactly those that the command line lists; one of them whole; joined and separated."""
import csv
import io
import json
import urllib.parse

from serving import serving
from signing import first_account
from tap import check, done, etappe, folder, report, test

DAY = "2026-03-0%dT10:%02d:00Z"


def event(day, minute, who, name, **more):
    return {"type": "track", "event": name, "userId": who, "messageId": f"{who}-{day}-{minute}", "timestamp": DAY % (day, minute), **more}


# anna views, puts in, buys for 80 and sends back for 30; ben views and puts in; carla only views.
STORY = [
    event(1, 0, "anna", "Product Viewed", context={"channel": "email"}),
    event(1, 1, "anna", "Product Added"),
    event(1, 2, "anna", "Order Completed", properties={"order_id": "o1", "total": 80}),
    event(5, 0, "anna", "Order Refunded", properties={"order_id": "o1", "total": 30}),
    event(2, 0, "ben", "Product Viewed"),
    event(2, 1, "ben", "Product Added"),
    event(3, 0, "carla", "Product Viewed"),
]


def address(path, **fields):
    return path + "?" + urllib.parse.urlencode({name: value for name, value in fields.items()}, doseq=True)


def told(server):
    server.send(*STORY)
    server.settle()


def ids(db, *arguments):
    answer = report(*arguments, db=db)
    return sorted(next(answer[key] for key in ("listed", "persons_listed", "persons") if key in answer))


@test
def a_list_holds_exactly_the_persons_of_the_figure():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        key, steps = server.key("r", "read"), ["Product Viewed", "Product Added", "Order Completed"]
        options = [part for step in steps for part in ("--step", step)]
        for who, count in (("reached:1", 3), ("reached:2", 2), ("dropped:2", 1), ("reached:3", 1), ("dropped:1,next:(none)", 1),
                           ("onward:1,with:channel = email", 1), ("dropped:1,without:channel = email", 1)):
            answer = server.get(address("/api/v1/persons", report="funnel", who=who, step=steps, limit=200), key).json
            check((answer["total"], sorted(row["person"] for row in answer["persons"])), (count, ids(path / "a.db", "funnel", *options, "--who", who)), who)
        cells = report("map", db=path / "a.db")["cells"]
        assert cells
        for cell in cells:
            who = f"stage:{cell['stage']},touchpoint:{cell['touchpoint']}"
            answer = server.get(address("/api/v1/persons", report="map", who=who), key).json
            check((answer["total"], sorted(row["person"] for row in answer["persons"])), (cell["persons"], ids(path / "a.db", "map", "--who", who)), who)
        for stage in report("stages", db=path / "a.db")["stages"]:
            answer = server.get(address("/api/v1/persons", report="stages", who=stage["stage"]), key).json
            check(answer["total"], stage["now"], stage["stage"])
            assert all(row["stage"] == stage["stage"] for row in answer["persons"])
        for who in ("entered:decision", "onward:consideration", "relationship:customer"):
            answer = server.get(address("/api/v1/persons", report="stages", who=who), key).json
            check(sorted(row["person"] for row in answer["persons"]), ids(path / "a.db", "stages", "--who", who), who)
        for state in ("converted", "open", "abandoned", "converted:2"):
            answer = server.get(address("/api/v1/persons", report="journeys", who=state), key).json
            check(sorted(row["person"] for row in answer["persons"]), ids(path / "a.db", "journeys", "--who", state), state)


@test
def a_row_says_when_how_much_and_which_way():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        answer = server.get("/api/v1/persons", server.key("r", "read")).json
        check(answer["total"], 3)
        check([row["last"] for row in answer["persons"]], ["2026-03-05T10:00:00.000Z", "2026-03-03T10:00:00.000Z", "2026-03-02T10:01:00.000Z"], "last seen first")
        anna, carla, ben = answer["persons"]
        check((anna["events"], anna["value"], anna["stage"]), (4, 50, "retention"))
        check(anna["families"].split()[2], "$", "the order stands where it happened")
        check((ben["events"], ben["value"], len(ben["families"].split())), (2, 0, 2))
        check(answer["persons"][1]["person"], json.loads(etappe("person", "show", "user:carla", "--format", "json", db=path / "a.db").stdout)["person"])
        check(server.get("/api/v1/persons?limit=1", server.key("r", "read")).json["persons"], [anna])
        check(server.get(address("/api/v1/persons", where='event = "Product Added"'), server.key("r", "read")).json["total"], 2)


@test
def one_person_is_told_whole():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        server.send(event(6, 0, "anna", "Survey Answered", properties={"score": 3, "metric": "nps"}))
        anna = server.person("user:anna")
        check((anna["stage"], anna["relationship"], anna["persona"]), ("retention", "customer", None))
        check(anna["conversions"], [{"goal": "order", "time": "2026-03-01T10:02:00.000Z", "value": 80, "net_value": 50, "order": "o1"}])
        first = anna["journeys"][0]
        check((first["number"], first["state"], first["from"], first["to"], first["value"], first["net_value"]),
              (1, "converted", "2026-03-01T10:00:00.000Z", "2026-03-01T10:02:00.000Z", 80, 50))
        check([(move["stage"], move["at"][8:16]) for move in first["stages"]], [("consideration", "01T10:00"), ("decision", "01T10:01"), ("retention", "05T10:00")])
        check(anna["identifiers"][0]["last_seen"], "2026-03-06T10:00:00.000Z")
        viewed, order, survey = anna["events"][0], anna["events"][2], anna["events"][4]
        check((viewed["touchpoint"], viewed["family"], viewed["initiator"], viewed["channel"]), ("Product page", "web", "customer", "email"))
        check(("score" in order, survey["score"]), (False, 30), "3 of 10 on 0..100")
        check(json.loads(etappe("person", "show", "user:anna", "--format", "json", db=path / "a.db").stdout)["journeys"], anna["journeys"], "the command line tells the same")
        check(server.person("user:ben")["journeys"][0]["stages"][-1]["stage"], "decision")


@test
def csv_is_complete_whatever_the_page_shows():
    with folder() as path, serving(path / "a.db") as server:
        server.send(*[event(1, 0, f"u{n}", "Page Viewed") for n in range(250)])
        server.settle()
        key = server.key("r", "read")
        check(len(server.get("/api/v1/persons", key).json["persons"]), 200)
        answer = server.get("/api/v1/persons?format=csv", key)
        check(answer.headers["Content-Type"], "text/csv; charset=utf-8")
        rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
        check((len(rows), len({row["person"] for row in rows})), (250, 250))


@test
def what_cannot_be_listed_is_refused_with_a_hint():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        key = server.key("r", "read")
        for fields in ({"report": "attribution", "who": "x"}, {"report": "none", "who": "x"}, {"report": "funnel", "step": "a"}, {"report": "stages", "who": "nowhere"}, {"limit": "many"}, {"format": "svg"}):
            answer = server.get(address("/api/v1/persons", **fields), key)
            check((answer.status, "message" in answer.json["error"]), (400, True), repr(answer))


@test
def two_are_joined_and_separated_and_each_undoes_the_other():
    with folder() as path, serving(path / "a.db") as server:
        told(server)
        admin = first_account(server)
        before = admin.get("/api/v1/persons").json["persons"]
        joined = admin.post("/api/v1/persons/merge", {"a": "user:ben", "b": "user:anna"})
        check((joined.status, joined.json["done"], joined.json["one_person"]), (200, "merged", True), repr(joined))
        check(admin.get("/api/v1/persons").json["total"], 2, "seen at once")
        check(admin.get("/api/v1/persons/user:ben").json["person"], admin.get("/api/v1/persons/user:anna").json["person"])
        apart = admin.post("/api/v1/persons/unmerge", {"a": "user:ben", "b": "user:anna"}).json
        check((apart["done"], apart["one_person"]), ("merge_taken_back", False))
        check(admin.get("/api/v1/persons").json["persons"], before)
        check(admin.post("/api/v1/persons/merge", {"a": "user:ben"}).status, 400)
        check(admin.post("/api/v1/persons/merge", {"a": "user:ben", "b": "user:nobody"}).status, 404)


if __name__ == "__main__":
    done()
