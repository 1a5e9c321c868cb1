# SPDX-License-Identifier: Apache-2.0
"""Journeys, stages, orders and the map on a few events each, with figures worked by hand.

A story is one event a line: `ann 3+5 page order=o1` is ann's page 3 days and 5 ms after the beginning, `2:30` is the
30th minute of day 2, `Email_Sent` the event Email Sent. `source=` says which import brings it, `device=` makes it a web visit, `-` is nobody."""
import csv
import io
import random
import re

from reference.world import DAY, text_of_time
from tap import check, done, etappe, folder, report, test

MINUTE = 60_000
FIELDS = ["person", "time", "event", "channel", "value", "order", "device", "place", "card", "currency"]
PROJECT = """\
version: 1
restart_stage: consideration
goals:
  - name: order
    when: event = order
    value: value
    order: order
    closes: true
    authoritative: erp
    adjustments:
      - {kind: return, when: event = return, value: value}
      - {kind: cancel, when: event = cancel}
      - {kind: late_value, when: event = invoice, value: value}
      - {kind: renewal, when: event = renewal, value: value}
  - {name: lead, when: event = lead}
initiators:
  - {by: company, when: 'event in (mail, parcel)'}
  - {by: system, when: 'event in (invoice, renewal)'}
touchpoints:
  - {name: Ad, when: event = ad}
  - {name: Shop, when: 'event in (page, order, lead)'}
  - {name: Parcel, aftersales: true, when: 'event in (delivery, parcel)'}
  - {name: Help, aftersales: true, when: 'event in (complaint, return, cancel)'}
stages:
  - {name: awareness}
  - {name: consideration, when: event = page}
  - {name: decision, when: event = order}
  - {name: retention, when: 'event in (delivery, complaint)'}
relationships: []
"""
STAGES = ["awareness", "consideration", "decision", "retention"]


def time_of(text):
    day, minute, ms = re.fullmatch(r"(\d+)(?::(\d+))?(?:\+(\d+))?", text).groups()
    return int(day) * DAY + int(minute or 0) * MINUTE + int(ms or 0)


def rows_of(story):
    """The rows of each source."""
    sources = {}
    for line in filter(None, map(str.strip, story.splitlines())):
        person, time, event, *rest = line.split()
        row = {"person": "" if person == "-" else person, "time": text_of_time(time_of(time)), "event": event.replace("_", " ")}
        row.update(word.split("=") for word in rest)
        sources.setdefault(row.pop("source", "file"), []).append(row)
    return sources


def tell(path, story, project=PROJECT, name="story", shuffle=None):
    db = path / f"{name}.db"
    (path / "project.yaml").write_text(project)
    etappe("project", "apply", path / "project.yaml", db=db)
    sources = list(rows_of(story).items())
    for source, rows in sources:
        if shuffle:
            shuffle.shuffle(rows)
        out = io.StringIO()
        writer = csv.DictWriter(out, FIELDS, restval="")
        writer.writeheader()
        writer.writerows(rows)
        file = path / f"{name}-{source}.csv"
        file.write_text(out.getvalue())
        maps = [word for field in FIELDS if field != "place" for word in ("--map", f"{field}={field}")]
        etappe("import", file, *maps, "--source", source, db=db)
    return db


def now(text):
    return ["--now", text_of_time(time_of(text))]


def goal(db, *options, name="order"):
    found = {row["goal"]: row for row in report("overview", *options, db=db)["goals"]}[name]
    return found["conversions"], found["value"], found["net_value"]


def journeys(db, *options):
    """Journeys by state, without zeros."""
    answer = report("journeys", *options, db=db)
    counted = {row["state"]: row["journeys"] for row in answer["states"] if row["journeys"]}
    check(sum(counted.values()), answer["total"])
    return counted


def state(db, name, *options):
    return {row["state"]: row for row in report("journeys", *options, db=db)["states"]}[name]


def stages(db, *options, key="now"):
    return {row["stage"]: row[key] for row in report("stages", *options, db=db)["stages"] if row[key]}


def journey_map(db, *options):
    answer = report("map", *options, db=db)
    for row in answer["stages"]:
        check(row["persons"], row["onward"] + row["still"] + row["left"], row["stage"])
    columns = {row["stage"]: [row[key] for key in ("persons", "onward", "still", "left", "entered", "returned")]
               for row in answer["stages"] if row["persons"]}
    cells = {(row["touchpoint"], row["stage"]): row["persons"] for row in answer["cells"]}
    return columns, cells


def one(story, *asked, project=PROJECT):
    """What each question says of a story."""
    with folder() as path:
        db = tell(path, story, project)
        return [ask(db) for ask in asked]


# --- orders and what changes them -------------------------------------------------------------------------

@test
def a_return_subtracts_what_it_says_or_all():
    check(one("""ann 1 order order=o1 value=100
                 ann 5 return order=o1 value=30
                 bob 1 order order=o2 value=50
                 bob 6 return order=o2 value=-20
                 cat 1 order order=o3 value=70
                 cat 2 return order=o3""", goal), [(3, 220, 100)])


@test
def a_return_never_takes_more_than_there_was():
    check(one("ann 1 order order=o1 value=100\nann 5 return order=o1 value=80\nann 6 return order=o1 value=80", goal), [(1, 100, 0)])


