# SPDX-License-Identifier: Apache-2.0
"""Whole lives of customers, each worked by hand from the definitions: how their journeys are cut, where they stand, what
their orders were worth and which touch earned them. Read through SQL and the reports, which must agree."""
import datetime
import json

from tap import check, done, etappe, folder, report, test

PROJECT = """\
version: 1
inactivity: 30d
restart_stage: consideration
goals:
  - name: order
    when: event = order
    value: value
    order: order
    closes: true
    adjustments: [{kind: return, when: event = return, value: value}, {kind: cancel, when: event = cancel}]
initiators: [{by: company, when: event = mail}]
touchpoints:
  - {name: Spot, when: event = spot}
  - {name: Site, when: 'event in (page, order)'}
  - {name: Mail, when: event = mail}
  - {name: Help, aftersales: true, when: 'event in (return, cancel, complaint, delivery)'}
stages:
  - {name: awareness}
  - {name: consideration, when: event = page}
  - {name: decision, when: event = basket, lapse_after: 10d, lapse_to: consideration}
  - {name: retention, when: 'event in (order, delivery)'}
  - {name: advocacy, when: event = recommend}
relationships: []
sources: [{name: site, kind: web}]
"""
HEAD = "user,time,event,channel,value,order,device\n"


def date(day):
    """Day 1 is the first of January 2025."""
    return datetime.date(2025, 1, 1) + datetime.timedelta(days=day - 1)


def tell(path, rows):
    """Rows are (day, "hh:mm", event, {field: value}); those with a device come from the site, the others from the till."""
    db = path / "a.db"
    (path / "project.yaml").write_text(PROJECT)
    etappe("project", "apply", path / "project.yaml", db=db)
    for source in ("site", "till"):
        lines = [",".join(["kim", f"{date(day)}T{clock}:00Z", event] + [str(more.get(name, "")) for name in ("channel", "value", "order", "device")])
                 for day, clock, event, more in rows if ("device" in more) == (source == "site")]
        if lines:
            (path / f"{source}.csv").write_text(HEAD + "\n".join(lines) + "\n")
            fields = "user time event channel value order".split() + ["device"] * (source == "site")
            etappe("import", path / f"{source}.csv", "--source", source, *[w for f in fields for w in ("--map", f"{f}={f}")], db=db)
    return db


def moment(day):
    """The end of a day."""
    return ("--now", f"{date(day)}T23:59:59Z")


def journeys(db, day):
    """(state, touches, tail, first stage, stage) of each, in order."""
    text = etappe("sql", "SELECT state, touches, tail, first_stage, stage, net_value FROM journeys ORDER BY journey", "--format", "json", *moment(day), db=db).stdout
    rows = [tuple(row[key] for key in ("state", "touches", "tail", "first_stage", "stage", "net_value")) for row in json.loads(text)["rows"]]
    counted = {one["state"]: one["journeys"] for one in report("journeys", *moment(day), db=db)["states"]}
    check({state: sum(row[0] == state for row in rows) for state in counted}, counted, "SQL and the report")
    return rows


def credit(db, day, model="last"):
    return {row["key"]: row["conversions"] for row in report("attribution", "--model", model, "--resamples", 0, *moment(day), db=db)["models"][0]["credits"] if row["conversions"]}


def site(channel=None, **more):
    return {"device": "d1", **({"channel": channel} if channel else {}), **more}


@test
def two_purchases_in_one_visit_are_two_journeys_and_the_visit_earns_both():
    with folder() as path:
        db = tell(path, [(1, "10:00", "spot", {"channel": "tv"}), (2, "10:00", "page", site("ads")), (2, "10:05", "order", site(value=10, order="o1")),
                         (2, "10:10", "page", site()), (2, "10:15", "order", site(value=20, order="o2")), (2, "10:20", "page", site())])
        # the page between the orders is the first one's tail, the last page the second one's
        check(journeys(db, 3), [("converted", 3, 1, "awareness", "retention", 10), ("converted", 1, 1, "consideration", "retention", 20)])
        check(credit(db, 3), {"ads": 2})
        check(credit(db, 3, "first"), {"tv": 1, "ads": 1}, "the spot stands before the first order only")


