# SPDX-License-Identifier: Apache-2.0
"""etappe attribution --paths: paths that other tools counted, with the figures those tools publish."""
import json

from tap import check, data, done, etappe, folder, test

MAP = ["--map", "path=way", "--map", "conversions=sold", "--map", "nulls=lost"]


def known(name):
    return next(case for case in map(json.loads, data("cases.jsonl").read_text().splitlines()) if case["id"] == name)


def ask(path, text, *options, expect=0):
    (path / "paths.csv").write_text(text)
    return etappe("attribution", "--paths", path / "paths.csv", *options, db=path / "none.db", expect=expect)


def answer(path, text, *options):
    return json.loads(ask(path, text, "--format", "json", *options).stdout)


def of_case(path, name, *models, resamples=0):
    text = "way,sold,lost\n" + "".join(f"{way},{sold},{lost}\n" for way, sold, lost in known(name)["events"])
    words = [word for model in models for word in ("--model", model)]
    return answer(path, text, *MAP, *words, "--resamples", resamples)


def credits(answer, key="conversions"):
    return {model["model"]: {row["key"]: row[key] for row in model["credits"]} for model in answer["models"]}


def close(actual, expected):
    for key in expected:
        check(abs(actual[key] - expected[key]) < 1e-8, True, f"{key}: {actual} {expected}")
    check(sum(abs(value) for key, value in actual.items() if key not in expected), 0)


@test
def the_published_markov_example_of_three_paths():
    with folder() as path:
        expected, found = known("MK-3PATH")["expected"], of_case(path, "MK-3PATH", "markov", "last")
        close(credits(found)["markov"], expected["markov"])
        close(credits(found)["last"], expected["last"])
        effects = {row["key"]: row["removal_effect"] for row in found["models"][0]["credits"]}
        close(effects, expected["removal_effect"])
        check((found["conversions"], found["paths"], found["paths_without_conversion"], found["report"]), (1, 3, 2, "attribution"))


@test
def published_rules_and_shapley():
    with folder() as path:
        expected, found = known("MTA-HEUR")["expected"], credits(of_case(path, "MTA-HEUR", "first", "last", "linear", "position"))
        for model in ("first", "last", "linear"):
            close(found[model], expected[model])
        close(found["position"], expected["position_40_20_40"])
        close(credits(of_case(path, "MTA-SHAP1", "shapley"))["shapley"], known("MTA-SHAP1")["expected"]["shapley"])


@test
def usual_names_need_no_map_and_spaces_are_nothing():
    with folder() as path:
        for header in ("path,conversions,value,null", "PATH,Conversions,VALUE,nulls"):
            found = answer(path, header + "\n a>b ,2,30.50,1\na > b,1,,\n\"Paid, Search\",0,,4\n", "--resamples", 0, "--model", "last")
            check((found["conversions"], found["value"], found["paths"]), (3, 30.5, 8))
            check(credits(found), {"last": {"Paid, Search": 0, "a": 0, "b": 3}})
            check(credits(found, "value")["last"]["b"], 30.5)


@test
def intervals_hold_the_credit_and_repeat_with_the_seed():
    with folder() as path:
        text = "path,conversions,nulls\na > b,40,60\nb,20,100\na,10,50\n"
        found = answer(path, text, "--model", "markov", "--model", "last", "--threads", 1)
        for model in found["models"]:
            check(model["resamples"], 1000)
            for row in model["credits"]:
                check(row["low"] <= row["conversions"] <= row["high"] and row["low"] < row["high"], True, row)
        check(answer(path, text, "--model", "markov", "--model", "last", "--threads", 3), found)
        check(answer(path, text, "--model", "markov", "--model", "last", "--seed", 2) != found, True)


@test
def table_and_csv():
    with folder() as path:
        text = "path,conversions\na > b,4\n=b,2\n"
        check("6 conversions over 6 paths" in ask(path, text).stdout, True)
        rows = ask(path, text, "--format", "csv", "--model", "last", "--resamples", 0).stdout.splitlines()
        check([row.split(",")[:2] for row in rows[1:]], [["b", "4"], ["'=b", "2"], ["a", "0"]])


@test
def every_format_goes_to_a_file_too():
    with folder() as path:
        text = "path,conversions\na > b,40\nb,2\n"
        for options in (["--format", "json"], ["--format", "csv"], ["--format", "table"], [], ["--lang", "de"]):
            printed = ask(path, text, *options)
            written = ask(path, text, *options, "--out", path / "out.txt")
            check((written.stdout, (path / "out.txt").read_text()), ("", printed.stdout), str(options))
        check(ask(path, text, "--model", "last").stdout.split("\n")[0], "b earned most of the goal: 42.0 of 42 conversions (100%), by last.")
        check(ask(path, text, "--format", "svg", expect=2).stderr.startswith("etappe: --format svg"), True)
        ask(path, text, "--out", path / "no" / "folder.txt", expect=1)


@test
def help_tells_of_paths():
    text = etappe("help", "attribution").stdout
    check(("--paths" in text, "--map" in text), (True, True))


@test
def bad_files_say_which_row_and_what():
    bad = [("path,conversions\na,1\nb,-1\n", "row 2: conversions is \"-1\"; expected a whole number"),
           ("path,conversions\na,1.5\n", "row 1: conversions is \"1.5\""), ("path,conversions\na,x\n", "row 1: conversions is \"x\""),
           ("path,conversions\na > > b,1\n", "row 1: path is \"a > > b\""), ("path,conversions\n,1\n", "row 1: path is \"\""),
           ("path,conversions,value\na,1,cheap\n", "row 1: value is \"cheap\""), ("path,conversions,value\na,0,5\n", "row 1: a value without conversions"),
           ("path,sold\na,1\n", "no column \"conversions\"; there are path, sold"), ("path,conversions\n", "no rows"), ("", "paths.csv"),
           ("path,conversions\n" + "a,9000000000000\n" * 1002, "2^53"), ("path,conversions\na,1,2,3\nb,1\n", "paths.csv")]
    with folder() as path:
        for text, says in bad:
            result = ask(path, text, expect=1)
            check((says in result.stderr, result.stdout), (True, ""), f"{text!r}: {result.stderr}")
        check("no column \"x\"" in ask(path, "path,conversions\na,1\n", "--map", "value=x", expect=1).stderr, True)
        check("time-decay needs the times" in ask(path, "path,conversions\na,1\n", "--model", "time-decay", expect=1).stderr, True)
        ask(path, "path,conversions\na,1\n", "--map", "cost=x", expect=2)
        ask(path, "path,conversions\na,1\n", "--from", "2025-01-01", expect=2)
        etappe("attribution", "--paths", path / "nowhere.csv", expect=1)
        check((path / "none.db").exists(), False)


done()
