# SPDX-License-Identifier: Apache-2.0
"""Real files, as they were published, to the answers that a slow independent program found."""
import gzip

from importing import counts, events, imported
from tap import check, data, done, folder, report, test


def reached(db, *steps, **options):
    arguments = [word for step in steps for word in ("--step", step)] + [word for k, v in options.items() for word in (f"--{k}", v)]
    return report("funnel", *arguments, db=db)["steps"]


@test
def grocery_campaigns():
    file = data("complete_journey_events.csv")
    with folder() as place:
        db = place / "x.db"
        arguments = ["--map", "person=household_id", "--map", "value=value", "--map", "campaign=campaign"]
        check(counts(imported(file, *arguments, db=db)), [55934, 55934, 0, 0, 0])
        check(report("overview", db=db)["persons"], 2379)
        steps = reached(db, "campaign_received", "coupon_redeemed", "purchase", window="60d")
        check([s["reached"] for s in steps], [1559, 410, 392])
        check([s["median_ms"] for s in steps[1:]], [2030400000, 28581500])
        moves = {(m["from"], m["to"]): m["count"] for m in report("paths", "--key", "event", "--limit", 1000, db=db)["transitions"]}
        check(moves["purchase", "purchase"], 38547)
        check(moves["coupon_redeemed", "coupon_redeemed"], 1058, "954 equal rows are kept")
        check(counts(imported(file, *arguments, db=db)), [55934, 0, 55934, 0, 0])


@test
def traffic_fines():
    file = data("traffic_fines.csv.gz")
    with folder() as place:
        db = place / "x.db"
        result = imported(file, "--map", "person=case_id", "--map", "event=activity", db=db)
        check(counts(result), [34724, 34724, 0, 0, 0])
        steps = reached(db, 'event = "Create Fine"', 'event = "Send Fine"', "event = Payment", window="365d")
        check([s["reached"] for s in steps], [10000, 6566, 642])


@test
def incidents_by_number_or_by_caller():
    file = data("incident_events.csv.gz")
    with folder() as place:
        for column, persons in (("number", 24918), ("caller_id", None)):
            db = place / f"{column}.db"
            arguments = ["--map", f"person={column}", "--map", "time=sys_updated_at", "--map", "event=incident_state", "--map", "channel=contact_type"]
            result = imported(file, *arguments, db=db)
            check(result["read"], 141712)
            check(result["stored"] + result["refused"], 141712)
            if persons:
                check(report("overview", db=db)["persons"], persons)
                steps = reached(db, "New", "Active", "Resolved", "Closed")
                check([s["reached"] for s in steps], [16397, 8447, 8445, 8445])


@test
def invoices_with_negative_amounts():
    file = data("online_retail_invoices.csv")
    with folder() as place:
        db = place / "x.db"
        check(counts(imported(file, "--map", "value=value", db=db)), [22190, 22190, 0, 0, 0])
        check(report("overview", db=db)["persons"], 4372)
        with open(file, newline="", encoding="utf-8") as lines:
            import csv
            negative = sum(float(row["value"]) < 0 for row in csv.DictReader(lines))
        check(events(db, "value < 0"), negative)


@test
def a_shop_packed_and_plain():
    file = data("synthetic_shop.csv.gz")
    with folder() as place:
        plain = place / "shop.csv"
        plain.write_bytes(gzip.decompress(file.read_bytes()))
        check(counts(imported(file, db=place / "x.db")), [31106, 31106, 0, 0, 0])
        check(counts(imported(plain, db=place / "x.db")), [31106, 0, 31106, 0, 0])
        check(report("overview", db=place / "x.db")["persons"], 600)


done()
