# SPDX-License-Identifier: Apache-2.0
"""The overview counted again in a loop, on random journeys; ETAPPE_SEED repeats a run."""
import collections
import random

from reference.world import (BEGIN, DAY, import_events, persons_of, random_condition, random_events, random_question, seed_of_run,
                             text_of_time)
from tap import check, done, folder, report, test

SEED = seed_of_run()
AMONG = [(None, lambda history: True), ("count(a) >= 2", lambda history: sum(e.name == "a" for e in history) >= 2),
         ("first(channel exists).channel = ads", lambda history: bool(history) and history[0].channel == "ads")]


def ranked(counter):
    return sorted(counter.items(), key=lambda item: (-item[1], item[0].encode()))


def journeys(history, seen, in_range, kept):
    """Journeys that begin in range and hold an event in range that matches `where`."""
    found, current, last = [], None, None
    for event in filter(seen, history):
        if current is not None and event.touch and event.time - last > 30 * DAY:
            current = None
        if current is None and event.customer:
            found.append(current := [])
        if current is not None and event.touch:
            current.append(event)
        if event.customer:
            last = event.time
    return sum(in_range(j[0]) and any(in_range(e) and kept(e) for e in j) for j in found)


def overview(persons, among, seen, in_range, kept):
    persons = [history for history in persons.values() if among([e for e in history if seen(e)])]
    counted = [e for history in persons for e in history if seen(e) and in_range(e) and kept(e)]
    days = collections.Counter(e.time // DAY for e in counted)
    first, last = (min(days), max(days)) if days else (0, -1)
    return {
        "events": len(counted),
        "persons": len({e.person for e in counted}),
        "journeys": sum(journeys(history, seen, in_range, kept) for history in persons),
        "from": text_of_time(min(e.time for e in counted)) if counted else None,
        "to": text_of_time(max(e.time for e in counted)) if counted else None,
        "channels": [{"channel": c, "events": n} for c, n in ranked(collections.Counter(e.channel for e in counted))],
        "event_names": [{"event": c, "events": n} for c, n in ranked(collections.Counter(e.name for e in counted))],
        "periods": [{"start": (BEGIN.date().fromordinal(BEGIN.date().toordinal() + day)).isoformat(), "events": days[day]}
                    for day in range(first, last + 1)],
    }


def compare(events, questions):
    persons = persons_of(events)
    rng = random.Random(f"{SEED} questions")
    with folder() as place:
        db = import_events(place, events)
        for _ in range(questions):
            common, seen, in_range, kept = random_question(rng, events)
            text, among = rng.choice(AMONG)
            arguments = ["overview", *common, *(["--among", text] if text else [])]
            answer = report(*arguments, db=db)
            expected = overview(persons, among, seen, in_range, kept)
            check({key: answer[key] for key in expected}, expected, str(arguments))


@test
def seconds_apart():
    compare(random_events(random.Random(f"{SEED} short"), 300), 60)


@test
def weeks_apart():
    compare(random_events(random.Random(f"{SEED} long"), 300, spread_ms=90 * DAY, step_ms=DAY // 2), 25)


done()
