# SPDX-License-Identifier: Apache-2.0
"""What the tests of other programs expect of funnels and transitions, asked of this one. Where SPEC's rule is
another, SPEC's answer stands below with the reason."""
import csv
import json

from tap import check, data, done, etappe, folder, report, test

# By SPEC strict means the very next touch: in u3 and u4 a repeat of `a` or `b` stands between, so they stop at 2.
OURS = {"CH-STRICT": {"u1": 3, "u2": 1, "u3": 2, "u4": 2, "u5": 2, "u6": 1}}
MODES = {"ordered": "ordered", "strict": "strict", "unordered": "any"}


def cases(*kinds):
    for line in data("cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        if case["kind"] in kinds:
            yield case


def imported(place, case, only=None):
    """A record of the case's events, of one person if `only`; rows are in the order of the case."""
    db, path = place / f"{case['id']}-{only}.db", place / f"{case['id']}-{only}.csv"
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["person", "time", "event"])
        out.writerows(row for row in case["events"] if only in (None, row[0]))
    etappe("import", path, "--map", "person=person", "--map", "time=time", "--map", "event=event", db=db)
    return db


def funnel(case, db):
    query = case["query"]
    arguments = ["--mode", MODES[query["order"].split()[0]]]
    for step in query["steps"]:
        arguments += ["--step", f'event = "{step}"']
    if query.get("window_s"):
        arguments += ["--window", f"{query['window_s']}s"]
    for excluded in query.get("exclude", []):
        arguments += ["--exclude", f'event = "{excluded["event"]}"']
    return report("funnel", *arguments, db=db)


@test
def each_persons_depth_is_what_peers_find():
    asked = 0
    with folder() as place:
        for case in cases("funnel_depth"):
            for person, depth in OURS.get(case["id"], case["expected"]).items():
                steps = funnel(case, imported(place, case, person))["steps"]
                check(sum(step["reached"] for step in steps), depth, f"{case['id']} {person}")
                asked += 1
    check(asked > 10, True)


@test
def counts_are_what_peers_find():
    asked = []
    with folder() as place:
        for case in cases("funnel_counts"):
            answer = funnel(case, imported(place, case))
            check([step["reached"] for step in answer["steps"]], case["expected"], case["id"])
            asked.append(case["id"])
    check(asked, ["PH-STRICT", "PH-UNORD", "PH-EXCL", "RT-FUN"])


@test
def shares_are_of_those_who_began():
    """RT-FUN's peer divides by all paths (.75, .5, .25); SPEC by reached(1), and step to step by the one before."""
    with folder() as place:
        for case in cases("funnel_counts"):
            if case["id"] == "RT-FUN":
                steps = funnel(case, imported(place, case))["steps"]
                check([step["share"] for step in steps], [1, 2 / 3, 1 / 3])
                check([step["from_previous"] for step in steps], [None, 2 / 3, 1 / 2])


@test
def median_step_times_are_what_peers_find():
    with folder() as place:
        for case in cases("funnel_times"):
            steps = funnel(case, imported(place, case))["steps"]
            check([step["reached"] for step in steps], case["expected"]["counts"], case["id"])
            if "median_s" in case["expected"]:
                check([step["median_ms"] and step["median_ms"] / 1000 for step in steps], case["expected"]["median_s"], case["id"])


@test
def times_do_not_depend_on_the_mode():
    with folder() as place:
        for case in cases("funnel_times"):
            if case["id"] == "PH-TIME":
                db = imported(place, case)
                for mode in ["strict", "unordered"]:
                    steps = funnel({**case, "query": {**case["query"], "order": mode}}, db)["steps"]
                    check([step["median_ms"] for step in steps], [None, 7_200_000, 5_400_000], mode)


@test
def transitions_are_what_peers_find():
    with folder() as place:
        for case in cases("transition_matrix"):
            answer = report("paths", db=imported(place, case))
            rows = case["query"]["rows"]
            found = {("path_start", s["key"]): s["count"] for s in answer["starts"]}
            found |= {(e["key"], "path_end"): e["count"] for e in answer["ends"]}
            found |= {(t["from"], t["to"]): t["count"] for t in answer["transitions"]}
            check([[found.get((a, b), 0) for b in rows] for a in rows], case["expected"], case["id"])


done()
