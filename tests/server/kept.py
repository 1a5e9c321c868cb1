# SPDX-License-Identifier: Apache-2.0
"""What a live server keeps from question to question changes no answer: each is compared with that of a process which
has just begun and asks as of the same instant, while events, orders of several persons and cancellations arrive."""
import random
import time

from serving import serving
from tap import check, etappe, folder, report, test, done

PROJECT = """version: 1
inactivity: 10d
restart_stage: look
goals:
  - {name: order, when: event = "Order Completed", value: value, order: order, closes: true, adjustments_within: 5d,
     adjustments: [{kind: cancel, when: event = "Order Cancelled"}]}
stages:
  - {name: aware}
  - {name: look, when: event = "Product Viewed", lapse_after: 3d, lapse_to: aware}
  - {name: done, when: event = "Order Completed"}
"""
REPORTS = ["stages", "journeys", "overview", "map"]


def some_events(draw, n):
    names = ["Page Viewed", "Product Viewed", "Order Completed", "Order Cancelled"]
    events = []
    for _ in range(n):
        name = draw.choice(names)
        # Up to now: some persons were last heard of just as long ago as a journey lives or a stage lasts.
        age_s = draw.choice([0, 3 * 86400, 5 * 86400, 10 * 86400]) + draw.random() * 2 - 1
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - max(age_s, 0))) + f".{draw.randrange(1000):03}Z"
        event = {"type": "track", "event": name, "userId": f"u{draw.randrange(30)}", "timestamp": stamp,
                 "messageId": str(draw.getrandbits(60))}
        if name.startswith("Order"):
            event["properties"] = {"order_id": f"o{draw.randrange(20)}", "total": draw.randrange(1, 90)}
        events.append(event)
    return events


def same_as_anew(server, name):
    kept = server.report(name)
    anew = report(name, "--now", kept["now"], db=server.db)
    check(kept, anew, f"{name} as of {kept['now']}")


@test
def a_live_server_answers_as_a_process_that_has_just_begun():
    draw = random.Random(11)
    with folder() as path:
        (path / "project.yaml").write_text(PROJECT)
        with serving(path / "a.db") as server:
            etappe("project", "apply", path / "project.yaml", db=server.db)
            server.send(*some_events(draw, 120))
            for _ in range(4):
                for name in REPORTS:
                    for _ in range(2):
                        same_as_anew(server, name)
                server.send(*some_events(draw, 4))


done()