@test
def a_cancelled_order_counts_and_is_worth_nothing_net():
    check(one("ann 1 order order=o1 value=100\nann 5 cancel order=o1\nann 9 order order=o2 value=10", goal), [(2, 110, 10)])


@test
def a_late_value_replaces_the_value_and_leaves_returns_alone():
    check(one("ann 1 order order=o1 value=100\nann 5 invoice order=o1 value=120", goal), [(1, 120, 120)])
    check(one("ann 1 order order=o1\nann 5 invoice order=o1 value=120\nann 6 return order=o1 value=20", goal), [(1, 120, 100)])
    check(one("ann 1 order order=o1\nann 5 return order=o1 value=20\nann 6 invoice order=o1 value=120", goal), [(1, 120, 100)])
    check(one("ann 1 order order=o1 value=9\nann 5 cancel order=o1\nann 6 invoice order=o1 value=120", goal), [(1, 120, 0)])


@test
def a_renewal_adds_its_value():
    check([net for _, _, net in one("ann 1 order order=o1 value=100\nann 366 renewal order=o1 value=90", goal)], [190])


@test
def an_adjustment_of_an_unknown_order_changes_nothing():
    check(one("ann 1 order order=o1 value=100\nann 5 return order=o9 value=30", goal), [(1, 100, 100)])


@test
def a_return_counts_at_the_orders_own_date():
    with folder() as path:
        db = tell(path, "ann 1 order order=o1 value=100\nann 40 return order=o1 value=30")
        check(goal(db, "--to", text_of_time(2 * DAY)), (1, 100, 70))
        check(goal(db, "--from", text_of_time(30 * DAY)), (0, 0, 0))
        check(goal(db, *now("39")), (1, 100, 100), "the return is unseen before it happens")


@test
def journeys_say_what_came_back_of_their_conversions():
    with folder() as path:
        # ann's return is 30 of 100; bob's first journey is abandoned before his order, which is five days old; cat's lead is worth nothing
        db = tell(path, """ann 1 page
                           ann 1:5 order order=o1 value=100
                           ann 5 return order=o1 value=30
                           bob 2 page
                           bob 40 order order=o2 value=50
                           cat 3 lead
                           dan 4 page""")

        def goals(*options):
            keys = ("goal", "conversions", "value", "net_value", "returned", "returned_value", "return_rate", "provisional", "provisional_share")
            return [tuple(row[key] for key in keys) for row in report("journeys", *options, *now("45"), db=db)["goals"]]
        check(goals(), [("order", 2, 150, 120, 1, 30, 0.2, 1, 0.5), ("lead", 1, 0, 0, 0, 0, None, 0, 0)])
        check(goals("--to", text_of_time(10 * DAY)), [("order", 1, 100, 70, 1, 30, 0.3, 0, 0), ("lead", 1, 0, 0, 0, 0, None, 0, 0)], "bob's order began later")
        check(goals("--where", "event = order and value = 50"), [("order", 1, 50, 50, 0, 0, 0, 1, 1), ("lead", 0, 0, 0, 0, 0, None, 0, None)])
        check(goals("--among", "count(page) = 0"), [("order", 0, 0, 0, 0, 0, None, 0, None), ("lead", 1, 0, 0, 0, 0, None, 0, 0)])


@test
def an_order_from_two_sources_counts_once_and_the_latest_value_holds():
    check(one("""ann 1 order order=o1 value=100 source=web
                 ann 1:5 order order=o1 value=90 source=till""", goal, journeys), [(1, 90, 90), {"converted": 1}])


@test
def a_row_without_an_amount_leaves_the_known_one():
    check(one("ann 1 order order=o1 value=100 source=web\nann 1:5 order order=o1 source=till", goal), [(1, 100, 100)])


@test
def the_authoritative_source_wins_whenever_it_spoke():
    check(one("""ann 1 order order=o1 value=100 source=web
                 ann 2 order order=o1 value=80 source=erp
                 ann 3 order order=o1 value=95 source=web""", goal), [(1, 80, 80)])
    check(one("ann 1 order order=o1 value=80 source=erp\nann 2 order order=o1 value=100 source=web", goal), [(1, 80, 80)])


@test
def an_order_stands_at_its_earliest_row_inside_a_visit():
    with folder() as path:
        db = tell(path, """ann 1 order order=o1 value=80 source=erp
                           ann 2 page device=d1 channel=ads source=web
                           ann 2:1 order order=o1 value=100 device=d1 channel=ads source=web""",
                  PROJECT + "sources:\n  - {name: web, kind: web}\n")
        check(goal(db, "--from", text_of_time(2 * DAY)), (1, 80, 80), "it moved to the visit, its value is the ERP's")
        check(goal(db), (1, 80, 80))


def conflicting(db, name="order"):
    return {row["goal"]: row["conflicting"] for row in report("overview", db=db)["goals"]}[name]


def notes(db):
    """What was passed over, without zeros."""
    return {key: n for key, n in report("overview", db=db)["notes"].items() if n}


def persons(db):
    return report("overview", db=db)["persons"]


@test
def equal_order_ids_of_two_persons_are_two_conversions():
    check(one("ann 1 order order=o1 value=10\nbob 2 order order=o1 value=20\ncat 2 order order=o2 value=5", goal, conflicting, persons),
          [(3, 35, 35), 2, 3])
    check(one("ann 1 order order=o1 value=10\nann 2 order order=o1 value=20", conflicting), [0])


