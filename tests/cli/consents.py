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


def who(db, condition, now="2025-01-31"):
    """The users for whom a condition holds, of ann, bob, cid and dan."""
    found = report("person", "list", "--among", condition, "--now", now, db=db)["persons"]
    names = {report("person", "show", f"user:{name}", db=db)["person"]: name for name in ("ann", "bob", "cid", "dan")}
    return sorted(names[one["id"]] for one in found)


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
def what_cannot_be_asked_is_said():
    with folder() as path:
        db = path / "a.db"
        imported(lines(path / "a.ndjson", (1, {"userId": "ann"}, {"profile": True})), db=db)
        said = etappe("overview", "--among", "consent.profil", db=db, expect=1).stderr
        check(said.splitlines()[0].split(": ", 1)[1], '--among: column 1: there is no purpose "profil" to consent to')
        said = etappe("overview", "--among", "consent.profile = yes", db=db, expect=1).stderr
        check(said.splitlines()[0].split(": ", 1)[1], '--among: column 19: `consent.profile` is true or false, found "yes"')


done()
