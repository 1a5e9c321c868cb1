# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/identity.md once more, slow and obvious, on lists; random evidence must give the same
persons, visits, sharing and counts as src/journey/resolve.c. Notation: tests/unit/journey/identity_case.h.
IDENTITY_SEED and IDENTITY_CASES choose other cases."""
import os
import pathlib
import random
import re
import subprocess

from tap import check, done, test

PROGRAM = os.environ["IDENTITY_CASES_PROGRAM"]
SEED = int(os.environ.get("IDENTITY_SEED", "1"))
CASES = int(os.environ.get("IDENTITY_CASES", "2500"))

KINDS = "ucklepdvwo"
STRONG, WEAK, DEVICE, ORDER = "uckl", "epo", "dvw", "o"
MINUTE, DAY = 60_000, 86_400_000


def rank(name):
    return KINDS.index(name[0])


def number_hash(name):
    return ord(name[0]) << 32 | (int(name[1:]) * 2654435761 & 0xFFFFFFFF)


class Evidence:
    """events: [(time, row, {names}, web, campaign, alias)] in order of arrival; links: [(kind, a, b)]."""

    def __init__(self, events, links=(), max_links=100, size_max=10_000, shared=()):
        self.events, self.links, self.max_links, self.size_max, self.shared = list(events), list(links), max_links, size_max, set(shared)

    def line(self):
        texts = []
        for time, _, names, web, campaign, alias in self.events:
            others = [n for n in names if not alias or n not in alias]
            text = "+".join(([">".join(alias)] if alias else []) + others)
            text += f"{'@' if web else '#'}{time // MINUTE}" + (f"/{campaign}" if campaign else "")
            texts.append(text)
        options = [f"links {self.max_links}", f"size {self.size_max}"] + [f"shared {name}" for name in sorted(self.shared)]
        return "; ".join(texts) + "|" + ", ".join(f"{k} {a} {b}" for k, a, b in self.links) + "|" + ", ".join(options)

    def names(self):
        """In order of first mention, as the program prints them."""
        found = {}
        for _, _, names, _, _, alias in self.events:
            for name in list(alias or ()) + [n for n in names if not alias or n not in alias]:
                found.setdefault(name)
        for _, a, b in self.links:
            found.setdefault(a)
            found.setdefault(b)
        return list(found)


class Replay:
    def __init__(self, evidence, shared):
        self.evidence, self.shared = evidence, shared
        self.names = evidence.names()
        self.order = sorted(evidence.events, key=lambda e: (e[0], e[1]))
        self.first = {}
        for event in self.order:
            for name in event[2]:
                self.first.setdefault(name, (event[0], event[1]))
        self.set_now = {name: name for name in self.names}  # identifier -> label of its set
        self.members = {name: [name] for name in self.names}  # label -> those that stand or stood in it
        self.owner = {name: name if name[0] in STRONG else None for name in self.names}
        self.owner_rank = {name: rank(name) for name in self.names}
        self.lifted = {name: set() for name in self.names}  # kinds that may be there several times
        self.event_set = {}  # row -> label
        self.moves = []  # (row, device, from label, to label)
        self.conflicts, self.full = set(), set()

    def appears(self, name):
        return self.first.get(name, (2**62, 2**62))

    def vetoed(self, some, others):
        return any(k == "veto" and a != b and ((a in some and b in others) or (b in some and a in others)) for k, a, b in self.evidence.links)

    def refusal(self, x, y, forced=False):
        kinds = {n[0] for n in self.members[x] if n[0] in STRONG} & {n[0] for n in self.members[y] if n[0] in STRONG}
        if not forced and kinds - self.lifted[x] - self.lifted[y]:
            return "owners"
        if self.vetoed(self.members[x], self.members[y]):
            return "veto"
        if len(self.members[x]) + len(self.members[y]) > self.evidence.size_max:
            return "full"
        return None

    def join(self, x, y, owner, owner_rank, lifted=()):
        """y is renamed to x everywhere, back to the beginning."""
        self.members[x] += self.members.pop(y)
        self.lifted[x] |= self.lifted.pop(y) | set(lifted)
        self.owner[x], self.owner_rank[x] = owner, owner_rank
        for table in (self.set_now, self.event_set):
            for key in table:
                if table[key] == y:
                    table[key] = x
        self.moves = [(row, d, x if f == y else f, x if t == y else t) for row, d, f, t in self.moves]
        self.full = {x if label == y else label for label in self.full}

    def see_pair(self, name, strongest, row):
        x, y = self.set_now[strongest], self.set_now[name]
        if x == y:
            return
        why = self.refusal(x, y)
        if why is None:
            candidates = [(self.owner_rank[s], self.appears(self.owner[s]), number_hash(self.owner[s]), self.owner[s])
                          for s in (x, y) if self.owner[s]]
            best = min(candidates) if candidates else (rank(name), None, None, None)
            self.join(x, y, best[3], best[0])
        elif name[0] in DEVICE and self.owner[x] and self.owner[y]:
            if name not in self.members[x]:
                if self.vetoed([name], self.members[x]):
                    return
                if len(self.members[x]) >= self.evidence.size_max:
                    self.full.add(x)
                    return
                self.members[x].append(name)
            self.moves.append((row, name, y, x))
            self.set_now[name] = x
        elif why == "owners":
            self.conflicts.add((name, strongest))
        elif why == "full":
            self.full.add(x)

    def see_alias(self, name, target):
        if name in self.shared or target in self.shared or self.set_now[name] == self.set_now[target]:
            return
        x, y = self.set_now[target], self.set_now[name]
        why = self.refusal(x, y, forced=name[0] in STRONG and target[0] in STRONG)
        if why == "owners":
            self.conflicts.add((name, target))
        elif why == "full":
            self.full.add(x)
        elif why is None:
            owners = [s for s in (x, y) if self.owner[s]]
            strongest = min((self.owner_rank[s] for s in owners), default=rank(name))
            lifted = [k for k in STRONG if rank(k) > strongest] if len(owners) == 2 else []
            self.join(x, y, self.owner[owners[0]] if owners else None, strongest, lifted)

    def run(self):
        for kind, a, b in self.evidence.links:
            if kind == "alias":
                self.see_alias(a, b)
        for event in self.order:
            if event[5]:
                self.see_alias(*event[5])
        for event in self.order:
            names = sorted(event[2], key=lambda n: (rank(n), number_hash(n)))
            linking = [n for n in names if n not in self.shared] or names[:1]
            for name in linking[1:]:
                self.see_pair(name, linking[0], event[1])
            self.event_set[event[1]] = self.set_now[linking[0]]
        return self

    def person(self, label):
        """Orders name nobody; a set of nothing else is nobody's."""
        named = [n for n in self.members[label] if n[0] not in ORDER]
        return self.owner[label] or min(named, key=lambda n: (self.appears(n), rank(n), number_hash(n)), default="-")

    def of_several_owners(self):
        bad = set()
        for weak in self.names:
            if weak[0] in WEAK and weak not in self.shared:
                strong = {n for e in self.evidence.events if weak in e[2] for n in e[2] if n[0] in STRONG}
                if len({self.set_now[n] for n in strong}) > 1:
                    bad.add(weak)
        return bad