@test
def a_web_purchase_and_the_erp_row_of_its_order_are_one_person():
    story = """- 1 ad device=d1 channel=ads source=web
               - 2 order device=d1 order=o1 value=100 source=web
               ann 2:5 order order=o1 value=90 source=erp
               - 9 page device=d1 source=web"""
    check(one(story, goal, persons, journeys), [(1, 90, 90), 1, {"converted": 1, "open": 1}])


@test
def a_return_that_names_only_the_order_joins_its_person_whatever_comes_first():
    lines = ["ann 1 ad channel=ads source=web", "ann 2 order order=o1 value=100 source=web", "- 5 return order=o1 value=30 source=erp",
             "- 5 return order=o9 value=7 source=erp", "bob 3 order order=o2 value=40 source=web", "- 4 cancel order=o2 source=returns"]
    for order in (lines, lines[::-1], lines[2:] + lines[:2]):
        with folder() as path:
            db = tell(path, "\n".join(order))
            check((goal(db), persons(db), notes(db)), ((2, 140, 70), 2, {"unmatched_adjustments": 1}))
            check(state(db, "converted")["tail"], 2, "the return and the cancellation are touches of Help, in the tails")
            check(report("overview", db=db)["unidentified"], 1, "the return of an order that nobody has")
            answer = report("attribution", "--model", "last", "--resamples", 0, db=db)
            check({row["key"]: (row["value"], row["net_value"]) for row in answer["models"][0]["credits"]},
                  {"ads": (100, 70), "(none)": (40, 0)})
            check(goal(db, "--from", text_of_time(2 * DAY), "--to", text_of_time(3 * DAY)), (1, 100, 70), "at the order's own date")


@test
def a_file_of_returns_needs_no_person():
    with folder() as path:
        db = tell(path, "ann 2 order order=o1 value=100")
        (path / "returns.csv").write_text("day,what,bill,amount\n2025-02-01,return,o1,30\n")
        said = etappe("import", path / "returns.csv", *"--map time=day --map event=what --map order=bill --map value=amount".split(), db=db)
        check("order id says who did it" in said.stderr, True, said.stderr)
        check((goal(db), persons(db)), ((1, 100, 70), 1))


@test
def a_return_of_an_order_that_two_persons_have_changes_the_earlier_one_once():
    check(one("""ann 1 order order=o1 value=10
                 bob 2 order order=o1 value=20
                 - 3 return order=o1 value=4""", goal, conflicting, notes), [(2, 30, 26), 2, {}])
    check(one("""ann 1 order order=o1 value=10
                 bob 2 order order=o1 value=20
                 bob 3 return order=o1 value=4
                 cat 4 return order=o1
                 - 5 invoice order=o1 value=50""", goal, conflicting, notes), [(2, 70, 16), 2, {}],
          "bob's own is his, cat's and nobody's go to ann, whose late value comes first")


@test
def a_row_of_nobody_is_no_third_conversion_of_an_order_that_two_persons_have():
    check(one("ann 1 order order=o1 value=10\nbob 2 order order=o1 value=20\n- 3 order order=o1 value=30", goal, conflicting),
          [(2, 30, 30), 2])


def apply(db, project):
    (db.parent / "project.yaml").write_text(project)
    etappe("project", "apply", db.parent / "project.yaml", db=db)


@test
def what_counts_as_nothing_is_told():
    dollars = "rates:\n  - {currency: USD, rate: 0.5}\n"
    with folder() as path:
        db = tell(path, """ann 1 order order=o1 value=-10
                           ann 2 order order=o2 value=10 currency=USD
                           ann 3 order order=o3 value=10 currency=CHF
                           ann 4 order order=o4 value=8
                           ann 4 return value=2""", PROJECT + dollars + "  - {currency: CHF, rate: 1.1}\n")
        check((goal(db), notes(db)), ((4, 24, 24), {"negative_values": 1, "unmatched_adjustments": 1}))
        apply(db, PROJECT + dollars)  # the rate of the franc is gone
        check((goal(db), notes(db)), ((4, 13, 13), {"negative_values": 1, "amounts_without_rate": 1, "unmatched_adjustments": 1}))


@test
def amounts_of_two_currencies_are_taken_at_the_rate_of_their_day():
    """o1: 100 USD x 0.5; o2: 100 USD x 0.8, of which 10 USD come back at the day of the return, x 0.8; o3: 20 GBP x 1.25;
    o4 in the project's own currency; the late value of o5 in dollars of day 12."""
    rates = """rates:
  - {currency: USD, rate: 0.5}
  - {currency: USD, from: 2025-01-11, rate: 0.8}
  - {currency: GBP, rate: 1.25}
"""
    day = (time_of("0"), text_of_time(0)[:10])
    check(day[1], "2025-01-01", "day 10 of the stories is 11 January, when the second rate begins")
    check(one("""ann 9 order order=o1 value=100 currency=USD
                 bob 10 order order=o2 value=100 currency=USD
                 bob 20 return order=o2 value=10 currency=USD
                 cat 3 order order=o3 value=20 currency=GBP
                 dan 4 order order=o4 value=7 currency=EUR
                 eve 5 order order=o5 value=1
                 eve 12 invoice order=o5 value=30 currency=USD""", goal, project=PROJECT + rates), [(5, 50 + 80 + 25 + 7 + 24, 50 + 72 + 25 + 7 + 24)])


