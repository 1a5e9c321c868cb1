# SPDX-License-Identifier: Apache-2.0
"""Paths again, slow and obvious, compared with the program's JSON on random small journeys; ETAPPE_SEED
repeats a run."""
import collections
import random

from reference.world import import_events, median, persons_of, random_condition, random_events, random_question, seed_of_run
from tap import check, done, folder, report, test

SEED = seed_of_run()
KEYS = {"event": lambda e: e.name, "channel": lambda e: e.channel, "properties.plan": lambda e: e.plan or "(none)"}


def order(keys):
    return [key.encode() for key in keys]


def ranked(counter, limit=1000):
    return sorted(counter.items(), key=lambda item: (-item[1], order(item[0] if isinstance(item[0], tuple) else (item[0],))))[:limit]


def touches_of(history, seen, in_range, kept, after, before):
    touches = [e for e in history if e.touch and seen(e) and kept(e)]
    if not touches or not in_range(touches[0]):
        return []
    if after:
        while touches and not after(touches[0]):
            touches.pop(0)
    if before:
        while touches and not before(touches[-1]):
            touches.pop()
    return touches


def paths(persons, key, collapse, seen, in_range, kept, after, before, limit=1000):
    variants, pairs, starts, ends = (collections.Counter() for _ in range(4))
    whom, times = collections.defaultdict(set), collections.defaultdict(list)
    total = 0
    for person, history in persons.items():
        touches = touches_of(history, seen, in_range, kept, after, before)
        if not touches:
            continue
        total += 1
        keys = [key(e) for e in touches]
        starts[keys[0]] += 1
        ends[keys[-1]] += 1
        for a, b in zip(touches, touches[1:]):
            if collapse and key(a) == key(b):
                continue
            pair = (key(a), key(b))
            pairs[pair] += 1
            whom[pair].add(person)
            times[pair].append(b.time - a.time)
        if collapse:
            keys = [k for i, k in enumerate(keys) if i == 0 or k != keys[i - 1]]
        variants[tuple(keys)] += 1
    return {
        "total": total,
        "variants_total": len(variants),
        "variants": [{"path": list(path), "count": n, "share": n / total} for path, n in ranked(variants, limit)],
        "transitions_total": len(pairs),
        "transitions": [{"from": a, "to": b, "count": n, "persons": len(whom[a, b]), "median_ms": median(times[a, b])}
                        for (a, b), n in ranked(pairs, limit)],
        "starts": [{"key": k, "count": n} for k, n in ranked(starts, limit)],
        "ends": [{"key": k, "count": n} for k, n in ranked(ends, limit)],
    }


@test
def random_paths_agree():
    rng = random.Random(f"{SEED} paths")
    events = random_events(rng, 400)
    persons = persons_of(events)
    with folder() as place:
        db = import_events(place, events)
        for _ in range(120):
            common, seen, in_range, kept = random_question(rng, events)
            name, collapse, limit = rng.choice(list(KEYS)), rng.random() < 0.4, rng.choice([None, 1, 3, 7, 50])
            after = random_condition(rng) if rng.random() < 0.3 else (None, None)
            before = random_condition(rng) if rng.random() < 0.3 else (None, None)
            arguments = ["paths", "--key", name, *common, *(["--collapse"] if collapse else []),
                         *(["--after", after[0]] if after[0] else []), *(["--before", before[0]] if before[0] else []),
                         *(["--limit", limit] if limit else [])]
            answer = report(*arguments, db=db)
            expected = paths(persons, KEYS[name], collapse, seen, in_range, kept, after[1], before[1], limit or 1000)
            check({key: answer[key] for key in expected}, expected, str(arguments))


@test
def threads_and_the_order_of_rows_change_nothing():
    rng = random.Random(f"{SEED} shuffled")
    events, taken = [], set()
    for event in random_events(rng, 6000, spread_ms=10_000_000, step_ms=1):
        if (event.person, event.time) not in taken:  # equal times stand in the order of rows
            taken.add((event.person, event.time))
            events.append(event)
    with folder() as place:
        first, second = import_events(place, events, "first"), import_events(place, rng.sample(events, len(events)), "second")
        for extra in [[], ["--collapse"], ["--key", "channel", "--limit", 20], ["--unit", "journeys"], ["--after", "a", "--key", "properties.plan"]]:
            answers = [report("paths", *extra, "--threads", threads, db=db) for db in (first, second) for threads in (1, 2)]
            for other in answers[1:]:
                check({**other, "through": 0}, {**answers[0], "through": 0}, str(extra))


done()