def visit_device(names):
    for kind in "vdw":
        devices = sorted((n for n in names if n[0] == kind), key=number_hash)
        if devices:
            return devices[0]
    return None


def visits(replay, persons):
    """row -> (visit, counts as web): for own devices by device, for shared ones by device and person."""
    result, number = {}, 0
    for shared in (False, True):
        for event in replay.order:
            time, row, names, web, campaign, _ = event
            device = visit_device(names)
            if device is None or (device in replay.shared) != shared:
                continue
            before = [e for e in replay.order if (e[0], e[1]) < (time, row) and e[3] and visit_device(e[2]) == device
                      and (not shared or persons[e[1]] == persons[row])]
            near = bool(before) and time - before[-1][0] <= 30 * MINUTE
            last_campaign = next((e[4] for e in reversed(before) if e[4]), 0)
            if not web:
                if near and not shared:
                    result[row] = (result[before[-1][1]][0], False)
            elif near and not (campaign and campaign != last_campaign):
                result[row] = (result[before[-1][1]][0], True)
            else:
                number += 1
                result[row] = (number, True)
    return result


def hand_over(replay, persons, visit_of):
    present = {name: replay.person(replay.set_now[name]) for name in replay.names}
    events = {event[1]: event for event in replay.order}

    def names_of(row):
        return [n for n in events[row][2] if n[0] not in DEVICE and n not in replay.shared]

    for row, device, old, new in replay.moves:
        if row not in visit_of or visit_device(events[row][2]) != device:
            continue
        old, new = replay.person(old), replay.person(new)
        inside = [e[1] for e in replay.order if e[1] in visit_of and visit_of[e[1]][0] == visit_of[row][0]]
        if old in {present[n] for r in inside for n in names_of(r)}:
            continue
        for earlier in inside[:inside.index(row)]:
            if persons[earlier] == old and not names_of(earlier):
                persons[earlier] = new