@test
def costs_are_taken_at_the_rate_of_their_day_too():
    """ads: 100 USD x 0.5 + 100 USD x 0.8 + 10 EUR + ann's voucher of 5 EUR = 145, of which 80 fall into day 10 and later; tv has no touches: 20 GBP x 1.25."""
    rates = """rates:
  - {currency: USD, rate: 0.5}
  - {currency: USD, from: 2025-01-11, rate: 0.8}
  - {currency: GBP, rate: 1.25}
"""
    with folder() as path:
        db = tell(path, "ann 1 ad channel=ads\nann 12 order order=o1 value=70", PROJECT + rates)
        def load(name, text, maps):
            (path / name).write_text(text)
            etappe("import", path / name, *(word for pair in maps.split() for word in ("--map", pair)), db=db)

        def cost(*options):
            answer = report("attribution", "--model", "last", "--resamples", 0, *options, db=db)
            return {row["key"]: row["cost"] for row in answer["models"][0]["credits"]}, answer["cost_without_touches"]

        load("cost.csv", "day,what,channel,spent,money\n2025-01-10,bill,ads,100,USD\n2025-01-11,bill,ads,100,USD\n2025-01-02,bill,ads,10,\n"
             "2025-01-05,bill,tv,20,GBP\n", "time=day event=what channel=channel cost=spent currency=money")
        load("own.csv", "who,day,what,channel,spent\nann,2025-01-03,voucher,ads,5\n", "person=who time=day event=what channel=channel cost=spent")
        check(cost(), ({"ads": 145}, [{"key": "tv", "cost": 25}]))
        check(cost("--from", "2025-01-11"), ({"ads": 80}, []))


@test
def values_without_tax_are_counted_beside_those_with():
    project = PROJECT + "sources:\n  - {name: erp, amounts: net}\n"
    untaxed = lambda db: {row["goal"]: row["untaxed"] for row in report("overview", db=db)["goals"]}["order"]
    check(one("""ann 1 order order=o1 value=119 source=web
                 ann 2 order order=o1 value=100 source=erp
                 bob 1 order order=o2 value=50 source=web""", goal, untaxed, project=project), [(2, 150, 150), 1])


@test
def conversions_of_nobody_count_in_the_goal_and_open_no_journey():
    with folder() as path:
        db = tell(path, "- 1 order order=o1 value=10\n- 2 order order=o1 value=10\nann 1 ad channel=ads\nann 2 order order=o2 value=5")
        check(goal(db), (2, 15, 15))
        check(journeys(db), {"converted": 1})
        answer = report("attribution", "--model", "last", "--resamples", 0, db=db)
        check({row["key"]: (row["conversions"], row["value"]) for row in answer["models"][0]["credits"]},
              {"ads": (1, 5), "(unidentified)": (1, 10)})


# --- where journeys begin and end ----------------------------------------------------------------------------

@test
def thirty_days_of_silence_are_not_too_long_and_a_millisecond_more_is():
    check(one("ann 1 ad\nann 31 page", journeys), [{"open": 1}])
    check(one("ann 1 ad\nann 31+1 page", journeys), [{"abandoned": 1, "open": 1}])
    with folder() as path:
        db = tell(path, "ann 1 ad")
        check(journeys(db, *now("31")), {"open": 1})
        check(journeys(db, *now("31+1")), {"abandoned": 1})


@test
def mailings_open_no_journey_and_keep_none_alive():
    check(one("ann 1 mail\nann 2 mail", journeys, stages), [{}, {}])
    check(one("ann 1 ad\nann 20 mail\nann 32 page", journeys), [{"abandoned": 1, "open": 1}])
    with folder() as path:
        db = tell(path, "ann 1 mail\nann 2 ad\nann 3 mail\nann 4 page")
        check([state(db, "open")[key] for key in ("journeys", "mean_touches", "median_ms")], [1, 3, 2 * DAY], "ad, mail, page")


@test
def a_systems_event_is_no_touch():
    with folder() as path:
        db = tell(path, "ann 1 ad\nann 2 invoice order=o1 value=1\nann 3 page")
        check([state(db, "open")[key] for key in ("journeys", "mean_touches")], [1, 2])


@test
def what_a_person_does_without_a_device_joins_the_open_visit_and_what_the_company_sends_does_not():
    story = """ann 1 page device=d1 channel=ads source=web
               ann 1:5 order order=o1 value=10 source=till
               ann 1:10 Email_Sent source=mails
               ann 1:30 chat channel=chat source=calls
               ann 1:31 order order=o2 value=1 source=till"""
    with folder() as path:
        db = tell(path, story, PROJECT + "sources:\n  - {name: web, kind: web}\n")
        channels = {row["channel"]: row["events"] for row in report("overview", db=db)["channels"]}
        check(channels, {"ads": 2, "chat": 1, "unassigned": 2},
              "the first order has the visit's channel, the notification and the second order have none")


