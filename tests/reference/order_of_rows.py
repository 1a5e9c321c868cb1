# SPDX-License-Identifier: Apache-2.0
"""The same events give the same answers to the last byte, in whatever order their rows came and whichever key a database
hashes identifiers with: intervals too. Only equal times are told apart by arrival, so that here no two are equal."""
import csv
import datetime
import random
import re

from reference.world import seed_of_run
from tap import check, done, etappe, folder, test

SEED = seed_of_run()
EVENTS = 20_000
STEPS = [word for event in ("Product Viewed", "Product Added", "Order Completed") for word in ("--step", f'event = "{event}"')]
QUESTIONS = [
    ["overview"],
    ["funnel", *STEPS],
    ["funnel", *STEPS, "--by", "channel"],
    ["paths"],
    ["journeys"],
    ["stages"],
    ["map"],
    ["map", "--rows", "all", "--model", "shapley"],
    ["attribution"],
    ["attribution", "--model", "linear", "--model", "time-decay", "--key", "campaign", "--seed", "7"],
    ["attribution", "--model", "markov(2)", "--model", "markov(3)"],
    ["attribution", "--key", "touchpoint", "--model", "markov"],
]


def simulated(path):
    """Rows without equal times; a row told twice keeps what it tells."""
    etappe("simulate", "--out", path, "--events", EVENTS, "--seed", SEED % 1000)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    taken, time_of = set(), {}
    for row in rows:
        if row["id"] not in time_of:
            time = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00"))
            while time in taken:
                time += datetime.timedelta(milliseconds=1)
            taken.add(time)
            time_of[row["id"]] = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
        row["time"] = time_of[row["id"]]
    return rows


def imported(path, name, *parts):
    db = path / f"{name}.db"
    for number, rows in enumerate(parts):
        file = path / f"{name}{number}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        etappe("import", file, db=db)
    return db


def answer(db, question):
    text = etappe(*question, "--format", "json", db=db).stdout
    return re.sub(r'"(through|definitions)":("[^"]*"|\d+)', "", text)


@test
def the_order_of_rows_changes_no_byte():
    with folder() as path:
        rows = simulated(path / "simulated.csv")
        mixed = random.Random(SEED).sample(rows, len(rows))
        third = len(rows) // 3
        told = imported(path, "told", rows)
        others = {"backwards": imported(path, "backwards", rows[::-1]), "shuffled": imported(path, "shuffled", mixed[:third], mixed[third:])}
        for question in QUESTIONS:
            expected = answer(told, question)
            if question[0] == "attribution":
                assert '"low"' in expected, expected
            for name, db in others.items():
                check(answer(db, question), expected, f"{name}: {question}")


done()
