# SPDX-License-Identifier: Apache-2.0
"""The funnel again, slow and obvious: every choice of events is tried. Compared with the program's JSON on
thousands of random small journeys; ETAPPE_SEED repeats a run."""
import random
from dataclasses import replace

from reference.world import (CHANNELS, DAY, Event, import_events, median, persons_of, random_condition, random_events, random_question,
                             seed_of_run)
from tap import check, done, folder, report, test

SEED = seed_of_run()
QUESTIONS = 60


# --- SPEC, read aloud ------------------------------------------------------------------------------------

def attempts(events, steps, mode, window, exclude, seen, in_range, kept):
    """All chains e1 < ... < ek of one unit, as lists of (event, step) in order."""
    events = [e for e in events if seen(e)]
    matches = [[k for k, step in enumerate(steps) if kept(e) and step(e)] for e in events]
    sequence = [i for i, e in enumerate(events) if kept(e) and (e.touch or matches[i])]
    stack = [[(i, k)] for i in range(len(events)) for k in matches[i] if in_range(events[i]) and (mode == "any" or k == 0)]
    while stack:
        chain = stack.pop()
        yield [events[i] for i, _ in chain]
        first, last, used = chain[0][0], chain[-1][0], [k for _, k in chain]
        for i in range(last + 1, len(events)):
            if window is not None and events[i].time - events[first].time > window:
                continue
            if exclude and any(exclude(events[j]) for j in range(first + 1, i)):
                continue
            if mode == "strict" and any(last < j < i for j in sequence):
                continue
            for k in matches[i]:
                if (k not in used) if mode == "any" else (k == len(chain)):
                    stack.append(chain + [(i, k)])


def best_attempt(*arguments):
    """The deepest; of those the one with the earliest first event, then second, and so on."""
    return min(attempts(*arguments), key=lambda chain: (-len(chain), [(e.time, e.row) for e in chain]), default=[])


def figures(depths, chains, n_steps):
    reached = [sum(d > k for d in depths) for k in range(n_steps)]
    return [{"step": k + 1, "reached": reached[k],
             "share": reached[k] / reached[0] if reached[0] else None,
             "from_previous": (reached[k] / reached[k - 1] if reached[k - 1] else None) if k else None,
             "dropped": reached[k] - reached[k + 1] if k + 1 < n_steps else 0,
             "median_ms": median([c[k].time - c[k - 1].time for c in chains if len(c) > k]) if k else None} for k in range(n_steps)]


def funnel(units, steps, mode, window, exclude, seen, in_range, kept):
    chains = [best_attempt(events, steps, mode, window, exclude, seen, in_range, kept) for events in units]
    total = sum(any(seen(e) and in_range(e) and kept(e) for e in events) for events in units)
    return total, [c for c in chains if c], figures([len(c) for c in chains], chains, len(steps))


# --- against the program ------------------------------------------------------------------------------------

def without_names(steps):
    return [{key: value for key, value in step.items() if key != "name"} for step in steps]


def ask(rng, events, mode):
    """Options, their meaning, for one random question."""
    common, seen, in_range, kept = random_question(rng, events)
    steps = [random_condition(rng) for _ in range(rng.randint(1, 4))]
    window = rng.choice([None, 0, 500, 1000, 1500, 2500, 4000])
    exclude = random_condition(rng) if rng.random() < 0.3 else (None, None)
    arguments = ["funnel", "--mode", mode, *common]
    for text, _ in steps:
        arguments += ["--step", text]
    if window == 0:
        window = 1
    if window is not None:
        arguments += ["--window", f"{window}ms"]
    if exclude[0]:
        arguments += ["--exclude", exclude[0]]
    return arguments, ([step for _, step in steps], mode, window, exclude[1], seen, in_range, kept)


def compare(mode):
    rng = random.Random(f"{SEED} {mode}")
    events = random_events(rng, 500)
    with folder() as place:
        db = import_events(place, events)
        units = list(persons_of(events).values())
        for _ in range(QUESTIONS):
            arguments, meaning = ask(rng, events, mode)
            answer = report(*arguments, db=db)
            total, _, steps = funnel(units, *meaning)
            check(answer["total"], total, f"total of {arguments}")
            check(without_names(answer["steps"]), steps, str(arguments))


@test
def ordered_funnels_agree():
    compare("ordered")


@test
def strict_funnels_agree():
    compare("strict")


@test
def funnels_in_any_order_agree():
    compare("any")