@test
def an_order_ends_its_journey_and_the_next_begins_further_along():
    with folder() as path:
        db = tell(path, """ann 1 ad
                           ann 2 page
                           ann 3 order order=o1 value=10
                           ann 9 ad""")
        check(journeys(db), {"converted": 1, "open": 1})
        check([state(db, "converted")[key] for key in ("mean_touches", "median_ms", "value", "again")], [3, 2 * DAY, 10, 0])
        check(state(db, "open")["again"], 1)
        check(stages(db), {"consideration": 1}, "an ad alone is awareness, but not for a buyer")
        check(stages(db, "--to", text_of_time(4 * DAY)), {"decision": 1})
        check(stages(db, key="entered"), {"awareness": 1, "consideration": 2, "decision": 1})
        check(stages(db, key="onward"), {"awareness": 1, "consideration": 1})
        check(stages(db, key="median_ms"), {"awareness": DAY, "consideration": DAY})


@test
def a_second_order_in_one_visit_closes_a_journey_of_its_own():
    with folder() as path:
        db = tell(path, """ann 1 page device=d1 source=web
                           ann 1:5 order device=d1 order=o1 value=10 source=web
                           ann 1:9 page device=d1 source=web
                           ann 1:12 order device=d1 order=o2 value=20 source=web
                           ann 1:15 page device=d1 source=web""", PROJECT + "sources:\n  - {name: web, kind: web}\n")
        check(goal(db), (2, 30, 30))
        check(journeys(db), {"converted": 2}, "the page between the orders and the one after them are tails")
        check([state(db, "converted")[key] for key in ("tail", "value", "mean_touches")], [2, 30, 1.5])
        columns, cells = journey_map(db)
        check(columns, {"consideration": [1, 1, 0, 0, 1, 0], "decision": [1, 0, 1, 0, 1, 1]})


@test
def a_touch_after_the_visit_of_the_order_opens_the_next_journey():
    with folder() as path:
        db = tell(path, """ann 1 page device=d1 source=web
                           ann 1:5 order device=d1 order=o1 value=10 source=web
                           ann 1:36 page device=d1 source=web""", PROJECT + "sources:\n  - {name: web, kind: web}\n")
        check(journeys(db), {"converted": 1, "open": 1}, "31 minutes begin a new visit")
        check(state(db, "converted")["tail"], 0)


@test
def a_purchase_in_the_store_closes_the_journey_that_began_online():
    with folder() as path:
        db = tell(path, """- 1 page device=d1 channel=ads source=web
                           ann 2 page device=d1 channel=email source=web card=K7
                           - 5 order card=K7 order=b1 value=60 source=till place=store""", PROJECT + "sources:\n  - {name: web, kind: web}\n")
        check(journeys(db), {"converted": 1})
        check([state(db, "converted")[key] for key in ("mean_touches", "median_ms", "value")], [3, 4 * DAY, 60])
        answer = report("attribution", "--model", "first", "--model", "last", "--resamples", 0, db=db)
        check([{row["key"]: row["value"] for row in model["credits"] if row["value"]} for model in answer["models"]],
              [{"ads": 60}, {"email": 60}], "a store is a place and earns nothing")


@test
def a_complaint_without_a_purchase_is_a_service_journey():
    with folder() as path:
        db = tell(path, "ann 1 complaint\nann 80 complaint\nbob 1 ad\nbob 2 complaint\nbob 3 page")
        check(journeys(db), {"service": 3, "abandoned": 1}, "service is never abandoned")
        check(stages(db, "--to", text_of_time(2 * DAY)), {"awareness": 1, "retention": 1})
        check(state(db, "service")["persons"], 2)


@test
def a_parcel_that_nobody_ordered_opens_no_journey():
    check(one("ann 1 parcel\nann 2 mail", journeys, stages), [{}, {}])


@test
def after_sales_touches_belong_to_the_order_they_name():
    with folder() as path:
        db = tell(path, """ann 1 order order=o1 value=10
                           ann 2 order order=o2 value=20
                           ann 3 page
                           ann 4 complaint order=o1
                           ann 5 complaint
                           ann 6 delivery order=o2
                           ann 7 page""")
        check(journeys(db), {"converted": 2, "open": 1})
        check(state(db, "converted")["tail"], 3)
        check([state(db, "open")[key] for key in ("mean_touches", "median_ms")], [2, 4 * DAY])
        check(stages(db), {"consideration": 1}, "the complaint moves the bought journey, not the next")
        check(stages(db, key="entered"), {"consideration": 1, "decision": 2, "retention": 2})
        only_first = ["--to", text_of_time(1 * DAY + 1), "--now", text_of_time(7 * DAY)]
        check(state(db, "converted", *only_first)["tail"], 1, "the first order's journey has the one complaint that names it")


@test
def after_sales_touches_keep_no_other_journey_alive():
    check(one("ann 1 order order=o1 value=1\nann 2 page\nann 20 complaint\nann 33 page", journeys), [{"converted": 1, "abandoned": 1, "open": 1}])


# --- the stages of all and the map ---------------------------------------------------------------------------

CROWD = """ann 1 ad
           ann 2 page
           ann 3 order order=o1 value=100
           ann 5 delivery order=o1
           bob 1 ad
           bob 2 page
           cat 30 ad
           dan 30 page
           eve 1 mail
           fay 31 ad
           fay 32 page"""