@test
def bought_at_the_till_after_looking_on_the_site():
    with folder() as path:
        db = tell(path, [(1, "10:00", "page", site("search")), (3, "12:00", "order", {"channel": "store", "value": 50, "order": "t1"})])
        check(journeys(db, 4), [("converted", 2, 0, "awareness", "retention", 50)])
        check(credit(db, 4), {"search": 1}, "where it was sold earns nothing")


@test
def a_return_that_names_its_order_goes_there_while_another_journey_is_open():
    with folder() as path:
        db = tell(path, [(1, "10:00", "order", {"value": 100, "order": "a"}), (5, "10:00", "order", {"value": 60, "order": "b"}), (8, "10:00", "page", {}),
                         (9, "10:00", "return", {"value": 40, "order": "a"}), (10, "10:00", "complaint", {})])
        # the complaint names no order: it is of the last converted journey
        check(journeys(db, 11), [("converted", 1, 1, "awareness", "retention", 60), ("converted", 1, 1, "consideration", "retention", 60),
                                 ("open", 1, 0, "consideration", "consideration", None)])
        goal = report("overview", *moment(11), db=db)["goals"][0]
        check([goal[key] for key in ("conversions", "value", "net_value", "returned", "return_rate")], [2, 160, 120, 1, 0.25])


@test
def only_mailings_are_no_journey():
    with folder() as path:
        db = tell(path, [(day, "10:00", "mail", {"channel": "email"}) for day in (1, 5, 9)])
        check((journeys(db, 60), report("overview", *moment(60), db=db)["persons"]), ([], 1))
        check(sum(row["now"] for row in report("stages", *moment(60), db=db)["stages"]), 0)


@test
def only_service_is_a_journey_outside_abandonment():
    with folder() as path:
        db = tell(path, [(1, "10:00", "complaint", {}), (2, "10:00", "complaint", {})])
        check([row[0] for row in journeys(db, 60)], ["service"])


@test
def mailings_keep_nothing_alive_and_thirty_days_are_not_more_than_thirty():
    with folder() as path:
        db = tell(path, [(1, "10:00", "spot", {}), (20, "10:00", "mail", {}), (32, "10:00", "page", {})])
        check([row[:2] for row in journeys(db, 33)], [("abandoned", 2), ("open", 1)], "31 days after the spot")
    with folder() as path:
        db = tell(path, [(1, "10:00", "spot", {}), (31, "10:00", "page", {})])
        check([row[:2] for row in journeys(db, 31)], [("open", 2)], "exactly 30 days")
    with folder() as path:
        db = tell(path, [(1, "10:00", "mail", {}), (2, "10:00", "page", {})])
        check([row[:2] for row in journeys(db, 3)], [("open", 1)], "the mail came before the journey began")


@test
def a_buyer_comes_back_further_along_and_a_stranger_does_not():
    with folder() as path:
        db = tell(path, [(1, "10:00", "order", {"value": 1, "order": "a"}), (50, "10:00", "spot", {})])
        check([row[3:5] for row in journeys(db, 51)], [("awareness", "retention"), ("consideration", "consideration")])
    with folder() as path:
        db = tell(path, [(1, "10:00", "page", {}), (50, "10:00", "spot", {})])
        check([row[0:1] + row[3:5] for row in journeys(db, 51)], [("abandoned", "awareness", "consideration"), ("open", "awareness", "awareness")])


@test
def silence_falls_back_by_the_rule_only():
    with folder() as path:
        rows = [(1, "10:00", "page", {}), (2, "10:00", "basket", {}), (9, "10:00", "mail", {})]
        db = tell(path, rows)
        check(journeys(db, 11)[0][4], "decision")
        check(journeys(db, 13)[0][4], "consideration", "ten days after the basket; a mailing is no sign of life")


@test
def an_order_told_by_two_sources_stands_in_its_visit_with_the_latest_value():
    with folder() as path:
        db = tell(path, [(2, "09:00", "order", {"value": 70, "order": "x"}), (2, "10:00", "page", site("ads")), (2, "10:05", "order", site(value=75, order="x")),
                         (3, "10:00", "cancel", {"order": "nothing"})])
        goal = report("overview", *moment(4), db=db)["goals"][0]
        check([goal[key] for key in ("conversions", "value", "net_value")], [1, 75, 75])
        check(credit(db, 4), {"ads": 1})
        check([row[:2] for row in journeys(db, 4)], [("converted", 2)])


done()
