# SPDX-License-Identifier: Apache-2.0
"""The project file and input that does not fit it: a clear sentence, never NaN, never a silent empty table.

  ann   1 ad by ads, 2 page, 3 order o1 of 100, 4 the same order with 120
  bob   1 ad by mail, 3 order o2 of -50
  cat   5 two returns: of an order nobody knows, of none
  cost  500 for tv, which nobody touched; 50 for ads"""
import json
import re

from tap import check, done, etappe, folder, report, test

STORY = """\
person,time,event,channel,value,order,cost
ann,2025-01-01T10:00:00Z,ad,ads,,,
ann,2025-01-02T10:00:00Z,page,ads,,,
ann,2025-01-03T10:00:00Z,order,direct,100,o1,
ann,2025-01-04T10:00:00Z,order,direct,120,o1,
bob,2025-01-01T10:00:00Z,ad,mail,,,
bob,2025-01-03T10:00:00Z,order,mail,-50,o2,
cat,2025-01-05T10:00:00Z,return,mail,10,o9,
cat,2025-01-05T11:00:00Z,return,mail,10,,
,2025-01-02T10:00:00Z,Ad Cost,tv,,,500
,2025-01-02T10:00:00Z,Ad Cost,ads,,,50
"""
FIELDS = ["person", "time", "event", "channel", "value", "order", "cost"]
MAP = [word for field in FIELDS for word in ("--map", f"{field}={field}")]
REPORTS = ["overview", "paths", "journeys", "stages", "map", "attribution"]


def project(when="event = order", value="value: value", order="order: order", stage="event = order", more=""):
    return f"""\
version: 1
restart_stage: awareness
goals:
  - name: order
    when: '{when}'
    {value}
    {order}
    closes: true
    {"adjustments: [{kind: return, when: event = return, value: value}]" if order else ""}
stages:
  - {{name: awareness}}
  - {{name: decision, when: '{stage}'}}
relationships: []
{more}"""


def apply(path, text, **options):
    (path / "project.yaml").write_text(text)
    return etappe("project", "apply", path / "project.yaml", db=path / "story.db", **options)


def tell(path, text=None):
    (path / "story.csv").write_text(STORY)
    apply(path, text or project())
    etappe("import", path / "story.csv", *MAP, db=path / "story.db")
    return path / "story.db"


def sound(db, *options):
    """Every report in every format, none with NaN or infinity, each with a sentence."""
    for name in REPORTS:
        check(report(name, *options, db=db)["finding"]["id"].split(".")[0], name)
        for form in ("json", "table", "csv"):
            text = etappe(name, *options, "--format", form, db=db).stdout
            check(re.findall(r"(?i)(?<![a-z])-?(?:nan|inf(?:inity)?)(?![a-z])", text), [], f"{name} {options} {form}")


@test
def unknown_names_in_goals_and_stages():
    with folder() as path:
        db = tell(path)
        refusals = [(project(when="chanel = x"), 'goal "order" of the project file: column 1: there is no field "chanel"\n  did you mean "channel"?'),
                    (project(stage="chanel = x"), 'stage "decision" of the project file: column 1: there is no field "chanel"'),
                    (project(value="value: totl"), 'goal "order" of the project file: value: there is no field "totl"'),
                    (project(order="order: ordr"), 'goal "order" of the project file: order: there is no field "ordr"'),
                    (project(more="touchpoints:\n  - {name: T, when: chanel = x}\n"), 'touchpoint "T" of the project file: column 1'),
                    (project(more="channels:\n  - {name: C, when: chanel = x}\n"), 'channel "C" of the project file: column 1'),
                    (project(more="bots: chanel = x\n"), "bots of the project file: column 1"),
                    (project(more="personas:\n  - {name: P, when: count(chanel = x) > 1}\n"), '"P" of the project file: column 7')]
        for text, message in refusals:
            said = apply(path, text, expect=1).stderr
            check(message in said, True, said)
            check(etappe("project", "check", path / "project.yaml", db=db, expect=1).stderr, said)
        check(report("overview", db=db)["goals"][0]["conversions"], 2) # still the first version


@test
def names_that_no_event_has_are_told():
    with folder() as path:
        db = tell(path, project(when="event = ordr", stage="properties.nope = 1"))
        warnings = ['The goal "order" matches nothing: no event is called "ordr"; did you mean "order"?',
                    'The stage "decision" matches nothing: no event has properties.nope.']
        for name in ("overview", "journeys", "stages", "map", "attribution"):
            check(report(name, db=db)["warnings"], warnings)
            check(all(w in etappe(name, db=db).stdout for w in warnings), True)
        check(all(w in apply(path, project(when="event = ordr", stage="properties.nope = 1")).stdout for w in warnings), True)
        apply(path, project(when='event in (ordr, order) and not event = nothing', value="value: properties.totl"))
        check(report("overview", db=db)["warnings"], ['Conversions of "order" are worth nothing: no event has properties.totl.'])
        sound(db)