@test
def groups_agree():
    """--by a field of the first event, and by the person's first order."""
    rng = random.Random(f"{SEED} groups")
    events = random_events(rng, 250)
    persons = persons_of(events)
    with folder() as place:
        db = import_events(place, events)
        for _ in range(30):
            mode = rng.choice(["ordered", "strict", "any"])
            arguments, meaning = ask(rng, events, mode)
            seen = meaning[4]
            by = rng.choice(["channel", "properties.plan", "first(event = b).channel", "last(channel = email).event"])
            groups = {}
            for history in persons.values():
                chain = best_attempt(history, *meaning)
                if not chain:
                    continue
                if by == "channel":
                    value = chain[0].channel
                elif by == "properties.plan":
                    value = chain[0].plan or "(none)"
                elif by == "first(event = b).channel":
                    value = next((e.channel for e in history if seen(e) and e.name == "b"), "(none)")
                else:
                    value = next((e.name for e in reversed(history) if seen(e) and e.channel == "email"), "(none)")
                groups.setdefault(value, []).append(chain)
            n_steps = len(meaning[0])
            expected = sorted(({"value": value, "total": len(chains), "steps": figures([len(c) for c in chains], chains, n_steps)}
                               for value, chains in groups.items()), key=lambda g: (-g["total"], g["value"].encode()))
            answer = report(*arguments, "--by", by, db=db)
            found = [{**g, "steps": without_names(g["steps"])} for g in answer["groups"]]
            check(found, expected, f"{arguments} --by {by}")
            if len(expected) > 1:
                limited = report(*arguments, "--by", by, "--limit", 1, db=db)
                rest = [c for g in expected[1:] for c in groups[g["value"]]]
                check(without_names(limited["groups"][1]["steps"]), figures([len(c) for c in rest], rest, n_steps), "(other)")
                check((limited["groups"][1]["value"], limited["groups_total"]), ("(other)", len(expected)))


@test
def the_persons_behind_a_figure_are_as_many_as_it_says():
    rng = random.Random(f"{SEED} who")
    events = random_events(rng, 200)
    with folder() as place:
        db = import_events(place, events)
        for _ in range(20):
            arguments, _ = ask(rng, events, rng.choice(["ordered", "strict", "any"]))
            steps = report(*arguments, db=db)["steps"]
            for step in steps:
                persons = report(*arguments, "--who", f"reached:{step['step']}", db=db)["persons"]
                check(len(persons), step["reached"], str(arguments))
                check(persons, sorted(set(persons)))
            for step in steps[:-1]:
                check(len(report(*arguments, "--who", f"dropped:{step['step']}", db=db)["persons"]), step["dropped"], str(arguments))


@test
def where_those_go_next_who_stop_agrees():
    """Their first touch after the step at another touchpoint than that of the step's event."""
    rng = random.Random(f"{SEED} next")
    events = random_events(rng, 200)
    persons = persons_of(events)
    with folder() as place:
        db = import_events(place, events)
        for _ in range(30):
            arguments, meaning = ask(rng, events, rng.choice(["ordered", "strict", "any"]))
            n_steps, seen, kept = len(meaning[0]), meaning[4], meaning[6]
            for step in range(1, n_steps):
                places = {}
                for history in persons.values():
                    chain = best_attempt(history, *meaning)
                    if len(chain) != step:
                        continue
                    last = chain[-1]
                    after = [e for e in history if (e.time, e.row) > (last.time, last.row) and seen(e) and kept(e) and e.touch]
                    touchpoints = [f"{e.channel} / {e.name}" for e in after]
                    value = next((one for one in touchpoints if one != f"{last.channel} / {last.name}"), "(none)")
                    places[value] = places.get(value, 0) + 1
                expected = sorted(places.items(), key=lambda one: (-one[1], one[0].encode()))
                found = report(*arguments, "--next", step, db=db)["next"]
                check([(row["value"], row["count"]) for row in found["rows"]], expected, f"{arguments} --next {step}")
                check(found["dropped"], sum(places.values()))
                for value, count in expected[:2]:
                    check(len(report(*arguments, "--who", f"dropped:{step},next:{value}", db=db)["persons"]), count, f"{arguments} {value}")


