# SPDX-License-Identifier: Apache-2.0
"""etappe person on a small story: who is who is explained, joined, separated, and taken back."""
import json

from tap import check, done, etappe, folder, report, test

STORY = """\
ts,user,anon,email,card,event,total
2025-01-01T10:00:00Z,,d1,,,Page Viewed,
2025-01-02T10:00:00Z,anna,d1,,,Signed In,
2025-01-03T10:00:00Z,,d1,,,Page Viewed,
2025-01-04T10:00:00Z,bob,d1,,,Signed In,
2025-01-05T10:00:00Z,,d1,,,Page Viewed,
2025-01-06T10:00:00Z,anna,,family@example.com,K1,Order Completed,30
2025-01-07T10:00:00Z,bob,,family@example.com,K1,Order Completed,20
2025-01-08T10:00:00Z,,,Family@Example.com,,Email Opened,
2025-01-09T10:00:00Z,,,,K1,Store Visit,
2025-01-09T11:00:00Z,,d9,,,Page Viewed,
"""
MAP = [word for field, column in [("user", "user"), ("anonymous", "anon"), ("email", "email"), ("card", "card"), ("time", "ts"),
                                  ("event", "event"), ("value", "total")] for word in ("--map", f"{field}={column}")]


def story(path):
    (path / "story.csv").write_text(STORY)
    db = path / "story.db"
    etappe("import", path / "story.csv", *MAP, db=db)
    return db


def days(person):
    return [event["time"][8:10] for event in person["events"]]


def show(who, db):
    return report("person", "show", who, db=db)


def figures(db):
    """All that a merge or veto could change, without the number of the last change."""
    answers = [report("overview", db=db), report("person", "list", "--sort", "id", db=db),
               report("funnel", "--step", "Signed In", "--step", "Order Completed", "--who", "reached:2", db=db)]
    for answer in answers:
        del answer["through"]
    return answers


@test
def a_device_is_the_persons_who_holds_it():
    with folder() as path:
        db = story(path)
        check(days(show("user:anna", db)), ["01", "02", "03", "06", "09"])
        check(days(show("user:bob", db)), ["04", "05", "07"])
        check(days(show("email:FAMILY@example.com", db)), ["08"])
        check([show(who, db)["person"] for who in ("card:K1", "anonymous:d1")], [show(who, db)["person"] for who in ("user:anna", "user:bob")])


@test
def every_identifier_says_why():
    with folder() as path:
        db = story(path)
        anna, bob = show("user:anna", db), show("user:bob", db)
        check([(i["namespace"], i["joined"], i["at"]) for i in anna["identifiers"]],
              [("user", "names", None), ("card", "seen_with", "2025-01-06T10:00:00.000Z")])
        check([(i["namespace"], i["joined"], i["row"], i["with"]["value"]) for i in bob["identifiers"][1:]], [("anonymous", "moved", 4, "bob")])
        check([(i["namespace"], i["now_with"]) for i in anna["left"]], [("anonymous", bob["person"])])
        check([(c["because"], c["identifier"]["namespace"], c["with"]["value"], c["row"]) for c in bob["conflicts"]], [("owners", "card", "bob", 7)])
        check([i["value"] for i in show("email:family@example.com", db)["shared_by"]], ["anna", "bob"])
        check(anna["identifiers"][0]["value"], "anna", "a user is kept readable")
        check(anna["identifiers"][1]["value"], None, "a card is not")


@test
def persons_are_listed():
    with folder() as path:
        db = story(path)
        listed = report("person", "list", db=db)
        check(listed["total"], 4)
        check([(p["namespace"], p["value"], p["events"]) for p in listed["persons"]],
              [("anonymous", None, 1), ("user", "anna", 5), ("email", None, 1), ("user", "bob", 3)])
        check([p["value"] for p in report("person", "list", "--limit", "1", "--sort", "events", db=db)["persons"]], ["anna"])
        buyers = report("person", "list", "--among", 'count(event = "Order Completed") >= 1', db=db)
        check(buyers["total"], 2)
        check(report("person", "list", "--now", "2025-01-03", db=db)["total"], 1)


