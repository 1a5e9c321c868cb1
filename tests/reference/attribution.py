# SPDX-License-Identifier: Apache-2.0
"""Attribution again, slow and obvious: paths cut by hand, chains solved by plain elimination. Compared with the
program's JSON on random small journeys; ETAPPE_SEED repeats a run."""
import csv
import itertools
import json
import random
from decimal import Decimal
from dataclasses import dataclass
from fractions import Fraction

from reference.world import DAY, seed_of_run, text_of_time
from tap import check, done, etappe, folder, test

SEED = seed_of_run()
WORLDS = 14
HOUR, MINUTE = 3_600_000, 60_000
CHANNELS = ["ads", "email", "social", "direct"]
HALF_LIFE = 7 * DAY
PROJECT = """\
version: 1
goals: [{name: sale, when: event = sale, value: value, closes: true}]
touchpoints: []
relationships: []
restart_stage: only
stages: [{name: only}]
initiators: [{by: company, when: event = mail}, {by: system, when: event = booked}]
sources: [{name: web, kind: web}]
"""


@dataclass(frozen=True)
class Event:
    person: str
    time: int
    row: int
    name: str
    channel: str
    value: int
    web: bool


def random_world(rng):
    """Persons known from files, and persons on the web with visits; the rows of the web stand first."""
    rows = []
    for number in range(rng.randint(20, 60)):
        web = number % 2 == 0
        time = rng.randrange(0, 60) * DAY
        for _ in range(rng.randint(1, 9)):
            time += rng.choice([0, 5 * MINUTE, 30 * MINUTE, 31 * MINUTE] if web and rng.random() < 0.6 else [0, HOUR, DAY, 9 * DAY, 40 * DAY])
            name = rng.choices(["page", "sale", "mail", "booked"], [5, 2, 1, 1])[0]
            rows.append((not web, f"p{number}", time, name, rng.choice(CHANNELS), rng.choice([0, 10, 25, 99]) if name == "sale" else 0))
    rng.shuffle(rows)
    rows.sort(key=lambda row: row[0])
    return [Event(person, time, number, name, channel, value, not file) for number, (file, person, time, name, channel, value) in enumerate(rows)]