@test
def no_conversions_and_only_conversions():
    with folder() as path:
        db = tell(path, project(when="event = page and channel = mail"))
        found = report("attribution", db=db)
        check((found["conversions"], found["finding"]["id"]), (0, "attribution.empty"))
        check("Nobody reached this goal" in etappe("attribution", db=db).stdout, True)
        sound(db)
        apply(path, project(when="event exists", order=""))
        found = report("attribution", "--model", "last", db=db)
        check((found["conversions"], found["finding"]["id"]), (10, "attribution.untouched"))
        check({c["key"]: c["conversions"] for c in found["models"][0]["credits"]}, {"(none)": 8, "(unidentified)": 2})
        sound(db)


@test
def rows_that_do_not_fit_are_counted():
    with folder() as path:
        db = tell(path)
        overview = report("overview", db=db)
        check(overview["goals"][0]["conversions"], 2)
        check((overview["goals"][0]["value"], overview["goals"][0]["net_value"]), (120, 120)) # the latest of o1; o2 counts 0
        notes = overview["notes"]
        check((notes["repeated_orders"], notes["unmatched_adjustments"], notes["negative_values"]), (1, 2, 1))
        text = etappe("overview", db=db).stdout
        for sentence in ("1 row(s) repeat an order", "2 return(s), cancellation(s) or the like name no known order", "1 conversion(s) of a negative amount"):
            check(sentence in text, True, sentence)


@test
def a_currency_without_a_rate_is_refused_by_row():
    with folder() as path:
        db = tell(path)
        (path / "foreign.csv").write_text("person,time,event,value,currency\ndee,2025-01-03T10:00:00Z,order,80,CHF\n")
        result = etappe("import", path / "foreign.csv", *MAP[:6], "--map", "value=value", "--map", "currency=currency", db=db, expect=None)
        check("an amount in CHF, for which the project has no rate to EUR on that day" in result.stdout + result.stderr, True, result.stdout)


@test
def cost_without_touches_is_not_measurable_per_person():
    with folder() as path:
        db = tell(path)
        found = report("attribution", "--model", "last", db=db)
        check(found["cost_without_touches"], [{"key": "tv", "cost": 500}])
        credits = {c["key"]: c for c in found["models"][0]["credits"]}
        check(("tv" in credits, credits["ads"]["cost"], credits["ads"]["roas"], credits["ads"]["cpa"]), (False, 50, 2.4, 50))
        check((credits["mail"]["cost"], credits["mail"]["roas"], credits["mail"]["cpa"]), (0, None, None))
        check("not measurable per person" in etappe("attribution", db=db).stdout, True)
        apply(path, project(value=""))
        credits = {c["key"]: c for c in report("attribution", "--model", "last", db=db)["models"][0]["credits"]}
        check((credits["ads"]["cost"], credits["ads"]["roas"]), (50, None)) # a goal without a value has no return


@test
def empty_periods():
    with folder() as path:
        db = tell(path)
        for name in [*REPORTS, "funnel"]:
            step = ["--step", "page"] if name == "funnel" else []
            for begin, end in (("2025-01-02", "2025-01-01"), ("2025-01-02T10:00", "2025-01-02T10:00")):
                said = etappe(name, *step, "--from", begin, "--to", end, db=db, expect=1).stderr
                check(f"the period is empty: --from {begin} is not before --to {end}" in said, True, said)
        for options in (["--from", "2030-01-01"], ["--now", "2020-01-01"]):
            sound(db, *options)


@test
def a_file_of_a_newer_version_is_refused():
    with folder() as path:
        for text, message in (("version: 7\n", "the project file is of version 7, this program knows up to 1\n  use a newer etappe"),
                              ("version: x\n", "line 1, version: expected 1")):
            check(message in apply(path, text, expect=1).stderr, True)
        check((path / "story.db").exists(), False)


@test
def every_version_is_kept_and_check_shows_the_effect():
    with folder() as path:
        check("No project file is applied" in etappe("project", "show", "--versions", db=path / "story.db").stdout, True)
        db = tell(path)
        second = project(when="event in (order, page)")
        (path / "second.yaml").write_text(second)
        effect = etappe("project", "check", path / "second.yaml", db=db).stdout
        row = next(line.split() for line in effect.splitlines() if line.startswith("goal order"))
        check(row, ["goal", "order", "2", "3", "120.00", "120.00"]) # ann's page converts too, without a value
        check(report("overview", db=db)["goals"][0]["conversions"], 2)
        apply(path, second)
        check(report("overview", db=db)["goals"][0]["conversions"], 3)
        versions = json.loads(etappe("project", "show", "--versions", "--format", "json", db=db).stdout)["versions"]
        check([v["in_force"] for v in versions], [False, True])
        check([v["number"] for v in versions], sorted(v["number"] for v in versions))
        shown = [etappe("project", "show", "--version", v["number"], db=db).stdout for v in versions]
        check(shown, [project(), second])
        check(etappe("project", "show", db=db).stdout, second)
        check("in force" in etappe("project", "show", "--versions", db=db).stdout, True)
        check("no project file was applied by change 99" in etappe("project", "show", "--version", 99, db=db, expect=1).stderr, True)
        apply(path, second) # the same again is no version
        check(len(json.loads(etappe("project", "show", "--versions", "--format", "json", db=db).stdout)["versions"]), 2)


