# SPDX-License-Identifier: Apache-2.0
"""The map beside a slow one that walks each person's events as docs/map.md says, on random journeys; and its example."""
import csv
import os
import pathlib
import random
import re
import subprocess

from reference.world import DAY, median, seed_of_run, text_of_time
from tap import PROGRAM, check, done, etappe, folder, report, test

PROJECT = """\
version: 1
restart_stage: consideration
goals:
  - {name: order, when: event = order, value: value, order: order, closes: true}
initiators:
  - {by: company, when: event = mail}
touchpoints:
  - {name: Ad, family: ads, when: properties.tp = Ad}
  - {name: Shop, family: web, when: properties.tp = Shop}
  - {name: Cart, family: web, when: properties.tp = Cart}
  - {name: Mail, family: mail, when: properties.tp = Mail}
  - {name: Talk, family: store, when: properties.tp = Talk}
  - {name: Survey, family: service, when: event = survey}
stages:
  - {name: awareness}
  - {name: consideration, when: properties.stage = consideration}
  - {name: decision, when: properties.stage = decision or event = order}
  - {name: retention, when: properties.stage = retention}
relationships: []
"""
STAGES = ["awareness", "consideration", "decision", "retention"]
TOUCHPOINTS = ["Ad", "Shop", "Cart", "Talk"]
INACTIVITY, BEFORE_SCORE = 30 * DAY, 7 * DAY


class Touch:
    def __init__(self, person, time, event, touchpoint, stage, value=0, score=None):
        self.person, self.time, self.event, self.touchpoint, self.stage, self.value, self.score = person, time, event, touchpoint, stage, value, score

    @property
    def cell(self):
        return self.touchpoint, STAGES[self.at]


def random_story(rng, persons):
    story = []
    for number in range(persons):
        time = rng.randrange(0, 60) * DAY
        for _ in range(rng.randint(1, 9)):
            event = rng.choices(["visit", "order", "mail", "survey"], [6, 1, 1, 1.5])[0]
            touchpoint = {"mail": "Mail", "survey": "Survey"}.get(event) or rng.choice(TOUCHPOINTS)
            stage = rng.choice(["", "", "consideration", "decision", "retention"]) if event == "visit" else ""
            story.append(Touch(f"p{number}", time, event, touchpoint, stage, rng.randint(1, 99) if event == "order" else 0,
                               rng.randint(11, 100) if event == "survey" else None))
            time += rng.choice([1, 3, 8, 25, 30, 31, 40]) * DAY // rng.choice([1, 1, 24]) + 1  # no two events at once
    return story


def write(path, story):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["person", "time", "event", "tp", "stage", "value", "order", "score"])
        for number, touch in enumerate(story):
            order = f"o{number}" if touch.event == "order" else ""
            out.writerow([touch.person, text_of_time(touch.time), touch.event, touch.touchpoint, touch.stage, touch.value or "", order,
                          "" if touch.score is None else touch.score])


class Walk:
    """A journey: its touches, each with `at`, the stage it stands in after it."""

    def __init__(self, start, again):
        self.touches, self.again, self.active, self.state, self.value = [], again, start, "open", 0
        self.stage = STAGES.index("consideration") if again else 0

    def take(self, touch):
        wanted = "decision" if touch.event == "order" else touch.stage
        if wanted:
            self.stage = max(self.stage, STAGES.index(wanted))
        touch.at = self.stage
        self.touches.append(touch)


def walks_of(touches, now):
    walks, current, bought = [], None, False
    for touch in sorted(touches, key=lambda t: t.time):
        if current and touch.time - current.active > INACTIVITY:
            current.state, current = "abandoned", None
        if touch.event == "mail":
            if current:
                current.take(touch)
            continue
        if not current:
            current = Walk(touch.time, bought)
            walks.append(current)
        current.take(touch)
        current.active = touch.time
        if touch.event == "order":
            current.state, current.value, bought, current = "converted", touch.value, True, None
    for walk in walks:
        if walk.state == "open" and now - walk.active > INACTIVITY:
            walk.state = "abandoned"
    return walks


def scored_touch(touches, survey):
    """The touch that a score belongs to: the last one before that is no survey's own, within 7 days, else the survey itself."""
    before = [t for t in touches if t.time < survey.time and survey.time - t.time <= BEFORE_SCORE and t.touchpoint != survey.touchpoint and hasattr(t, "at")]
    return max(before, key=lambda t: t.time) if before else survey