def tell(path, events):
    db = path / "world.db"
    (path / "project.yaml").write_text(PROJECT)
    etappe("project", "apply", path / "project.yaml", db=db)
    for source in ("web", "list"):
        with open(path / f"{source}.csv", "w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["person", "time", "event", "channel", "value"] + ["device"] * (source == "web"))
            for e in events:
                if e.web == (source == "web"):
                    out.writerow([e.person, text_of_time(e.time), e.name, e.channel, e.value or ""] + ["d" + e.person] * e.web)
        fields = ["person", "time", "event", "channel", "value"] + ["device"] * (source == "web")
        etappe("import", path / f"{source}.csv", *[w for f in fields for w in ("--map", f"{f}={f}")], "--source", source, db=db)
    return db


# --- SPEC, read aloud ------------------------------------------------------------------------------------------

def touches_of(history):
    """(time, key, visit, position) of each attribution touch, and the visit number of every event."""
    touches, visits, visit, last = [], [], 0, None
    for e in history:
        if e.web and (last is None or e.time - last > 30 * MINUTE):
            visit += 1
        last = e.time if e.web else last
        visits.append(visit if e.web else 0)
    acted = {visit for e, visit in zip(history, visits) if visit and e.name in ("page", "sale")}
    for position, e in enumerate(history):
        if visits[position] in acted and visits[position] not in visits[:position] or not e.web and e.name == "page":
            touches.append((e.time, e.channel, visits[position], position))
    return touches, visits


def paths_of(history, ask):
    """(touches, conversion or None) of one person; conversions without a touch have none."""
    history = [e for e in history if e.time <= ask["now"]]
    touches, visits = touches_of(history)
    cut = -1
    for position, e in enumerate(history):
        if e.name != "sale":
            continue
        piece = [t for t in touches if cut < t[3] <= position and t[0] >= e.time - ask["lookback"]]
        own = [t for t in touches if visits[position] and t[2] == visits[position] and t not in piece]
        cut = position
        if ask["low"] <= e.time < ask["high"] and e.value >= ask["least"]:
            yield chosen(own + piece, ask), e
    rest = [t for t in touches if t[3] > cut]
    if rest and ask["now"] - rest[-1][0] > 30 * DAY and ask["low"] <= rest[-1][0] < ask["high"]:
        yield chosen(rest, ask), None


def chosen(touches, ask):
    others = [t for t in touches if t[1] != "direct"]
    return touches if ask["keep"] or not others else others


def shares(model, touches, end):
    n = len(touches)
    if model == "first":
        return [1] + [0] * (n - 1)
    if model == "last":
        return [0] * (n - 1) + [1]
    if model == "linear":
        return [1 / n] * n
    if model == "position":
        return [1] if n == 1 else [0.5, 0.5] if n == 2 else [0.4] + [0.2 / (n - 2)] * (n - 2) + [0.4]
    weights = [2 ** (-(end - t[0]) / HALF_LIFE) for t in touches]
    return [w / sum(weights) for w in weights]


def add(credits, key, conversions, value):
    old = credits.get(key, (0, 0))
    credits[key] = (old[0] + conversions, old[1] + value)


def by_rule(model, converting):
    credits = {}
    for touches, sale in converting:
        for touch, share in zip(touches, shares(model, touches, sale.time)):
            add(credits, touch[1], share, share * sale.value)
    return credits


def shapley(converting):
    """The definition: the mean of what a key adds, over all orders in which keys may come."""
    keys = sorted({t[1] for touches, _ in converting for t in touches})
    credits, orders = {}, list(itertools.permutations(keys))

    def worth(coalition):
        inside = [sale for touches, sale in converting if {t[1] for t in touches} <= coalition]
        return len(inside), sum(sale.value for sale in inside)

    for order in orders:
        for i, key in enumerate(order):
            with_it, without = worth(set(order[:i + 1])), worth(set(order[:i]))
            add(credits, key, (with_it[0] - without[0]) / len(orders), (with_it[1] - without[1]) / len(orders))
    return credits


def solve(matrix):
    """Gauss with pivots; every row is [coefficients..., two right sides]; two solutions a row."""
    n = len(matrix)
    for c in range(n):
        pivot = max(range(c, n), key=lambda r: abs(matrix[r][c]))
        matrix[c], matrix[pivot] = matrix[pivot], matrix[c]
        for r in range(n):
            factor = matrix[r][c] / matrix[c][c] if r != c else 0
            if factor:
                matrix[r] = [a - factor * b for a, b in zip(matrix[r], matrix[c])]
    return [(row[n] / row[i], row[n + 1] / row[i]) for i, row in enumerate(matrix)]


def markov(order, paths):
    counts, values = {}, {}
    for touches, sale in paths:
        keys = tuple(t[1] for t in touches)
        states = [()] + [keys[max(0, i - order):i] for i in range(1, len(keys) + 1)]
        for a, b in zip(states, states[1:] + ["won" if sale else "lost"]):
            counts.setdefault(a, {}).setdefault(b, 0)
            counts[a][b] += 1
        if sale:
            values.setdefault(states[-1], []).append(sale.value)

    def chance(removed):
        states = sorted(s for s in counts if s == () or s[-1] != removed)
        matrix = []
        for s in states:
            total = sum(counts[s].values())
            row = [float(s == t) - counts[s].get(t, 0) / total for t in states]
            won = counts[s].get("won", 0) / total
            matrix.append(row + [won, won * sum(values[s]) / len(values[s]) if s in values else 0])
        return solve(matrix)[states.index(())]

    keys = sorted({t[1] for touches, _ in paths for t in touches})
    base = chance(None)
    sold, worth = sum(1 for _, sale in paths if sale), sum(sale.value for _, sale in paths if sale)
    effects = {key: tuple(1 - part / whole if whole else 0 for part, whole in zip(chance(key), base)) for key in keys}
    sums = [sum(e[i] for e in effects.values()) for i in (0, 1)]
    return {key: (e[0] / sums[0] * sold if sums[0] else 0, e[1] / sums[1] * worth if sums[1] else 0) for key, e in effects.items()}, effects


# --- against the program -----------------------------------------------------------------------------------------

def random_ask(rng, events):
    latest = max(e.time for e in events)
    ask = {"now": latest, "lookback": 90 * DAY, "low": -1, "high": latest + 1, "least": 0, "keep": rng.random() < 0.3}
    words = ["--resamples", 0, "--threads", rng.choice([1, 2, 3])]
    if ask["keep"]:
        words += ["--navigational", "keep"]
    if rng.random() < 0.5:
        ask["lookback"] = rng.choice([HOUR, DAY, 9 * DAY])
        words += ["--lookback", f"{ask['lookback'] // HOUR}h"]
    if rng.random() < 0.3:
        ask["low"] = rng.randrange(0, 60) * DAY
        words += ["--from", text_of_time(ask["low"])]
    if rng.random() < 0.3:
        ask["high"] = rng.randrange(60, 150) * DAY + HOUR
        words += ["--to", text_of_time(ask["high"])]
    if rng.random() < 0.4:
        ask["now"] = rng.randrange(60, 200) * DAY
    if rng.random() < 0.3:
        ask["least"] = 20
        words += ["--where", "value >= 20"]
    return ask, words + ["--now", text_of_time(ask["now"])]


def compare(expected, model, answer):
    rows = {row["key"]: row for row in model["credits"] if row["key"] != "(none)"}
    what = f"{model['model']}({model.get('order', '')})"
    for key in set(expected) | set(rows):
        row, (conversions, value) = rows[key], expected.get(key, (0, 0))
        if abs(float(row["conversions"]) - conversions) > 1e-6 or abs(float(row["value"]) - value) > 1e-4:
            raise AssertionError(f"{what} {key}: {row} but by hand {conversions} {value}")
    # 17 digits name a binary fraction: as one, the parts sum to the whole without any rest
    check(sum(Fraction(float(row["conversions"])) for row in model["credits"]), answer["conversions"], what)
    check(sum(Decimal(row["value"]) for row in model["credits"]), Decimal(answer["value"]), what)
    check(sum(Decimal(row["net_value"]) for row in model["credits"]), Decimal(answer["net_value"]), what)


@test
def every_model_on_random_journeys():
    rng, compared = random.Random(SEED), 0
    models = ["first", "last", "linear", "position", "time-decay", "shapley", "markov", "markov(2)", "markov(3)"]
    for world in range(WORLDS):
        with folder() as path:
            events = random_world(rng)
            db = tell(path, events)
            persons = {}
            for e in sorted(events, key=lambda e: (e.time, e.row)):
                persons.setdefault(e.person, []).append(e)
            for _ in range(4):
                ask, words = random_ask(rng, events)
                text = etappe("attribution", *words, *[w for m in models for w in ("--model", m)], "--format", "json", db=db).stdout
                answer = json.loads(text, parse_float=Decimal)
                all_paths = [p for history in persons.values() for p in paths_of(history, ask)]
                paths = [p for p in all_paths if p[0]]
                converting = [p for p in paths if p[1]]
                what = f"world {world}: {words}"
                check(answer["conversions"], sum(1 for p in all_paths if p[1]), what)
                check(float(answer["value"]), float(sum(p[1].value for p in all_paths if p[1])), what)
                check((answer["paths"], answer["paths_without_conversion"]), (len(paths), len(paths) - len(converting)), what)
                for model in answer["models"]:
                    name = model["model"]
                    try:
                        if name == "markov":
                            expected, effects = markov(model["order"], paths) if paths else ({}, {})
                            for row in model["credits"]:
                                if row["key"] != "(none)":
                                    check(abs(float(row["removal_effect"]) - effects[row["key"]][0]) < 1e-9, True, row)
                        else:
                            expected = shapley(converting) if name == "shapley" else by_rule(name, converting)
                        compare(expected, model, answer)
                        compared += 1
                    except AssertionError as error:
                        raise AssertionError(f"{what}\n{error}") from None
    print(f"# {compared} models compared")


done()
