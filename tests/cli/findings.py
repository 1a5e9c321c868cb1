# SPDX-License-Identifier: Apache-2.0
"""The sentence that an answer opens with: it claims a difference only where the numbers bear it."""
from tap import check, done, etappe, folder, report, test

PROJECT = """\
version: 1
language: de
restart_stage: awareness
goals:
  - {name: order, label: Orders, label_de: Bestellungen, when: event = order, value: value, closes: true}
stages:
  - {name: awareness, label_de: Aufmerksamkeit}
  - {name: decision, label_de: Entscheidung, when: event = order}
relationships: []
"""


def tell(path, persons, project=PROJECT):
    """`persons`: how often which events, a day apart each, all by channel `ads` but the last by `mail`."""
    db, rows, number = path / "story.db", ["person,time,event,channel,value"], 0
    for count, events in persons:
        for _ in range(count):
            number += 1
            for day, event in enumerate(events.split(), 1):
                channel = "ads" if day == 1 else "mail"
                rows.append(f"p{number},2025-01-{day:02}T10:00:00Z,{event},{channel},{'10' if event == 'order' else ''}")
    (path / "story.csv").write_text("\n".join(rows) + "\n")
    (path / "project.yaml").write_text(project)
    etappe("project", "apply", path / "project.yaml", db=db)
    maps = [word for field in ["person", "time", "event", "channel", "value"] for word in ("--map", f"{field}={field}")]
    etappe("import", path / "story.csv", *maps, db=db)
    return db


def opening(db, *arguments):
    return etappe(*arguments, db=db).stdout.split("\n")[0].replace("\u202f", " ")


FUNNEL = ["funnel", "--step", "page", "--step", "cart", "--step", "order"]


@test
def a_funnel_names_its_largest_drop_when_it_is_one():
    with folder() as path:
        # lost: 80 of 100 after page, 5 of 20 after cart
        db = tell(path, [(80, "page"), (5, "page cart"), (15, "page cart order")])
        check(report(*FUNNEL, db=db)["finding"],
              {"id": "funnel.largest_drop", "values": {"units": "persons", "first": "page", "step": "page", "next": "cart",
                                                       "dropped": 80, "reached": 100, "share": 0.8}})
        check(opening(db, *FUNNEL), "Der größte Abbruch ist nach page: 80 von 100 Personen (80 %) erreichen cart nicht.")
        check(opening(db, *FUNNEL, "--lang", "en"), "The largest drop is after page: 80 of 100 persons (80%) do not reach cart.")
        csv = etappe(*FUNNEL, "--format", "csv", db=db).stdout
        check(csv.startswith("step,name"), True)
        two = report("funnel", "--step", "page", "--step", "order", db=db)["finding"]
        check((two["id"], two["values"]["completed"], two["values"]["share"]), ("funnel.completed", 15, 0.15))
        check(opening(db, "funnel", "--step", "order", "--to", "2024-01-01"), "Im Zeitraum hat niemand order erreicht.")


@test
def a_funnel_without_a_clear_largest_drop_claims_none():
    with folder() as path:
        # lost: 5 of 10 after page, 2 of 5 after cart
        db = tell(path, [(5, "page"), (2, "page cart"), (3, "page cart order")])
        check(opening(db, *FUNNEL), "3 von 10 Personen (30 %) kommen von page bis order.")


@test
def every_report_opens_with_its_sentence():
    with folder() as path:
        db = tell(path, [(80, "page"), (5, "page cart"), (15, "page cart order")])
        asked = ["--now", "2025-03-01"]
        said = {
            "overview": ("overview.conversions", "100 Personen, 100 Journeys: 15 Conversions von Bestellungen, netto 150 € wert."),
            "paths": ("paths.most_frequent", "Der häufigste Weg ist page: 80 von 100 Personen (80 %)."),
            "journeys": ("journeys.converted", "Von 100 beendeten Journeys haben 15 (15 %) konvertiert."),
            "stages": ("stages.most_stand", "Die meisten Personen stehen in Aufmerksamkeit: 85 von 100 (85 %)."),
            "map": ("map.most_leave", "Die meisten steigen in Aufmerksamkeit aus: 85 von 100 Personen dort (85 %)."),
        }
        for name, (finding, sentence) in said.items():
            check(report(name, *asked, db=db)["finding"]["id"], finding)
            check(opening(db, name, *asked), sentence)


@test
def attribution_names_a_first_one_only_when_its_interval_is_clear():
    with folder() as path:
        # by the first touch ads earns all; linear halves: ads and mail are not told apart
        db = tell(path, [(80, "page"), (40, "page cart order")])
        check(opening(db, "attribution", "--model", "first", "--navigational", "keep"),
              "ads trug am meisten zu Bestellungen bei: 40,0 von 40 Conversions (100 %), nach first.")
        check(opening(db, "attribution", "--model", "linear"),
              "40 Conversions von Bestellungen auf 2 Werte von channel verteilt; nach linear trennen die Intervalle die ersten beiden nicht.")
        check(opening(db, "attribution", "--to", "2024-01-01"),
              "Im Zeitraum hat niemand Bestellungen erreicht; es gibt nichts zu verteilen.")
        check(report("attribution", "--model", "first", "--resamples", 0, db=db)["finding"]["id"], "attribution.close")


@test
def nothing_is_said_in_words_too():
    with folder() as path:
        db = tell(path, [(1, "page")])
        for name in ("overview", "paths", "journeys", "map"):
            finding = report(name, "--to", "2024-01-01", db=db)["finding"]
            check(finding["id"], name + ".empty")
            check(opening(db, name, "--to", "2024-01-01", "--lang", "en")[-1], ".")


@test
def the_period_is_named_alike():
    with folder() as path:
        db = tell(path, [(1, "page")])
        for name in ("overview", "paths", "journeys", "stages", "map", "attribution"):
            for options, period in (([], "all time"), (["--from", "2025-01-01"], "since 2025-01-01"),
                                    (["--from", "2025-01-01", "--to", "2025-01-31"], "2025-01-01 to 2025-01-31"),
                                    (["--to", "2025-01-31T12:00"], "until 2025-01-31 12:00:00")):
                check(f"Period: {period}. " in etappe(name, *options, db=db).stdout, True, f"{name} {options}")


done()
