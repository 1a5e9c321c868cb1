# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged is there, once, whatever happens to the server: killed under load twenty times, batches sent
again after each, a clock that goes back."""
import contextlib
import random
import subprocess
import threading

from serving import Server, serving
from tap import Skip, check, etappe, folder, report, test, done

KILLS, SENDERS = 20, 4


class Sender(threading.Thread):
    """Sends batches and notes which ids were acknowledged; the batch that was not is sent again by the next one."""

    def __init__(self, server, name, state):
        super().__init__(daemon=True)
        self.server, self.name_, self.state = server, name, state

    def run(self):
        connection = self.server.connect()
        try:
            while True:
                batch = self.state["open"] or [f"{self.name_}-{self.state['next'] + i}" for i in range(random.randint(1, 50))]
                if not self.state["open"]:
                    self.state["next"] += len(batch)
                    self.state["open"] = batch
                events = [{"type": "track", "event": "Tick", "messageId": i, "userId": f"u{hash(i) % 50}", "timestamp": "2026-01-01T00:00:00Z"} for i in batch]
                answer = self.server.post("/v1/events", events, self.state["key"], connection=connection)
                if answer.status == 200:
                    self.state["acknowledged"].update(batch)
                    self.state["open"] = None
        except Exception:
            pass  # killed


@test
def twenty_kills_under_load_lose_nothing_and_double_nothing():
    random.seed(4)
    with folder() as path:
        db = path / "a.db"
        key = None
        states = [{"next": 0, "open": None, "acknowledged": set(), "key": None} for _ in range(SENDERS)]
        for kill in range(KILLS):
            server = Server(db)
            key = key or server.key()
            senders = []
            for number, state in enumerate(states):
                state["key"] = key
                senders.append(Sender(server, f"s{number}", state))
            for sender in senders:
                sender.start()
            threading.Event().wait(random.uniform(0.05, 0.5))
            server.kill()
            for sender in senders:
                sender.join(20)
        acknowledged = set().union(*(state["acknowledged"] for state in states))
        sent = sum(state["next"] for state in states)
        check(len(acknowledged) > 100, True, "the load was some")
        with serving(db) as server:
            stored = server.report("overview")["events"]
            check(len(acknowledged) <= stored <= sent, True, f"{len(acknowledged)} acknowledged, {stored} stored, {sent} sent")
            resent = {"accepted": 0, "repeated": 0}
            ids = sorted(acknowledged)
            for at in range(0, len(ids), 1000):
                answer = server.send(*[{"type": "track", "event": "Tick", "messageId": i, "userId": f"u{hash(i) % 50}", "timestamp": "2026-01-01T00:00:00Z"}
                                       for i in ids[at:at + 1000]], key=key)
                for name in resent:
                    resent[name] += answer.get(name, 0)
            check(resent, {"accepted": 0, "repeated": len(ids)}, "each acknowledged event is known")
            check(server.report("overview")["events"], stored, "and stored once")
        check(report("overview", db=db)["events"], stored)


@test
def a_clock_that_goes_back_does_no_harm():
    with folder() as path:
        db = path / "a.db"
        event = {"type": "track", "event": "Tick", "userId": "anna"}
        with serving(db, env={"ETAPPE_NOW": "2026-06-01T12:00:00Z"}) as server:
            server.send({**event, "messageId": "1"})
        with serving(db, env={"ETAPPE_NOW": "2026-06-01T11:00:00Z"}) as server:
            check(server.send({**event, "messageId": "1"}, {**event, "messageId": "2"}), {"accepted": 1, "repeated": 1, "refused": []})
        times = [e["time"] for e in report("person", "show", "user:anna", "--now", "2026-07-01", db=db)["events"]]
        check(times, ["2026-06-01T11:00:00.000Z", "2026-06-01T12:00:00.000Z"], "each at the time the clock showed")


def tick(number):
    return {"type": "track", "event": "Tick", "messageId": f"m{number}", "userId": f"u{number % 50}", "properties": {"text": f"{number}" * 40}}


def send_until(server, wanted, first, limit=3000):
    """Batches of 50 until one is answered with a wanted status; the numbers that were acknowledged, and the answer."""
    acknowledged, key = [], server.key()
    for at in range(first, first + limit):
        numbers = range(at * 50, at * 50 + 50)
        answer = server.post("/v1/events", [tick(n) for n in numbers], key)
        if answer.status in wanted:
            return acknowledged, answer, at
        check(answer.status, 200, repr(answer))
        acknowledged.extend(numbers)
    raise AssertionError("it never came")


@contextlib.contextmanager
def small_disk(path, size):
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True)
    if mounted.returncode:
        raise Skip("a small file system cannot be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=False)


@test
def a_full_disk_refuses_and_recovers_by_itself():
    with folder() as outside, small_disk(outside / "disk", "8m") as path:
        ballast = path / "ballast"
        ballast.write_bytes(b"x" * (4 << 20))
        db = path / "a.db"
        with serving(db) as server:
            acknowledged, answer, at = send_until(server, {503, 507}, 0)
            check((answer.json["error"]["code"], answer.headers["Retry-After"] is not None), ("full", True), repr(answer))
            check(len(acknowledged) > 0, True)
            check(server.get("/healthz").status, 200)
            check(server.post("/v1/events", [tick(n) for n in range(at * 50, at * 50 + 50)], server.key()).status in (503, 507), True, "still full")
            ballast.unlink()
            check(server.send(*[tick(n) for n in range(at * 50, at * 50 + 50)])["accepted"], 50, "freed: the same batch is taken, nothing of it was")
            check(server.report("overview")["events"], len(acknowledged) + 50)
            server.kill()
        with serving(db) as server:
            check(server.report("overview")["events"], len(acknowledged) + 50)
            check(server.send(*[tick(n) for n in acknowledged[:1000]])["repeated"], min(1000, len(acknowledged)))


@test
def a_write_that_fails_anywhere_is_refused_and_the_next_is_taken():
    with folder() as path:
        for number in range(12, 40, 3):
            db = path / f"{number}.db"
            etappe("key", "create", "--name", "x", "--role", "write", db=db)
            try:
                server = Server(db, env={"ETAPPE_FAULT": f"write:{number}"})
            except AssertionError:
                continue  # it failed while opening, and said so
            acknowledged = 0
            for at in range(12):
                status = server.post("/v1/events", [tick(at)], server.key()).status
                check(status in (200, 503, 507), True, f"write {number}: {status}")
                acknowledged += status == 200
            check(acknowledged >= 10, True, f"write {number}: {acknowledged}")
            server.kill()
            with serving(db) as again:
                check(again.report("overview")["events"], acknowledged)


done()
