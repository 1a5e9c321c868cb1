# SPDX-License-Identifier: Apache-2.0
"""Figures of real data that a slow independent program found by SPEC's rules."""
from tap import check, data, done, etappe, folder, report, test


def imported(place, name, **columns):
    db = place / "real.db"
    maps = [word for field, column in columns.items() for word in ("--map", f"{field}={column}")]
    etappe("import", data(name), *maps, db=db)
    return db


def funnel(db, *steps, options=()):
    arguments = [word for step in steps for word in ("--step", step)]
    answer = report("funnel", *arguments, *options, db=db)
    return [step["reached"] for step in answer["steps"]], [step["median_ms"] for step in answer["steps"]]


@test
def campaigns_coupons_and_purchases_of_households():
    with folder() as place:
        db = imported(place, "complete_journey_events.csv", person="household_id", time="timestamp", event="event")
        reached, medians = funnel(db, "campaign_received", "coupon_redeemed", "purchase", options=["--window", "60d"])
        check(reached, [1559, 410, 392])
        check(medians, [None, 2_030_400_000, 28_581_500])
        answer = report("paths", db=db)
        counts = {(t["from"], t["to"]): t["count"] for t in answer["transitions"]}
        check(counts["purchase", "purchase"], 38_547)
        check(counts["purchase", "campaign_received"], 5_861)
        check(counts["campaign_received", "purchase"], 5_541)
        check(counts["coupon_redeemed", "coupon_redeemed"], 1_058)
        check((answer["total"], sum(counts.values())), (2_379, 55_934 - 2_379))


@test
def the_ways_of_traffic_fines():
    with folder() as place:
        db = imported(place, "traffic_fines.csv.gz", person="case_id", time="timestamp", event="activity")
        answer = report("paths", db=db)
        check(answer["variants_total"], 44)
        check([(v["path"], v["count"]) for v in answer["variants"][:2]],
              [(["Create Fine", "Payment"], 3428),
               (["Create Fine", "Send Fine", "Insert Fine Notification", "Add penalty", "Send for Credit Collection"], 3273)])
        check(sum(v["count"] for v in answer["variants"]), 10_000)
        check(funnel(db, "Create Fine", "Send Fine", "Payment", options=["--window", "365d"])[0], [10_000, 6_566, 642])
        reached, medians = funnel(db, "Create Fine", "Payment", options=["--window", "365d", "--mode", "strict"])
        check(reached, [10_000, 3_443])
        check(medians, [None, 345_600_000])


@test
def incidents_from_new_to_closed():
    with folder() as place:
        db = imported(place, "incident_events.csv.gz", person="number", time="sys_updated_at", event="incident_state")
        check(funnel(db, "New", "Active", "Resolved", "Closed")[0], [16_397, 8_447, 8_445, 8_445])


done()
