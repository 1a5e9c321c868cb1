# SPDX-License-Identifier: Apache-2.0
"""What was derived for one question is kept for the next ones: they answer the same bytes."""
import random

from tap import check, done, etappe, folder, test

PROJECT = """version: 1
goals:
  - name: order
    when: event = order
    value: value
    order: order
    closes: true
    adjustments:
      - {kind: return, when: event = return, value: value}
      - {kind: cancel, when: event = cancel}
touchpoints:
  - {name: Mail, when: channel = email}
  - {name: Help, aftersales: true, when: event = call}
internal: channel = staff
"""
REPORTS = {"overview": [], "journeys": [], "stages": [], "map": [], "attribution": ["--model", "linear", "--resamples", "20"]}


def rows(seed):
    """Orders told twice, by others and by nobody; returns that stand elsewhere."""
    random.seed(seed)
    lines = ["time,person,event,channel,order,value"]
    for i in range(3000):
        event = random.choice(["page", "page", "page", "mail", "call", "order", "return", "cancel"])
        order = random.randrange(400) if event in ("order", "return", "cancel") else ""
        person = "" if random.random() < 0.1 else f"p{random.randrange(200)}"
        channel = random.choice(["email", "search", "direct", "staff"])
        value = random.randrange(-5, 90) if event in ("order", "return") else ""
        lines.append(f"2025-{1 + i // 300:02d}-{1 + i % 28:02d}T{random.randrange(24):02d}:{random.randrange(60):02d}:00,{person},{event},{channel},{order},{value}")
    return "\n".join(lines) + "\n"


@test
def questions_asked_again_answer_the_same_bytes():
    with folder() as path:
        db = path / "a.db"
        (path / "a.csv").write_text(rows(1))
        (path / "project.yaml").write_text(PROJECT)
        maps = [word for name in ("time", "person", "event", "channel", "order", "value") for word in ("--map", f"{name}={name}")]
        etappe("project", "apply", path / "project.yaml", db=db)
        etappe("import", path / "a.csv", *maps, db=db)
        for name, options in REPORTS.items():
            for more in ([], ["--now", "2025-06-15"], ["--where", "channel = email"]):
                once = etappe(name, *options, *more, "--format", "json", db=db).stdout
                again = etappe(name, *options, *more, "--format", "json", "--repeat", "4", "--threads", "2", db=db).stdout
                check(again, once, f"{name} {more}")


done()
