# SPDX-License-Identifier: Apache-2.0
import csv
import gzip
import io
import json

from tap import check, done, etappe, folder, report, test


def simulate(path, *options, **more):
    return etappe("simulate", "--out", path, *options, **more)


@test
def exactly_so_many_rows_and_a_truth_file_beside_them():
    with folder() as at:
        simulate(at / "x.csv", "--events", 5000)
        rows = list(csv.DictReader((at / "x.csv").open(encoding="utf-8")))
        truth = json.loads((at / "x.csv.truth.json").read_text(encoding="utf-8"))
        check(len(rows), 5000)
        check(truth["events"]["rows"], 5000)
        check(truth["orders"]["count"], len({row["order"] for row in rows if row["event"] == "Order Completed"}))
        check(sorted(path.name for path in at.iterdir()), ["x.csv", "x.csv.truth.json"], "nothing else is left")


@test
def every_return_and_cancellation_finds_its_order():
    with folder() as at:
        simulate(at / "x.csv", "--events", 60000, "--seed", 4)
        truth = json.loads((at / "x.csv.truth.json").read_text(encoding="utf-8"))
        etappe("import", at / "x.csv", db=at / "x.db")
        answer = report("overview", db=at / "x.db")
        goal = answer["goals"][0]
        back = truth["returns"]["value"] + truth["cancellations"]["value"]
        check(back > 0, True)
        check((goal["conversions"], goal["value"], goal["conflicting"]), (truth["orders"]["count"], truth["orders"]["value"], 0))
        check(round(goal["net_value"], 2), round(truth["orders"]["value"] - back, 2))
        check(answer["notes"]["unmatched_adjustments"], 0)


@test
def packed_is_the_same_text():
    with folder() as at:
        simulate(at / "x.csv", "--events", 5000, "--seed", 4)
        simulate(at / "x.csv.gz", "--events", 5000, "--seed", 4)
        check(gzip.decompress((at / "x.csv.gz").read_bytes()), (at / "x.csv").read_bytes())


@test
def json_lines_and_csv_tell_the_same_events():
    with folder() as at:
        simulate(at / "x.csv", "--events", 5000)
        simulate(at / "x.ndjson.gz", "--events", 5000)
        rows = list(csv.DictReader((at / "x.csv").open(encoding="utf-8")))
        events = [json.loads(line) for line in io.TextIOWrapper(gzip.open(at / "x.ndjson.gz"), encoding="utf-8")]
        check([(e["messageId"], e["event"], e["timestamp"], e.get("userId", ""), e.get("anonymousId", "")) for e in events],
              [(r["id"], r["event"], r["time"], r["user"], r["anonymous"]) for r in rows])
        check([e["properties"].get("comment", "") for e in events], [r["comment"] for r in rows])
        check([e["context"].get("userAgent", "") for e in events], [r["user_agent"] for r in rows])


@test
def another_period_and_another_seed():
    with folder() as at:
        simulate(at / "x.csv", "--events", 3000, "--until", "2025-07-01", "--months", 6)
        simulate(at / "y.csv", "--events", 3000, "--until", "2025-07-01", "--months", 6, "--seed", 2)
        truth = json.loads((at / "x.csv.truth.json").read_text())
        check((truth["from"], truth["until"]), ("2024-12-31T23:00:00.000Z", "2025-06-30T22:00:00.000Z"))
        times = [row["time"] for row in csv.DictReader((at / "x.csv").open())]
        assert truth["from"] <= min(times) and max(times) < truth["until"], (min(times), max(times))
        assert (at / "x.csv").read_bytes() != (at / "y.csv").read_bytes()


@test
def wrong_use_is_refused_with_a_sentence():
    with folder() as at:
        for options in (["--events", 999], ["--events", 100000001], ["--events", "many"], [], ["--events", 2000, "--format", "xml"],
                        ["--events", 2000, "--until", "2025-02-30"], ["--events", 2000, "--months", 61],
                        ["--events", 1000, "--persons", 100000], ["--events", 2000, "more"]):
            result = simulate(at / "x.csv", *options, expect=2)
            assert result.stderr.startswith("etappe: "), result.stderr
        etappe("simulate", "--events", 2000, expect=2)
        check(list(at.iterdir()), [], "nothing was written")


@test
def what_cannot_be_written_is_said():
    with folder() as at:
        result = simulate(at / "missing" / "x.csv", "--events", 2000, expect=1)
        assert "missing" in result.stderr, result.stderr
        for point in ("write:1", "fsync:1", "rename:1"):
            simulate(at / "x.csv", "--events", 2000, expect=1, env={"ETAPPE_FAULT": point})
            check(list(at.iterdir()), [], f"nothing is left after {point}")


done()