@test
def everybody_stands_in_one_stage_and_leaves_in_the_last():
    with folder() as path:
        db = tell(path, CROWD)
        at = now("33")
        check(journeys(db, *at), {"converted": 1, "abandoned": 1, "open": 3})
        check(stages(db, *at), {"awareness": 1, "consideration": 3, "retention": 1})
        check(stages(db, *at, key="ended"), {"consideration": 1}, "bob")
        check(stages(db, *at, key="lapsed"), {"consideration": 1})
        check(stages(db, *at, key="median_ms"), {"awareness": DAY, "consideration": DAY, "decision": 2 * DAY})
        columns, cells = journey_map(db, *at)
        check(columns, {"awareness": [4, 3, 1, 0, 4, 0], "consideration": [4, 1, 2, 1, 1, 0], "decision": [1, 1, 0, 0, 0, 0],
                        "retention": [1, 0, 1, 0, 0, 0]})
        check(cells, {("Ad", "awareness"): 4, ("Shop", "consideration"): 4, ("Shop", "decision"): 1, ("Parcel", "retention"): 1})
        answer = report("map", *at, db=db)
        check((answer["persons"], answer["value"]), (5, 100))
        check({(row["from"]["touchpoint"], row["to"]["touchpoint"], row["to"]["stage"]): (row["persons"], row["median_ms"]) for row in answer["moves"]},
              {("Ad", "Shop", "consideration"): (3, DAY), ("Shop", "Shop", "decision"): (1, DAY), ("Shop", "Parcel", "retention"): (1, 2 * DAY)})
        check({(row["touchpoint"], row["stage"]): row["left"] for row in answer["cells"] if row["left"]}, {("Shop", "consideration"): 1})


@test
def an_earlier_now_hides_what_came_later():
    with folder() as path:
        db = tell(path, CROWD)
        check(goal(db, *now("2")), (0, 0, 0))
        check(journeys(db, *now("2")), {"open": 2})
        check(stages(db, *now("2")), {"consideration": 2})
        check(stages(db, *now("1")), {"awareness": 2})


@test
def the_order_of_rows_changes_nothing():
    rng = random.Random(7)
    with folder() as path:  # without intervals: persons are numbered by a key of each database, and draws go by their numbers
        story = CROWD + "\nbob 33 order order=o1 value=3\nann 5:1 return order=o1 value=20\nann 4 order order=o1 value=99 source=erp\n- 9 order value=4"
        asked = [["overview"], ["journeys"], ["stages"], ["map", "--model", "none"], ["attribution", "--resamples", "0"]]
        answers = []
        for number in range(3):
            db = tell(path, story, name=f"story{number}", shuffle=rng if number else None)
            answers.append([{k: v for k, v in report(*words, "--threads", number + 1, db=db).items() if k != "through"} for words in asked])
        check(answers[1], answers[0])
        check(answers[2], answers[0])


# --- falling back ------------------------------------------------------------------------------------------------

def listed(db, name, who, *options):
    """The users whom a figure's list holds, by the identifiers of each person."""
    answer = report(name, *options, "--who", who, db=db)
    ids = answer["persons_listed" if name == "journeys" else "persons"]
    check(ids, sorted(set(ids)), "each person once")
    shown = [report("person", "show", one, db=db) for one in ids]
    return " ".join(sorted(i["value"] for person in shown for i in person["identifiers"] if i["namespace"] == "user"))


@test
def each_figure_of_the_stages_lists_its_persons():
    with folder() as path:
        db = tell(path, """ann 1 ad
                           ann 2 page
                           ann 3 order order=o1 value=5
                           bob 1 ad
                           bob 2 page
                           cat 1 ad
                           cat 50 page""", PROJECT.replace("relationships: []", "relationships:\n  - {name: stranger, when: 'count(event = order) = 0'}\n"
                                                                                 "  - {name: buyer, when: count(event = order) >= 1}"))
        at = now("60")
        expected = {"stage:decision": "ann", "consideration": "bob cat", "ended:consideration": "bob", "ended:decision": "",
                    "entered:awareness": "ann bob cat", "entered:consideration": "ann bob cat", "entered:decision": "ann",
                    "onward:awareness": "ann bob", "onward:consideration": "ann", "lapsed:awareness": "cat", "lapsed:consideration": "bob",
                    "relationship:stranger": "bob cat", "relationship:buyer": "ann"}
        for who, names in expected.items():
            check(listed(db, "stages", who, *at), names, who)
        check(listed(db, "stages", "entered:consideration", "--to", text_of_time(2 * DAY + 1)), "ann bob", "cat came later")
        check(stages(db, *at, key="entered")["awareness"], 3, "cat's second journey begins with a page, so further on")
        for who in ("entered:nowhere", "relationship:nobody", "gone:decision"):
            check("relationship:R" in etappe("stages", "--who", who, db=db, expect=1).stderr, True, who)


