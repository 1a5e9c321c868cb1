# SPDX-License-Identifier: Apache-2.0
"""What the project file says of who is who reaches record and index, with the file or not at all."""
from tap import check, done, etappe, folder, report, test

GOAL = "goals:\n  - {name: order, when: event = order, value: value, order: ORDER, closes: true}\n"


def contains(text, words):
    check(words in text, True, text)


def write(path, name, text):
    (path / name).write_text(text)
    return path / name


def load(path, db, name, text, **columns):
    maps = [word for field, column in columns.items() for word in ("--map", f"{field}={column}")]
    etappe("import", write(path, name, text), *maps, "--map", "time=time", "--map", "event=event", "--source", name, db=db)


def apply(path, db, text):
    return etappe("project", "apply", write(path, "project.yaml", "version: 1\n" + text), db=db).stdout


def persons(db):
    return report("overview", db=db)["persons"]


@test
def max_links_is_honoured_and_the_check_says_so_before():
    with folder() as path:
        db = path / "a.db"
        load(path, db, "a.csv", "time,event,user,device\n" + "".join(f"2025-01-0{n},page,,d1\n2025-01-0{n},login,u{n},d1\n" for n in range(1, 6)),
             person="user", anonymous="device")
        check(persons(db), 5, "the device moves from one to the next")
        project = write(path, "b.yaml", "version: 1\nmax_links: 3\n")
        contains(etappe("project", "check", project, db=db).stdout, "(max_links)")
        check(persons(db), 5, "a check changes nothing")
        contains(apply(path, db, "max_links: 3\n"), "(max_links)")
        check(persons(db), 6, "seen with five users the device is shared, and a person of its own")
        check("(max_links)" in apply(path, db, "max_links: 3\nlookback: 30d\n"), False, "what does not change is not told")
        apply(path, db, "lookback: 30d\n")
        check(persons(db), 5)


@test
def an_order_field_counts_from_its_first_event_on():
    with folder() as path:
        db = path / "a.db"
        load(path, db, "a.csv", "time,event,user\n2025-01-01,page,u1\n2025-01-02,page,u2\n", person="user")
        check(persons(db), 2)
        manifest = (path / "a.db.index" / "MANIFEST").read_text()
        without = GOAL.replace("order: ORDER, ", "")
        for goal in (without, GOAL.replace("ORDER", "order"), without, GOAL.replace("ORDER", "order")):
            check("ho is who" in apply(path, db, goal), False, "no event has an order")
            check(persons(db), 2)
        check((path / "a.db.index" / "MANIFEST").read_text(), manifest, "nothing was made again")
        load(path, db, "b.csv", "time,event,user,bill\n2025-01-03,order,u3,7\n2025-01-04,return,,7\n", person="user", order="bill")
        answer = report("overview", db=db)
        check((answer["persons"], answer["unidentified"]), (3, 0), "the return is told by its order")
        contains(apply(path, db, without), "(order, in goals)")
        answer = report("overview", db=db)
        check((answer["persons"], answer["unidentified"]), (3, 1), "without it nobody knows whose return it was")


@test
def a_value_refused_later_links_nobody_in_old_events_either():
    with folder() as path:
        db = path / "a.db"
        load(path, db, "a.csv", "time,event,user,mail\n2025-01-01,page,u1,Guest@shop.example\n2025-01-02,page,,guest@shop.example\n"
             "2025-01-03,page,kasse,\n2025-01-04,page,KASSE,\n2025-01-05,page,u2,\n", person="user", email="mail")
        check(persons(db), 4)
        apply(path, db, "refused_ids: [guest@shop.example, Kasse]\n")
        answer = report("overview", db=db)
        check((answer["persons"], answer["unidentified"]), (2, 3), "u1 and u2; the e-mail and the till name nobody")
        load(path, db, "b.csv", "time,event,user,mail\n2025-01-06,page,kasse,\n", person="user", email="mail")
        answer = report("overview", db=db)
        check((answer["persons"], answer["unidentified"]), (2, 4))


@test
def own_identifiers_can_be_mapped_once_they_are_declared():
    with folder() as path:
        db = path / "a.db"
        text = "time,event,user,club\n2025-01-01,page,,c1\n2025-01-02,page,u1,c1\n2025-01-03,page,,c1\n2025-01-04,page,,c2\n"
        apply(path, db, "lookback: 30d\n")
        check(etappe("import", write(path, "a.csv", text), "--map", "club=club", "--map", "time=time", "--map", "event=event", db=db, expect=2).stdout, "")
        apply(path, db, "identifiers:\n  - {name: club, strength: strong}\n")
        load(path, db, "a.csv", text, person="user", club="club")
        check(persons(db), 2, "u1 with c1, and c2")
        failed = etappe("project", "apply", write(path, "b.yaml", "version: 1\nlookback: 7d\nmax_links: 2\nidentifiers:\n  - {name: club, strength: weak}\n"),
                        db=db, expect=1)
        contains(failed.stderr, "another strength")
        check("7d" in etappe("project", "show", db=db).stdout, False, "all or nothing")
        check(persons(db), 2)


@test
def national_phone_numbers_are_of_the_projects_country():
    with folder() as path:
        db = path / "a.db"
        apply(path, db, 'phone_country: "49"\n')
        load(path, db, "a.csv", "time,event,phone\n2025-01-01,call,0171 2345678\n2025-01-02,call,+49 171 2345678\n2025-01-03,call,+43 171 2345678\n",
             phone="phone")
        check(persons(db), 2)


@test
def the_goals_say_which_field_is_the_order_id():
    with folder() as path:
        db = path / "a.db"
        text = "time,event,user,device,bill\n2025-01-01,order,,d1,77\n2025-01-02,order,u1,,77\n2025-01-03,order,u2,,78\n"
        load(path, db, "a.csv", text, person="user", anonymous="device")
        check(persons(db), 3, "a bill is nothing yet")
        for field in ("bill", "properties.bill"):
            apply(path, db, GOAL.replace("ORDER", field))
            answer = report("overview", db=db)
            check((answer["persons"], answer["goals"][0]["conversions"]), (2, 2), field)
        apply(path, db, GOAL.replace(", order: ORDER", ""))
        check(persons(db), 3)


@test
def slips_are_named():
    for text, words in [("max_links: many", "whole number"), ("phone_country: de", "dialling code"), ("identifiers:\n  - {name: order}", "declared already"),
                        ("identifiers:\n  - {name: club, strength: big}", "strong|weak|device"), ("identifiers:\n  - {name: A b}", "line 3")]:
        with folder() as path:
            failed = etappe("project", "check", write(path, "p.yaml", "version: 1\n" + text + "\n"), db=path / "a.db", expect=1)
            contains(failed.stderr, words)


done()