@test
def order_ids_by_another_name_count_link_and_are_shown():
    with folder() as path:
        db = path / "bill.db"
        (path / "bill.csv").write_text("""\
person,card,time,event,value,bill
ann,,2025-01-01T10:00:00Z,order,100,b1
,c7,2025-01-02T10:00:00Z,order,110,b1
,c7,2025-01-03T10:00:00Z,return,10,b1
""")
        (path / "project.yaml").write_text(project(order="order: bill"))
        etappe("project", "apply", path / "project.yaml", db=db)
        etappe("import", path / "bill.csv", *(w for f in ["person", "card", "time", "event", "value"] for w in ("--map", f"{f}={f}")), db=db)
        goal = report("overview", db=db)["goals"][0]
        check((goal["conversions"], goal["value"], goal["net_value"]), (1, 110, 100))
        check(report("overview", db=db)["persons"], 1, "the bill links card and user")
        check(etappe("sql", "SELECT order_id FROM conversions", "--format", "csv", db=db).stdout.split(), ["order_id", "b1"])


@test
def order_ids_that_arrived_as_a_property_are_a_warning_not_a_guess():
    with folder() as path:
        (path / "story.csv").write_text(STORY)
        apply(path, project())
        etappe("import", path / "story.csv", *(w for f in FIELDS if f != "order" for w in ("--map", f"{f}={f}")), db=path / "story.db")
        warnings = report("overview", db=path / "story.db")["warnings"]
        check(any("--map order=order" in text and "properties.order" in text for text in warnings), True, warnings)


@test
def results_name_the_definitions_that_were_applied():
    with folder() as path:
        db = tell(path, project(more="timezone: Europe/Berlin\n"))
        said = apply(path, project(more="timezone: Europe/Berlin\n")).stdout
        check(f"definitions {report('overview', db=db)['definitions']}," in said, True, said)


@test
def a_refused_option_is_one_sentence_in_every_report():
    with folder() as path:
        db = tell(path)
        for words, says in [(["overview", "--limit", 0], "--limit must"), (["paths", "--limit", 0], "--limit must"), (["attribution", "--resamples", -1], "--resamples must"),
                            (["attribution", "--lookback", "0d"], "--lookback"), (["journeys", "--threads", 9999], "--threads must"), (["map", "--model", "x"], "--model must"),
                            (["stages", "--now", "2025-13-01"], "--now")]:
            result = etappe(*words, db=db, expect=None)
            check((result.returncode in (1, 2), result.stdout), (True, ""), words)
            check(result.stderr.startswith("etappe: ") and says in result.stderr, True, result.stderr)
            check("CRITICAL" in result.stderr, False, result.stderr)


@test
def names_that_do_not_exist_are_refused_where_they_stand():
    with folder() as path:
        for section, sentence in {
            'relationships: [{name: fan, when: stage = nowhere}]': 'relationships[1] "fan" asks for the stage "nowhere", which does not exist\n  there is only',
            'personas: [{name: a, when: count(x) > 1}, {name: b, when: "count(x) > 1 and not relationship in (a, nobody)"}]\nrelationships: [{name: a, when: count(x) > 1}]':
                'personas[2] "b" asks for the relationship "nobody", which does not exist\n  there is a',
        }.items():
            (path / "bad.yaml").write_text("version: 1\nstages: [{name: only}]\nrestart_stage: only\nrelationships: []\n".replace("relationships: []\n", "" if "relationships:" in section else "relationships: []\n") + section + "\n")
            said = etappe("project", "apply", path / "bad.yaml", db=path / "a.db", expect=1).stderr
            check(sentence in said, True, said)


@test
def values_and_sources_that_no_event_has_are_warned_of():
    with folder() as path:
        db = path / "a.db"
        (path / "project.yaml").write_text("""version: 1
stages: [{name: only}]
restart_stage: only
relationships: []
goals:
  - {name: order, when: event = order, value: amout, order: id, authoritative: erpp, adjustments: [{kind: return, when: event = return, value: properties.bak}]}
""")
        etappe("project", "apply", path / "project.yaml", db=db)
        (path / "a.csv").write_text("user,time,event,amount\na,2025-01-01,order,5\na,2025-01-02,return,2\n")
        etappe("import", path / "a.csv", db=db)
        check(report("overview", db=db)["warnings"], ['Conversions of "order" are worth nothing: no event has amout.',
                                                      'No row of "order" is authoritative: no source is called "erpp".',
                                                      'Adjustments of "order" (return) state no amount: no event has properties.bak.'])


done()