@test
def each_figure_of_the_journeys_lists_its_persons():
    with folder() as path:
        db = tell(path, """ann 1 ad
                           ann 2 page
                           ann 3 order order=o1 value=5
                           ann 9 order order=o2 value=5
                           ann 55 page
                           bob 1 ad
                           bob 50 page
                           cat 1 page
                           cat 1:5 page""" + "".join(f"\n dan {day} page" for day in range(30, 52)))
        at = now("60")
        expected = {"converted": "ann", "converted:3": "ann", "converted:1": "ann", "converted:2": "", "converted:again": "ann",
                    "abandoned": "bob cat", "abandoned:1": "bob", "abandoned:2": "cat", "abandoned:again": "", "open": "ann bob dan",
                    "open:again": "ann", "open:20": "dan", "service": "", "any": "ann bob cat dan", "any:1": "ann bob"}
        for who, names in expected.items():
            check(listed(db, "journeys", who, *at), names, who)
        for who in ("lost", "open:21", "open:often", ":again"):
            check("converted:3" in etappe("journeys", "--who", who, db=db, expect=2).stderr, True, who)
        check(re.findall(r"Persons of (\S+)", etappe("journeys", "--who", "open:20", *at, db=db).stdout), ["open:20"])


@test
def a_path_tells_what_became_of_it_and_who_took_it():
    """ann and gus buy, bob has fallen silent, cat was there yesterday; dan complains, then buys again."""
    with folder() as path:
        db = tell(path, """ann 31 ad
                           ann 32 page
                           ann 33 order order=o1 value=5
                           bob 1 ad
                           bob 2 page
                           bob 3 lead
                           cat 59 ad
                           dan 20 order order=o2 value=5
                           dan 21 complaint
                           dan 22 page
                           gus 31 ad
                           gus 32 page
                           gus 33 page
                           gus 34 order order=o3 value=5""")
        at = now("60")

        def variants(*options):
            return {(" ".join(row["path"]), row.get("outcome"), row.get("goes_on")): row["count"] for row in report("paths", *at, *options, db=db)["variants"]}

        check(variants("--outcomes", "--steps", "2"),
              {("ad page", "converted", True): 2, ("ad page", "left", True): 1, ("ad", "open", False): 1, ("order complaint", "converted", True): 1})
        check(variants("--outcomes", "--collapse"), {("ad page order", "converted", None): 2, ("ad page lead", "left", None): 1, ("ad", "open", None): 1,
                                                     ("order complaint page", "converted", None): 1})
        check(variants("--steps", "2", "--collapse", "--before", "event = order"), {("page order", None, True): 2, ("order", None, False): 1}, "cut towards the anchor")
        check(variants("--outcomes", "--after", "event = order"), {("order", "open", None): 2, ("order complaint page", "left", None): 1},
              "an order is no outcome of itself; dan fell silent")
        check(variants("--outcomes", "--unit", "journeys", "--key", "event")[("ad page lead", "left", None)], 1)

        def who(*options):
            ids = report("paths", *at, *options, db=db)["persons"]
            shown = [report("person", "show", one, db=db) for one in ids]
            return " ".join(sorted(i["value"] for person in shown for i in person["identifiers"] if i["namespace"] == "user"))

        check(who("--who", "1:ad"), "ann bob cat gus")
        check(who("--who", "1:ad", "--who", "2:page"), "ann bob gus")
        check(who("--who", "3:order", "--collapse"), "ann gus")
        check(who("--who", "3:page"), "dan gus")
        check(who("--who", "ends:1"), "cat")
        check(who("--who", "1:ad", "--who", "outcome:left", "--outcomes"), "bob")
        check(who("--who", "2:page", "--before", "event = order", "--collapse"), "ann gus", "the second from the anchor backwards")
        check(who("--who", "1:ad", "--steps", "1"), "ann bob cat gus")
        for options in (["--who", "ad"], ["--who", "outcome:left"], ["--who", "0:ad"], ["--outcomes", "--unit", "visits"]):
            etappe("paths", *options, db=db, expect=2)


LAPSING = PROJECT.replace("{name: decision, when: event = order}", "{name: decision, when: event = cart, lapse_after: 7d, lapse_to: consideration}")


@test
def silence_falls_back_a_stage_and_stays_so_when_abandoned():
    with folder() as path:
        db = tell(path, "ann 1 page\nann 2 cart", LAPSING)
        check(stages(db, *now("9")), {"decision": 1})
        check(stages(db, *now("9+1")), {"consideration": 1})
        check(stages(db, *now("32+1")), {"consideration": 1}, "abandoned")
        check(stages(db, *now("32+1"), key="ended"), {"consideration": 1})


@test
def a_mailing_does_not_stop_the_fall():
    check(one("ann 1 page\nann 2 cart\nann 8 mail\nann 10 mail", stages, project=LAPSING), [{"consideration": 1}])


@test
def a_fall_counts_when_its_time_is_over_though_nothing_follows():
    with folder() as path:
        db = tell(path, "ann 1 page\nann 2 cart", LAPSING)
        for at, entered, lapsed in [("9", {"consideration": 1, "decision": 1}, {}), ("9+1", {"consideration": 2, "decision": 1}, {"decision": 1}),
                                    ("32+1", {"consideration": 2, "decision": 1}, {"decision": 1, "consideration": 1})]:
            check(stages(db, *now(at), key="entered"), entered, at)
            check(stages(db, *now(at), key="lapsed"), lapsed, at)
        check(stages(db, "--from", text_of_time(10 * DAY), *now("20"), key="lapsed"), {}, "it fell before the period")