def slow_map(story, now, low, high):
    stages = {name: {"persons": set(), "onward": set(), "still": set(), "left": set(), "entered": set(), "returned": set(), "times": [], "scores": []} for name in STAGES}
    cells, moves, value, by_person = {}, {}, 0, {}
    for touch in story:
        if touch.time <= now:
            by_person.setdefault(touch.person, []).append(touch)
    for person, touches in by_person.items():
        all_walks = walks_of(touches, now)
        walks = [walk for walk in all_walks if low <= walk.touches[0].time < high]
        onward, still, last = set(), set(), {}
        for walk in walks:
            first, entered_at = walk.touches[0], {}
            stages[STAGES[first.at]]["entered"].add(person)
            if walk.again:
                stages[STAGES[first.at]]["returned"].add(person)
            value += walk.value
            for touch in walk.touches:
                cell = cells.setdefault(touch.cell, {"persons": set(), "left": set(), "walks": {}, "next": [], "scores": []})
                cell["persons"].add(person)
                cell["walks"][person, walk.touches[0].time] = walk.value
                stages[STAGES[touch.at]]["persons"].add(person)
                if touch.at not in entered_at:
                    if entered_at:
                        before = max(entered_at)
                        onward.add(before)
                        stages[STAGES[before]]["times"].append(touch.time - entered_at[before])
                    entered_at[touch.at] = touch.time
            for a, b in zip(walk.touches, walk.touches[1:]):
                if a.cell != b.cell:
                    move = moves.setdefault((a.cell, b.cell), {"persons": set(), "times": []})
                    move["persons"].add(person)
                    move["times"].append(b.time - a.time)
                    cells[a.cell]["next"].append(b.time - a.time)
            if walk.state != "abandoned":
                still.add(walk.touches[-1].at)
        for touch in sorted((t for walk in walks for t in walk.touches), key=lambda t: t.time):
            last[touch.at] = touch.cell
        for at, cell in last.items():
            fate = "onward" if at in onward else "still" if at in still else "left"
            stages[STAGES[at]][fate].add(person)
            if fate == "left":
                cells[cell]["left"].add(person)
        for survey in touches:
            if survey.score is not None:
                of = scored_touch(touches, survey)
                stages[STAGES[of.at]]["scores"].append(survey.score)
                cells.setdefault(of.cell, {"persons": set(), "left": set(), "walks": {}, "next": [], "scores": []})["scores"].append(survey.score)
    return stages, cells, moves, value


def same_score(score, values, what):
    check(score and [score["n"], round(score["value"], 3)], values and [len(values), round(sum(values) / len(values), 3)] or None, what)
    if score and len(values) > 1:
        mean = sum(values) / len(values)
        half = 1.96 * (sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values)) ** 0.5
        check([round(score["low"], 1), round(score["high"], 1)], [round(max(0, mean - half), 1), round(min(100, mean + half), 1)], what)


def compare(answer, story, now, low, high):
    stages, cells, moves, value = slow_map(story, now, low, high)
    check(answer["value"], value)
    everybody = set().union(*(stage["persons"] for stage in stages.values()))
    check(answer["persons"], len(everybody))
    for row in answer["stages"]:
        slow = stages[row["stage"]]
        for key in ("persons", "onward", "still", "left", "entered", "returned"):
            check(row[key], len(slow[key]), f"{row['stage']} {key}")
        check(row["median_ms"], median(slow["times"]), row["stage"])
        check(row["share"], len(slow["persons"]) / len(everybody) if everybody else None)
    met = {place: cell for place, cell in cells.items() if cell["persons"]}
    check({(row["touchpoint"], row["stage"]) for row in answer["cells"]}, set(met))
    for row in answer["cells"]:
        slow = met[row["touchpoint"], row["stage"]]
        what = f"{row['touchpoint']} {row['stage']}"
        check([row["persons"], row["left"], row["value"], row["median_ms"]],
              [len(slow["persons"]), len(slow["left"]), sum(slow["walks"].values()), median(slow["next"])], what)
        check(row["share"], len(slow["persons"]) / len(stages[row["stage"]]["persons"]))
        if low < 0:
            same_score(row["score"], slow["scores"], what)
    for row in answer["stages"]:
        check(sum(cell["left"] for cell in answer["cells"] if cell["stage"] == row["stage"]), row["left"], "leavers of cells add up")
    fast = {((row["from"]["touchpoint"], row["from"]["stage"]), (row["to"]["touchpoint"], row["to"]["stage"])): [row["persons"], row["median_ms"]] for row in answer["moves"]}
    check(fast, {pair: [len(move["persons"]), median(move["times"])] for pair, move in moves.items()})
    check([row["persons"] for row in answer["moves"]], sorted((row["persons"] for row in answer["moves"]), reverse=True))
    return cells


