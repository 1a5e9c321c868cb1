# SPDX-License-Identifier: Apache-2.0
"""Consents that files state, and the conditions that ask for them."""
import json

from importing import imported
from tap import check, etappe, folder, report, test, done


def lines(path, *rows):
    """A file of Segment's events: (day of January 2025, {identifier: value}, consent or None)."""
    with open(path, "w") as file:
        for number, (day, who, consent) in enumerate(rows):
            event = {"type": "track", "event": "Page Viewed", "messageId": f"{path.name}-{number}", **who,
                     "timestamp": f"2025-01-{day:02}T10:00:00Z"}
            if consent is not None:
                event["context"] = {"consent": consent}
            file.write(json.dumps(event) + "\n")
    return path


def shown(db):
    """Names by id of ann, bob, cid and dan, without who is masked."""
    found = {name: json.loads(etappe("person", "show", f"user:{name}", "--format", "json", db=db, expect=None).stdout) for name in ("ann", "bob", "cid", "dan")}
    return {one["person"]: name for name, one in found.items() if "person" in one}


def who_shown(db):
    return sorted(shown(db).values())


def who(db, condition, now="2025-01-31"):
    """Of them, for whom a condition holds."""
    names = shown(db)
    return sorted(names[one["id"]] for one in report("person", "list", "--among", condition, "--now", now, db=db)["persons"])


@test
def the_latest_statement_about_any_identifier_of_a_person_holds():
    with folder() as path:
        db = path / "a.db"
        imported(lines(path / "a.ndjson",
                       (1, {"userId": "ann"}, {"profile": True}),            # ann: yes, never taken back
                       (2, {"anonymousId": "d2"}, {"profile": True}),        # bob: yes on his device, before he is known,
                       (3, {"anonymousId": "d2", "userId": "bob"}, None),
                       (8, {"userId": "bob"}, {"profile": False}),           # and no as himself
                       (4, {"userId": "cid"}, {"profile": False}),           # cid: no, then yes
                       (9, {"userId": "cid"}, {"profile": True}),
                       (5, {"userId": "dan"}, None)), db=db)                 # dan: was never asked
        check(who(db, "consent.profile"), ["ann", "cid"])
        check(who(db, "consent.profile = false"), ["bob"])
        check(who(db, "not consent.profile"), ["bob", "dan"])
        check(who(db, "exists consent.profile"), ["ann", "bob", "cid"])
        check(who(db, "consent.personalise"), [])
        check(who(db, "consent.profile", now="2025-01-08T09:59:59"), ["ann", "bob"], "bob had agreed until ten o'clock")
        check(who(db, "consent.profile", now="2025-01-08T10:00:00"), ["ann"])
        check(who(db, "consent.profile = false", now="2025-01-08T10:00:00"), ["bob", "cid"])


@test
def a_statement_of_the_past_that_comes_late_changes_the_past_only():
    with folder() as path:
        db = path / "a.db"
        imported(lines(path / "a.ndjson", (9, {"userId": "ann"}, {"profile": True}), (9, {"userId": "bob"}, None),
                       (9, {"userId": "cid"}, None), (9, {"userId": "dan"}, None)), db=db)
        imported(lines(path / "b.ndjson", (2, {"userId": "ann"}, {"profile": True}), (4, {"userId": "ann"}, {"profile": False})), db=db)
        check([who(db, "consent.profile", now=f"2025-01-{day:02}T12:00:00") for day in (1, 3, 5, 9)], [[], ["ann"], [], ["ann"]])


FILE = """\
user,time,event,agreed,letters
ann,2025-01-02T10:00:00Z,Signed Up,measure profile,yes
bob,2025-01-03T10:00:00Z,Signed Up,measure -profile,no
cid,2025-01-04T10:00:00Z,Signed Up,-measure,
dan,2025-01-05T10:00:00Z,Signed Up,,
"""
MAP = ("--map", "consent=agreed", "--map", "consent.contact.email=letters", "--set", "consent.version=2024-11", "--source", "crm")


def states(db, name):
    """purpose: (granted, version, source, basis, at) of a user, by the person's copy."""
    copy = json.loads(etappe("person", "export", f"user:{name}", db=db).stdout)
    return {row["purpose"]: (row["granted"], row["version"], row["source"], row["basis"], row["at"][:10]) for row in copy["consents"]}