@test
def a_long_silence_falls_from_stage_to_stage_with_a_mailing_or_without():
    twice = LAPSING.replace("when: event = page}", "when: event = page, lapse_after: 14d, lapse_to: awareness}")
    for story in ("ann 1 page\nann 2 cart", "ann 1 page\nann 2 cart\nann 10 mail"):
        with folder() as path:
            db = tell(path, story, twice)
            check([stages(db, *now(at)) for at in ("9+1", "16", "16+1")], [{"consideration": 1}, {"consideration": 1}, {"awareness": 1}])
            check(stages(db, *now("16+1"), key="lapsed"), {"decision": 1, "consideration": 1})


# --- returns, and what may still come ------------------------------------------------------------------------------

RETURNS = """ann 1 order order=o1 value=100
             ann 40 return order=o1 value=30
             bob 2 order order=o2 value=60
             bob 3 cancel order=o2
             cat 30 order order=o3 value=40
             cat 31 renewal order=o3 value=10
             dan 32 lead"""


def of_goal(db, *options, name="order"):
    row = next(row for row in report("overview", *options, db=db)["goals"] if row["goal"] == name)
    return [row[key] for key in ("value", "net_value", "returned", "returned_value", "return_rate", "provisional", "provisional_share")]


@test
def the_return_rate_is_what_came_back_of_all_that_was_sold():
    with folder() as path:
        db = tell(path, RETURNS)
        # sold 100 + 60 + 40 and renewed 10; 30 and 60 came back
        check(of_goal(db, *now("41")), [200, 120, 2, 90, 90 / 210, 1, 1 / 3])
        check(of_goal(db, *now("4")), [160, 100, 1, 60, 60 / 160, 2, 1], "the later return is not known yet")
        check(of_goal(db, *now("41"), name="lead"), [0, 0, 0, 0, None, 0, 0], "nothing sold, nothing that could come back")
        check(of_goal(db, *now("0")), [0, 0, 0, 0, None, 0, None])
        sql = etappe("sql", "SELECT sum(returned_value)::DOUBLE r, count(*) FILTER (WHERE provisional) p FROM conversions WHERE goal = 'order'",
                     "--format", "csv", *now("41"), db=db).stdout
        check(sql.split(), ["r,p", "90.0,1"])
        check("42.9%" in etappe("overview", *now("41"), db=db).stdout, True)


@test
def a_conversion_is_provisional_while_it_is_younger_than_the_goal_says():
    with folder() as path:
        db = tell(path, RETURNS, PROJECT.replace("    adjustments:", "    adjustments_within: 2d\n    adjustments:"))
        check([of_goal(db, *now(at))[5] for at in ("1", "2", "3", "3+1", "4")], [1, 2, 1, 1, 0], "exactly two days are over")


# --- counting modes -----------------------------------------------------------------------------------------------

def counted(mode):
    return PROJECT.replace("{name: lead, when: event = lead}", f"{{name: lead, when: event = lead, count: {mode}}}") + "sources:\n  - {name: web, kind: web}\n"


@test
def a_goal_counts_each_or_once_a_visit_a_journey_a_person():
    story = """ann 1 lead device=d1 source=web
               ann 1:5 lead device=d1 source=web
               ann 2 lead device=d1 source=web
               ann 3 order order=o1 value=1
               ann 9 lead device=d1 source=web"""
    for mode, expected in [("each", 4), ("per_visit", 3), ("per_journey", 2), ("per_person", 1)]:
        check(one(story, lambda db: goal(db, name="lead"), journeys, project=counted(mode)), [(expected, 0, 0), {"converted": 1, "open": 1}], mode)


# --- the project file ---------------------------------------------------------------------------------------------

@test
def a_wrong_project_file_says_where_and_what():
    wrong = [("goals:\n  - {name: order}\n", "when is missing"), ("stages: []\n", "no stages"),
             (PROJECT.replace("restart_stage: consideration", "restart_stage: nowhere"), "nowhere"),
             (PROJECT.replace("kind: cancel", "kind: undo"), "must be one of return|cancel|late_value|renewal"),
             (PROJECT.replace("{name: lead,", "{name: lead, adjustments_within: 3d,"), "goals[2]: adjustments_within"),
             (PROJECT + "gaols: []\n", "gaols"), ("version: 99\n", "version 99"), ("inactivity: soon\n", "soon"),
             (PROJECT.replace("event = page", "event =="), "stages[2]")]
    with folder() as path:
        for text, says in wrong:
            (path / "p.yaml").write_text(text)
            for verb in ("check", "apply"):
                result = etappe("project", verb, path / "p.yaml", db=path / "x.db", expect=1)
                check(says in result.stderr, True, result.stderr)
                check(result.stdout, "")
            check((path / "x.db").exists(), False, "nothing was applied")


@test
def a_check_shows_what_a_new_definition_would_change_and_changes_nothing():
    with folder() as path:
        db = tell(path, CROWD)
        (path / "new.yaml").write_text(PROJECT.replace("when: event = lead", "when: event = page"))
        before = report("overview", db=db)
        text = etappe("project", "check", path / "new.yaml", *now("33"), db=db).stdout
        line = next(line for line in text.splitlines() if "goal lead" in line)
        check(re.findall(r"\d+", line)[:2], ["0", "4"])
        check(report("overview", db=db), before)


done()