def record_of(path, story):
    (path / "project.yaml").write_text(PROJECT)
    write(path / "story.csv", story)
    db = path / "story.db"
    etappe("project", "apply", path / "project.yaml", db=db)
    maps = [word for field in ["person", "time", "event", "value", "order", "score"] for word in ("--map", f"{field}={field}")]
    etappe("import", path / "story.csv", *maps, db=db)
    return db


@test
def random_maps_agree_with_a_slow_walk():
    rng = random.Random(seed_of_run())
    for persons in (3, 12, 60, 200):
        with folder() as path:
            story = random_story(rng, persons)
            db = record_of(path, story)
            latest = max(touch.time for touch in story)
            for now, low, high in [(latest, -1, latest + 1), (latest // 2, -1, latest + 1), (latest, 20 * DAY, 50 * DAY)]:
                options = ["--now", text_of_time(now), "--model", "none", "--threads", str(rng.choice([1, 2]))]
                if low >= 0:
                    options += ["--from", text_of_time(low), "--to", text_of_time(high)]
                for touch in story:
                    touch.__dict__.pop("at", None)
                compare(report("map", *options, db=db), story, now, low, high)


@test
def who_lists_exactly_the_persons_of_a_cell():
    rng = random.Random(seed_of_run())
    with folder() as path:
        story = random_story(rng, 40)
        db = record_of(path, story)
        latest = max(touch.time for touch in story)
        answer = report("map", "--model", "none", "--now", text_of_time(latest), db=db)
        cells = compare(answer, story, latest, -1, latest + 1)
        known = {row["person"]: row["known_as"]["value"] if "known_as" in row else row["value"] for row in report("person", "list", "--limit", "1000", db=db)["persons"]}
        for (touchpoint, stage), cell in rng.sample(sorted(cells.items()), 6):
            listed = report("map", "--model", "none", "--now", text_of_time(latest), "--who", f"stage:{stage},touchpoint:{touchpoint}", db=db)["listed"]
            check(sorted(known[person] for person in listed), sorted(cell["persons"]), f"{touchpoint} {stage}")


@test
def credits_add_up_to_the_value_of_the_map():
    rng = random.Random(seed_of_run())
    with folder() as path:
        db = record_of(path, random_story(rng, 100))
        for model in ("markov", "shapley", "linear", "first", "last", "position"):
            answer = report("map", "--model", model, db=db)
            check(answer["value"] > 0, True)
            check(round(sum(row["credit"] or 0 for row in answer["touchpoints"]), 4), answer["value"], model)


@test
def a_weak_point_is_worse_than_its_stage_beyond_chance_and_ranked_by_value():
    rng = random.Random(seed_of_run())
    with folder() as path:
        db = record_of(path, random_story(rng, 400))
        answer = report("map", "--model", "none", db=db)
        cells = {(row["touchpoint"], row["stage"]): row for row in answer["cells"]}
        worst = []
        for place, row in cells.items():
            same = [cell for cell in answer["cells"] if cell["stage"] == row["stage"]]
            usual, n, p = sum(c["left"] for c in same) / sum(c["persons"] for c in same), row["persons"], row["left"] / row["persons"]
            low = (p + 1.9208 / n - 1.96 * (p * (1 - p) / n + 0.9604 / n / n) ** 0.5) / (1 + 3.8416 / n)
            if n >= 20 and low > usual:
                worst.append((-row["left"] * row["value"] / n, place))
        check([(row["at"]["touchpoint"], row["at"]["stage"]) for row in answer["weak_points"]], [place for _, place in sorted(worst)[:3]])


@test
def the_example_of_the_page_prints_what_it_says():
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "map.md").read_text(encoding="utf-8")
    ran = 0
    with folder() as place:
        environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "ETAPPE_DB": "walk.db"}
        (place / "etappe").symlink_to(pathlib.Path(PROGRAM).resolve())
        for kind, name, content in re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", page, re.M | re.S):
            (place / name).write_text(content, encoding="utf-8")
        for block in re.findall(r"^```console\n(.*?)^```$", page, re.M | re.S):
            parts = re.split(r"^\$ (.*)\n", block, flags=re.M)
            for command, expected in zip(parts[1::2], parts[2::2]):
                result = subprocess.run(["sh", "-c", command], cwd=place, env=environment, capture_output=True, text=True)
                check(result.returncode, 0, f"{command}\n{result.stderr}")
                if expected:
                    check(result.stdout.rstrip(), expected.rstrip(), command)
                ran += 1
        check((place / "map.svg").read_text(encoding="utf-8").startswith("<?xml"), True)
    check(ran >= 5, True)


done()