@test
def a_file_states_consents_with_basis_version_source_and_time():
    with folder() as path:
        db = path / "a.db"
        (path / "crm.csv").write_text(FILE)
        result = imported(path / "crm.csv", *MAP, db=db)
        check((result["stored"], result["refused"]), (4, 0))
        check(states(db, "ann"), {purpose: (True, "2024-11", "crm", "consent", "2025-01-02") for purpose in ("measure", "profile", "contact.email")})
        check(states(db, "bob"), {"measure": (True, "2024-11", "crm", "consent", "2025-01-03"), "profile": (False, "2024-11", "crm", None, "2025-01-03"),
                                  "contact.email": (False, "2024-11", "crm", None, "2025-01-03")})
        check(states(db, "dan"), {})
        check(report("overview", db=db)["persons"], 3, "cid is masked")
        check([report("overview", "--among", f"consent.{purpose}", db=db)["persons"] for purpose in ("measure", "profile", "contact.email")], [2, 1, 1])
        wrong = FILE.replace("measure profile", '"measure, marketing"', 1)
        (path / "wrong.csv").write_text(wrong)
        refusals = imported(path / "wrong.csv", *MAP, db=path / "b.db")["refusals"]
        check([(one["row"], one["reason"].split(":")[0]) for one in refusals], [(1, "a purpose of consent that there is not")])


@test
def taking_an_import_back_takes_its_consents_back():
    with folder() as path:
        db = path / "a.db"
        # before the file: ann refused profiling on day 1, dan agreed on day 1 and cid was measured
        imported(lines(path / "a.ndjson", (1, {"userId": "ann"}, {"profile": False}), (1, {"userId": "bob"}, None),
                       (1, {"userId": "cid"}, None), (1, {"userId": "dan"}, {"profile": True})), db=db)
        (path / "crm.csv").write_text(FILE)
        imported(path / "crm.csv", *MAP, db=db)
        check((who_shown(db), who(db, "consent.profile"), who(db, "consent.profile = false")), (["ann", "bob", "dan"], ["ann", "dan"], ["bob"]))
        # after it: ann says the same again, which must outlive the file
        imported(lines(path / "c.ndjson", (9, {"userId": "ann"}, {"profile": True})), db=db)
        etappe("import", "undo", 2, db=db)
        check((who_shown(db), who(db, "consent.profile"), who(db, "consent.profile = false")), (["ann", "bob", "cid", "dan"], ["ann", "dan"], []))
        check(who(db, "consent.profile", now="2025-01-05"), ["dan"], "between the two, ann had refused")
        etappe("import", "undo", 3, db=db)
        check((who(db, "consent.profile"), who(db, "consent.profile = false")), (["dan"], ["ann"]))
        imported(path / "crm.csv", *MAP, db=db)
        check((who_shown(db), who(db, "consent.profile")), (["ann", "bob", "dan"], ["ann", "dan"]), "imported again it counts again")


@test
def the_order_of_rows_does_not_matter():
    rows = [(1, {"userId": "ann"}, {"measure": True}), (4, {"userId": "ann"}, {"measure": False}), (2, {"userId": "ann"}, {"measure": True}),
            (6, {"userId": "bob"}, {"measure": True}), (5, {"userId": "bob"}, {"measure": False}), (3, {"userId": "cid"}, None), (3, {"userId": "dan"}, None)]
    for order in (rows, rows[::-1], sorted(rows, key=lambda row: row[0])):
        with folder() as path:
            db = path / "a.db"
            imported(lines(path / "a.ndjson", *order), db=db)
            check(who_shown(db), ["bob", "cid", "dan"], "ann's last word is no, bob's is yes")


@test
def what_cannot_be_asked_is_said():
    with folder() as path:
        db = path / "a.db"
        imported(lines(path / "a.ndjson", (1, {"userId": "ann"}, {"profile": True})), db=db)
        said = etappe("overview", "--among", "consent.profil", db=db, expect=1).stderr
        check(said.splitlines()[0].split(": ", 1)[1], '--among: column 1: there is no purpose "profil" to consent to')
        said = etappe("overview", "--among", "consent.profile = yes", db=db, expect=1).stderr
        check(said.splitlines()[0].split(": ", 1)[1], '--among: column 19: `consent.profile` is true or false, found "yes"')


done()