@test
def a_merge_and_its_end_leave_no_trace():
    with folder() as path:
        db = story(path)
        before = figures(db)
        merged = json.loads(etappe("person", "merge", "card:K1", "user:bob", "--format", "json", db=db).stdout)
        check((merged["done"], merged["one_person"]), ("merged", True))
        one = show("user:anna", db)
        check(one["person"], show("user:bob", db)["person"], "the second owns")
        check(one["events_total"], 9)
        check(len(one["merges"]), 1)
        check(report("overview", db=db)["persons"], 2)
        words = merged["links"][0]["take_back"].split()[1:]
        check(json.loads(etappe(*words, "--format", "json", db=db).stdout)["done"], "merge_taken_back")
        check(figures(db), before)


@test
def a_separation_and_its_end_leave_no_trace():
    with folder() as path:
        db = story(path)
        before = figures(db)
        apart = json.loads(etappe("person", "unmerge", "user:anna", "card:K1", "--format", "json", db=db).stdout)
        check((apart["done"], apart["one_person"]), ("separated", False))
        check(show("card:K1", db)["person"], show("user:bob", db)["person"], "the next one it was seen with")
        check([v["one"]["value"] for v in show("user:anna", db)["vetoes"]], ["anna"])
        text = etappe("person", "merge", "user:anna", "card:K1", db=db).stdout
        check("Taken back: " in text and "are one person" in text and "etappe person unmerge" in text, True, text)
        check(figures(db), before)


@test
def ids_of_sixteen_digits_do_as_well():
    with folder() as path:
        db = story(path)
        anna, bob = show("user:anna", db)["person"], show("user:bob", db)["person"]
        etappe("person", "merge", anna, bob, db=db)
        check(show(anna, db)["person"], bob, "the id of any member finds its present person")
        check("Nothing to do" in etappe("person", "merge", anna, bob, db=db).stdout, True)
        etappe("person", "unmerge", anna, bob, db=db)
        check(show(anna, db)["person"], anna)


@test
def what_cannot_be_done_is_said():
    with folder() as path:
        db = story(path)
        for words, code in [(["show", "user:carla"], 1), (["show", "carla"], 2), (["show"], 2), (["show", "user:a", "user:b"], 2), (["merge", "user:anna"], 2),
                            (["merge", "user:anna", "user:anna"], 2), (["merge", "user:anna", "user:carla"], 1),
                            (["merge", "email:family@example.com", "user:bob"], 1), (["join", "user:anna", "user:bob"], 2), ([], 2),
                            (["merge", "user:anna", "user:bob", "--format", "svg"], 2), (["show", "user:null"], 1)]:
            result = etappe("person", *words, db=db, expect=code)
            check(result.stdout, "", str(words))
            check(result.stderr.startswith("etappe: "), True, result.stderr)


@test
def an_alias_call_joins_two_users():
    lines = [{"type": "track", "event": "Page Viewed", "userId": "old", "timestamp": "2025-01-01T10:00:00Z", "messageId": "1"},
             {"type": "track", "event": "Page Viewed", "userId": "new", "timestamp": "2025-01-02T10:00:00Z", "messageId": "2"},
             {"type": "alias", "previousId": "old", "userId": "new", "timestamp": "2025-01-03T10:00:00Z", "messageId": "3"}]
    with folder() as path:
        (path / "events.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
        etappe("import", path / "events.ndjson", db=path / "alias.db")
        new = show("user:new", path / "alias.db")
        check((new["events_total"], [i["joined"] for i in new["identifiers"]]), (3, ["names", "merged"]))


@test
def an_order_is_shown_as_what_joined():
    with folder() as path:
        (path / "a.csv").write_text("person,time,event,order,dev\n,2025-01-03,order,o1,d1\nbob,2025-01-04,order,o1,\n,2025-01-05,return,o1,\n,2025-01-06,return,o9,\n")
        maps = [word for field, column in [("person", "person"), ("time", "time"), ("event", "event"), ("order", "order"), ("anonymous", "dev")]
                for word in ("--map", f"{field}={column}")]
        etappe("import", path / "a.csv", *maps, db=path / "a.db")
        person = show("order:o1", path / "a.db")
        check((days(person), person["person"]), (["03", "04", "05"], show("user:bob", path / "a.db")["person"]))
        check([(i["namespace"], i["joined"]) for i in person["identifiers"]],
              [("user", "names"), ("anonymous", "seen_with"), ("order", "seen_with")])
        check(etappe("person", "list", "--format", "csv", db=path / "a.db").stdout.count("\n"), 2, "the order that nobody has is no person")


done()