def too_many_partners(evidence):
    result = set()
    for name in evidence.names():
        partners = {n for e in evidence.events if name in e[2] for n in e[2] if n[0] not in ORDER} - {name}
        if name[0] not in STRONG and len(partners) > evidence.max_links:
            result.add(name)
    return result


def resolve(evidence):
    shared = {name for name in evidence.shared if name[0] not in STRONG} | too_many_partners(evidence)
    while True:
        replay = Replay(evidence, shared).run()
        bad = replay.of_several_owners()
        if not bad:
            break
        shared = shared | bad
    persons = {row: replay.person(label) for row, label in replay.event_set.items()}
    hand_over(replay, persons, visits(replay, persons))
    visit_of = visits(replay, persons)
    rows = sorted(persons)
    present = " ".join(f"{n}{'*' if n in shared else ''}={replay.person(replay.set_now[n])}" for n in replay.names)
    numbers = " ".join(str(visit_of[row][0] if row in visit_of and visit_of[row][1] else 0) for row in rows)
    return "|".join([" ".join(persons[row] for row in rows), numbers, present, str(len(replay.conflicts)), str(len(replay.full))])


def program(lines, *arguments):
    result = subprocess.run([PROGRAM, *arguments], input="".join(line + "\n" for line in lines), capture_output=True, text=True, check=True)
    return result.stdout.splitlines()


def random_evidence(rng):
    people = rng.randint(1, 3)
    pool = [f"{kind}{n}" for kind in rng.sample(KINDS, rng.randint(2, 10)) for n in range(1, people + rng.randint(0, 2))]
    pool = pool or ["d1", "u1"]
    time, events = DAY, []
    for row in range(1, rng.randint(1, 30)):
        time += rng.choice([0, 1, 3, 29, 30, 31, 600]) * MINUTE
        names = set(rng.sample(pool, min(len(pool), rng.choice([1, 1, 1, 2, 2, 3, 4]))))
        alias = tuple(rng.sample(sorted(names), 2)) if len(names) > 1 and rng.random() < 0.07 else None
        events.append((time, row, names, rng.random() < 0.6, rng.choice([0, 0, 0, 0, 1, 2]), alias))
    events = events or [(time, 1, {pool[0]}, False, 0, None)]
    links = [(rng.choice(["alias", "veto"]), rng.choice(pool), rng.choice(pool)) for _ in range(rng.choice([0, 0, 1, 2, 4]))]
    max_links, size_max = rng.choice([100, 100, 2, 3, 5]), rng.choice([10_000, 10_000, 2, 4, 6])
    shared = [name for name in pool if rng.random() < 0.05] if rng.random() < 0.2 else []
    named = {n for e in events for n in e[2]}
    return Evidence(events, links, max_links, size_max, [n for n in shared if n in named])


def components(evidence):
    """What events (without given shared identifiers) and links connect."""
    group = {name: {name} for name in evidence.names()}
    pairs = [(a, b) for _, a, b in evidence.links]
    given = {n for n in evidence.shared if n[0] not in STRONG}
    for event in evidence.events:
        linking = sorted(n for n in event[2] if n not in given)
        pairs += [(a, b) for a in linking[:1] for b in linking[1:]]
    for a, b in pairs:
        if group[a] is not group[b]:
            group[a] |= group[b]
            for name in group[b]:
                group[name] = group[a]
    return {id(members): members for members in group.values()}.values()


