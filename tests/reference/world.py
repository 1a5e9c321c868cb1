# SPDX-License-Identifier: Apache-2.0
"""Random small journeys, as rows of a file and as the events that SPEC's rules speak of.

An Event is seen in the order of (time, row). Names decide the rest: "Email Sent" is a company's touch,
"Payment Booked" a system's event and no touch; everything else is a customer's touch."""
import csv
import datetime
import os
import random
import statistics
import sys
from dataclasses import dataclass

from tap import etappe

DAY = 86_400_000
BEGIN = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
NAMES = ["a", "b", "c", "d", "Email Sent", "Payment Booked"]
CHANNELS = ["email", "ads", "direct"]
PLANS = ["", "free", "paid"]


@dataclass(frozen=True)
class Event:
    person: str
    time: int  # ms after BEGIN
    row: int
    name: str
    channel: str
    plan: str  # "" is missing
    device: str = ""

    @property
    def touch(self):
        return self.name != "Payment Booked"

    @property
    def customer(self):
        return self.touch and self.name != "Email Sent"


def seed_of_run():
    seed = int(os.environ.get("ETAPPE_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 31)
    print(f"# ETAPPE_SEED={seed}")
    sys.stdout.flush()
    return seed


def random_events(rng, persons, longest=8, spread_ms=6000, step_ms=500):
    """Persons of up to `longest` events each, times often equal, rows of all persons mixed."""
    rows = []
    for number in range(persons):
        for _ in range(rng.randint(1, longest)):
            rows.append((f"p{number}", rng.randrange(0, spread_ms + 1, step_ms)))
    rng.shuffle(rows)
    return [Event(person, time, row, rng.choice(NAMES), rng.choice(CHANNELS), rng.choice(PLANS))
            for row, (person, time) in enumerate(rows)]


def text_of_time(ms):
    return (BEGIN + datetime.timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_csv(path, events):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["person", "time", "event", "channel", "plan", "device"])
        for event in events:
            out.writerow([event.person, text_of_time(event.time), event.name, event.channel, event.plan, event.device])


def import_events(place, events, name="journeys", *options, project=None):
    """A fresh record with these events; returns its path."""
    path, db = place / f"{name}.csv", place / f"{name}.db"
    write_csv(path, events)
    if project:
        (place / "project.yaml").write_text(project)
        etappe("project", "apply", place / "project.yaml", db=db)
    maps = [word for field in ["person", "time", "event", "channel"] for word in ("--map", f"{field}={field}")]
    etappe("import", path, *maps, *options, db=db)
    return db


def persons_of(events):
    """Each person's events in order."""
    persons = {}
    for event in sorted(events, key=lambda e: (e.time, e.row)):
        persons.setdefault(event.person, []).append(event)
    return persons


def median(values):
    return statistics.median(values) if values else None


# A condition as text and as what it means.
CONDITIONS = [
    ("a", lambda e: e.name == "a"),
    ("b", lambda e: e.name == "b"),
    ("c", lambda e: e.name == "c"),
    ("d", lambda e: e.name == "d"),
    ("event in (a, b)", lambda e: e.name in ("a", "b")),
    ("event = \"Email Sent\"", lambda e: e.name == "Email Sent"),
    ("Payment Booked", lambda e: e.name == "Payment Booked"),
    ("channel = email", lambda e: e.channel == "email"),
    ("channel != ads and event != c", lambda e: e.channel != "ads" and e.name != "c"),
    ("properties.plan = free", lambda e: e.plan == "free"),
    ("not (properties.plan = paid) and event ~ \"^[abc]$\"", lambda e: e.plan != "paid" and e.name in ("a", "b", "c")),
]


def random_condition(rng):
    return rng.choice(CONDITIONS)


def random_question(rng, events):
    """Common options and what they keep: (arguments, seen, in_range, kept)."""
    latest = max(e.time for e in events)
    arguments, low, high, now, where = [], None, None, latest, None
    if rng.random() < 0.4:
        low = rng.randrange(0, 4000, 250)
        arguments += ["--from", text_of_time(low)]
    if rng.random() < 0.3:
        high = (low or 0) + rng.randrange(250, 5000, 250)
        arguments += ["--to", text_of_time(high)]
    if rng.random() < 0.3:
        now = rng.randrange(1000, 6000, 250)
        arguments += ["--now", text_of_time(now)]
    if rng.random() < 0.3:
        text, where = random_condition(rng)
        arguments += ["--where", text]
    arguments += ["--threads", str(rng.choice([1, 2, 3]))]
    return (arguments, lambda e: e.time <= now, lambda e: (low is None or e.time >= low) and (high is None or e.time < high),
            where or (lambda e: True))
