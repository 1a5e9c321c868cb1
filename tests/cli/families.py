# SPDX-License-Identifier: Apache-2.0
"""Families of touchpoints that the project does not name: by event, channel, name, place, grade and kind of source. By hand."""
import json

from tap import check, done, etappe, folder, report, test

PROJECT = """\
version: 1
goals: [{name: order, when: event = order, value: value, closes: true}]
stages: [{name: only}]
restart_stage: only
touchpoints:
  - {name: Till, when: event = receipt}
  - {name: Fair, family: trade, when: event = fair}
sources: [{name: page, kind: web}]
"""
# event, channel, touchpoint, place; the family that it should be of
TOLD = [
    ("seen", "tv", "TV spot", "", "ads"),
    ("Ad Clicked", "", "", "", "ads"),
    ("look", "paid_social", "", "", "ads"),
    ("look", "organic_social", "", "", "social"),
    ("look", "organic_search", "", "", "search"),
    ("look", "Direct Mail", "", "", "mail"),
    ("Email Opened", "", "May", "", "mail"),
    ("Store Visited", "", "", "", "store"),
    ("look", "", "", "store", "store"),
    ("look", "", "Filiale Bonn", "", "store"),
    ("Call Started", "email", "", "", "service"),
    ("look", "hotline", "", "", "service"),
    ("Referral Sent", "", "", "", "club"),
    ("look", "", "Somewhere", "", "web"),
    ("receipt", "", "", "", "store"),
    ("fair", "paid_search", "", "", "trade"),
]
BROWSED = [  # in a browser: places of the site are the web's, whatever brought the visit
    ("Product Viewed", "paid_search", "Product page", "web"),
    ("Chat Started", "paid_search", "Advice chat", "service"),
]


def tell(path):
    db = path / "a.db"
    (path / "project.yaml").write_text(PROJECT)
    etappe("project", "apply", path / "project.yaml", db=db)
    with open(path / "told.csv", "w") as file:
        file.write("person,time,event,channel,touchpoint,place\n")
        for number, (event, channel, touchpoint, place, _) in enumerate(TOLD):
            file.write(f"p{number},2025-01-01T10:00:00Z,{event},{channel},{touchpoint},{place}\n")
    with open(path / "page.csv", "w") as file:
        file.write("device,time,event,channel,touchpoint\n")
        for number, (event, channel, touchpoint, _) in enumerate(BROWSED):
            file.write(f"d{number},2025-01-01T10:00:00Z,{event},{channel},{touchpoint}\n")
    for name, fields in {"told": "person time event channel touchpoint place", "page": "device time event channel touchpoint"}.items():
        etappe("import", path / f"{name}.csv", "--source", name, *[w for f in fields.split() for w in ("--map", f"{f}={f}")], db=db)
    return db


def expected():
    rows = [(touchpoint, event, channel, family) for event, channel, touchpoint, _, family in TOLD]
    rows += [(touchpoint, event, channel, family) for event, channel, touchpoint, family in BROWSED]
    named = {"receipt": "Till", "fair": "Fair"}
    return [(named.get(event) or touchpoint or f"{channel or 'unassigned'} / {event}", family) for touchpoint, event, channel, family in rows]


@test
def the_map_finds_the_family_of_each_touchpoint():
    with folder() as path:
        rows = {(row["touchpoint"], row["family"]) for row in report("map", "--rows", "all", db=tell(path))["touchpoints"]}
        wanted = expected()
        # "unassigned / look" of the store is the only row whose events the place alone tells
        check(rows, set(wanted))


@test
def the_same_families_stand_at_persons():
    with folder() as path:
        db, wanted = tell(path), dict(expected())
        for number in range(len(TOLD)):
            shown = report("person", "show", f"user:p{number}", db=db)["events"][0]
            check(shown["family"], wanted[shown["touchpoint"]], shown["touchpoint"])


@test
def most_touches_decide_where_a_touchpoint_has_many_sides():
    with folder() as path:
        db = path / "a.db"
        lines = [("anna", "tv", 1), ("bob", "newsletter", 2), ("cid", "newsletter", 3)]
        (path / "a.ndjson").write_text("".join(json.dumps({
            "type": "track", "event": "Seen", "userId": user, "messageId": user, "timestamp": f"2025-01-0{day}T10:00:00Z",
            "context": {"channel": channel, "touchpoint": "Spring"}}) + "\n" for user, channel, day in lines))
        etappe("import", path / "a.ndjson", db=db)
        families = lambda *options: {row["touchpoint"]: row["family"] for row in report("map", *options, db=db)["touchpoints"]}
        check(families(), {"Spring": "mail"})
        check(families("--to", "2025-01-02"), {"Spring": "ads"}, "one each: the first in order")


done()