@test
def random_evidence_gives_the_persons_of_the_rules():
    rng = random.Random(SEED)
    cases = [random_evidence(rng) for _ in range(CASES)]
    lines = [case.line() for case in cases]
    print(f"# seed {SEED}, {CASES} cases, {sum('*' in r for r in program(lines))} with something shared")
    for arguments in ([], ["--explained"]):
        for case, line, actual in zip(cases, lines, program(lines, *arguments)):
            check(actual, resolve(case), line)


@test
def arrival_does_not_matter_when_times_differ():
    rng = random.Random(SEED + 1)
    pairs = []
    for _ in range(CASES // 4):
        case = random_evidence(rng)
        events = [(n * rng.choice([1, 17, 40]) * MINUTE, *e[1:]) for n, e in enumerate(case.events, 1)]
        times = [time for time, *_ in events]
        if len(set(times)) < len(times):
            continue
        mixed = rng.sample(events, len(events))
        renumbered = [(time, row, *rest) for row, (time, _, *rest) in enumerate(mixed, 1)]
        pairs.append((events, mixed, case, renumbered))
    before = program([Evidence(events, c.links, c.max_links, c.size_max, c.shared).line() for events, _, c, _ in pairs])
    after = program([Evidence(renumbered, c.links, c.max_links, c.size_max, c.shared).line() for _, _, c, renumbered in pairs])
    for (events, mixed, _, _), one, other in zip(pairs, before, after):
        person = dict(zip([e[1] for e in events], one.split("|")[0].split()))
        check(other.split("|")[0].split(), [person[e[1]] for e in mixed], one)
    check(len(pairs) > CASES // 40, True, "enough cases")


@test
def components_may_be_resolved_apart():
    rng = random.Random(SEED + 2)
    cases = [random_evidence(rng) for _ in range(CASES // 4)]
    for case, whole in zip(cases, program([case.line() for case in cases])):
        persons, numbers = whole.split("|")[0].split(), {}
        given = {n for n in case.shared if n[0] not in STRONG}
        parts, places = [], []
        for members in components(case):
            own = [i for i, e in enumerate(case.events) if (set(e[2]) - given or set(e[2])) & members]
            own = [i for i in own if set(case.events[i][2]) - given or sorted(case.events[i][2], key=lambda n: (rank(n), number_hash(n)))[0] in members]
            if not own or members <= given and not any(set(case.events[i][2]) <= given for i in own):
                continue
            links = [link for link in case.links if link[1] in members and link[2] in members]
            mentioned = {n for i in own for n in case.events[i][2]}
            parts.append(Evidence([(*case.events[i][:1], row, *case.events[i][2:]) for row, i in enumerate(own, 1)], links, 10_000, case.size_max,
                                  [n for n in case.shared if n in mentioned]))
            places.append(own)
        if case.max_links < 10_000 and too_many_partners(case):
            continue  # partners in other components count as well; the index knows those as shared beforehand
        for own, result in zip(places, program([part.line() for part in parts]) if parts else []):
            for i, person in zip(own, result.split("|")[0].split()):
                numbers[i] = person
        check([numbers[i] for i in range(len(persons))], persons, case.line())


def documented(block):
    """An example of the document: the case as a line, and the persons it claims."""
    rows = dict(line.split(maxsplit=1) for line in block.strip().splitlines())
    users = {"U": "u1", "V": "u2", "W": "u3"}
    plain = lambda text: re.sub(r"\b[UVW]\b", lambda m: users[m.group()], text)
    events = plain(rows["event"]).split()
    minutes = rows["minute"].split() if "minute" in rows else ["-"] * len(events)
    events = [event if minute == "-" else f"{event}@{minute}" for event, minute in zip(events, minutes, strict=True)]
    links = plain(rows.get("given", "")).replace("separate", "veto").replace("merge", "alias")
    return "; ".join(events) + "|" + links, plain(rows["person"]).split()


@test
def the_examples_of_the_document_hold():
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "identity.md").read_text()
    blocks = re.findall(r"```\n(.*?)```", text, re.S)
    check(len(blocks) >= 14, True, "examples found")
    for block in blocks:
        line, persons = documented(block)
        check(program([line])[0].split("|")[0].split(), persons, block)


done()