@test
def what_is_more_frequent_counts_the_events_of_the_steps():
    """Whoever takes the plan `paid` at the first step stops twice as often: a row of it, and its persons."""
    rng = random.Random(f"{SEED} drivers")
    events = []
    for number in range(400):
        plan = rng.choice(["free", "paid"])
        goes = rng.random() < (0.7 if plan == "free" else 0.35)
        events += [(f"p{number}", 0, "a", plan)] + ([(f"p{number}", 500, "b", "free")] if goes else [(f"p{number}", 500, "c", "paid")])
    events = [Event(person, time, row, name, "ads", plan) for row, (person, time, name, plan) in enumerate(events)]
    with folder() as place:
        db = import_events(place, events)
        found = report("funnel", "--step", "a", "--step", "b", "--drivers", 1, db=db)["drivers"]
        firsts = {e.person: e.plan for e in events if e.name == "a"}
        onward = {e.person for e in events if e.name == "b"}
        paid = {person for person, plan in firsts.items() if plan == "paid"}
        row = found["list"][0]
        check((row["who"], row["count"], row["onward"]), ("with:properties.plan = paid", len(paid - onward), len(paid & onward)))
        check(round(row["ratio"], 9), round((len(paid - onward) / (400 - len(onward))) / (len(paid & onward) / len(onward)), 9))
        for kind, count in (("dropped", row["count"]), ("onward", row["onward"])):
            check(len(report("funnel", "--step", "a", "--step", "b", "--who", f"{kind}:1,{row['who']}", db=db)["persons"]), count)


@test
def journeys_are_units():
    """Without closing goals a journey ends by 30 days without a customer's touch."""
    def journeys(persons):
        cut = []
        for history in persons.values():
            current, last = None, None
            for event in history:
                if not event.touch:
                    continue
                if current is not None and event.time - last > 30 * DAY:
                    current = None
                if current is None and event.customer:
                    current = []
                    cut.append(current)
                if current is not None:
                    current.append(event)
                if event.customer:
                    last = event.time
        return cut

    rng = random.Random(f"{SEED} long")
    names = ["a", "b", "c", "d", "Email Sent"]
    rows = [(f"p{rng.randrange(120)}", rng.randrange(0, 200) * DAY) for _ in range(900)]
    events = [Event(person, time, row, rng.choice(names), rng.choice(CHANNELS), "") for row, (person, time) in enumerate(rows)]
    with folder() as place:
        db = import_events(place, events)
        check(report("overview", db=db)["journeys"], len(journeys(persons_of(events))))
        everything = (lambda e: True,) * 3
        for window in [None, 20 * DAY]:
            steps = [lambda e: e.name == "a", lambda e: e.name in ("b", "c"), lambda e: e.name == "Email Sent"]
            arguments = ["funnel", "--unit", "journeys", "--step", "a", "--step", "event in (b, c)", "--step", "event = \"Email Sent\""]
            answer = report(*arguments, *([] if window is None else ["--window", "20d"]), db=db)
            total, _, expected = funnel(journeys(persons_of(events)), steps, "ordered", window, None, *everything)
            check(answer["total"], total)
            check(without_names(answer["steps"]), expected)


@test
def visits_are_units():
    """A visit ends where a device is silent for more than 30 minutes."""
    def visits(persons):
        cut = []
        for history in persons.values():
            last = {}
            for event in history:
                visit, time = last.get(event.device, (None, None))
                if visit is None or event.time - time > 30 * 60_000:
                    cut.append(visit := [])
                visit.append(event)
                last[event.device] = (visit, event.time)
        return cut

    rng = random.Random(f"{SEED} visits")
    events = [replace(e, device=f"{e.person}-{rng.randint(1, 2)}") for e in random_events(rng, 300, spread_ms=9_000_000, step_ms=60_000)]
    with folder() as place:
        db = import_events(place, events, "visits", "--source", "site", "--map", "device=device",
                           project="sources:\n  - {name: site, kind: web}\n")
        units = visits(persons_of(events))
        for _ in range(QUESTIONS):
            arguments, meaning = ask(rng, events, rng.choice(["ordered", "strict", "any"]))
            answer = report(*arguments, "--unit", "visits", db=db)
            total, _, steps = funnel(units, *meaning)
            check(answer["total"], total, f"total of {arguments}")
            check(without_names(answer["steps"]), steps, str(arguments))


@test
def threads_and_the_order_of_rows_change_nothing():
    rng = random.Random(f"{SEED} shuffled")
    events, taken = [], set()
    for event in random_events(rng, 3000, spread_ms=10_000_000, step_ms=1):
        if (event.person, event.time) not in taken:  # equal times stand in the order of rows
            taken.add((event.person, event.time))
            events.append(event)
    shuffled = rng.sample(events, len(events))
    with folder() as place:
        first, second = import_events(place, events, "first"), import_events(place, shuffled, "second")
        for mode in ["ordered", "strict", "any"]:
            for extra in [[], ["--window", "20m"], ["--exclude", "d"], ["--by", "channel"], ["--unit", "journeys"]]:
                arguments = ["funnel", "--mode", mode, "--step", "a", "--step", "b", "--step", "event in (a, c)", *extra]
                answers = [report(*arguments, "--threads", threads, db=db) for db in (first, second) for threads in (1, 2)]
                for other in answers[1:]:
                    check({**other, "through": 0}, {**answers[0], "through": 0}, str(arguments))


done()
