# SPDX-License-Identifier: Apache-2.0
"""What the project file says of channels, touchpoints, initiators, bots and internal traffic holds in every report.
Figures worked by hand on this story:

  ann  1 web visit by the spot's campaign, 2 its page (the visit's channel is its first event's), 3 order
  ben  4 e-mail click that states its channel, 5 page without a visit of campaign `spot`, 6 order
  bot  7 8 two pages of a bot, of which 8 is of the house too
  eve  9 an order of the house
  cam 10 parcel (by the system, as the project says), 11 ask"""
from tap import check, done, etappe, folder, report, test

STORY = """\
person,time,event,channel,campaign,device,agent,value,order
ann,2025-03-01T10:00:00Z,page,,spot,d1,,,
ann,2025-03-01T10:01:00Z,page,,,d1,,,
ann,2025-03-01T10:02:00Z,order,,,d1,,40,o1
ben,2025-03-02T10:00:00Z,click,newsletter,spot,,,,
ben,2025-03-02T10:01:00Z,page,,spot,,,,
ben,2025-03-02T10:02:00Z,order,,,,,60,o2
bot,2025-03-03T10:00:00Z,page,,,d2,crawler,,
bot,2025-03-03T10:01:00Z,page,,,d2,crawler-house,,
eve,2025-03-04T10:00:00Z,order,,,,house,99,o3
cam,2025-03-05T10:00:00Z,parcel,,,,,,
cam,2025-03-05T10:01:00Z,ask,,,,,,
"""
PROJECT = """\
version: 1
restart_stage: awareness
channels:
  - {name: tv, when: campaign = spot}
  - {name: newsletter, label: Newsletter}
touchpoints:
  - {name: Spot page, family: ads, when: event = page and channel = tv}
  - {name: Shop, family: web, when: 'event in (page, order)'}
initiators:
  - {by: system, when: event = parcel}
goals:
  - {name: order, when: event = order, value: value, order: order, closes: true}
stages:
  - {name: awareness}
  - {name: decision, when: touchpoint = Shop}
relationships: []
bots: properties.agent contains crawler
internal: properties.agent contains house
"""
MAP = [word for field in ["person", "time", "event", "channel", "campaign", "device", "value", "order"]
       for word in ("--map", f"{field}={field}")]


def tell(path, project=PROJECT):
    db = path / "story.db"
    (path / "project.yaml").write_text(project)
    (path / "story.csv").write_text(STORY)
    etappe("project", "apply", path / "project.yaml", db=db)
    etappe("import", path / "story.csv", *MAP, db=db)
    return db


def refused(*arguments, **options):
    """The sentence of a refusal."""
    return etappe(*arguments, expect=1, **options).stderr


def variants(db, *options):
    return {tuple(v["path"]): v["count"] for v in report("paths", *options, db=db)["variants"]}


@test
def a_channel_rule_is_what_channel_means_everywhere():
    with folder() as path:
        db = tell(path)
        # ann's visit is tv as a whole; ben's click states its own, his page is ruled, his order is unassigned
        channels = {row["channel"]: row["events"] for row in report("overview", db=db)["channels"]}
        check(channels, {"tv": 4, "unassigned": 3, "newsletter": 1})
        check(variants(db, "--key", "channel"),
              {("tv", "tv", "tv"): 1, ("newsletter", "tv", "unassigned"): 1, ("unassigned",): 1})
        check(variants(db, "--key", "channel", "--collapse"),
              {("tv",): 1, ("newsletter", "tv", "unassigned"): 1, ("unassigned",): 1})
        where = report("overview", "--where", "channel = tv", db=db)
        check((where["events"], where["persons"]), (4, 2))
        check(report("overview", "--where", "channel != tv", db=db)["events"], 4)
        funnel = report("funnel", "--step", "page", "--step", "order", "--by", "channel", db=db)
        check([(g["value"], g["total"], g["steps"][1]["reached"]) for g in funnel["groups"]], [("tv", 2, 2)])
        check(report("funnel", "--step", "channel = tv", "--step", "channel = unassigned", db=db)["steps"][1]["reached"], 1)
        check(report("overview", "--among", "first(event exists).channel = tv", db=db)["persons"], 1)
        coverage = report("overview", db=db)["coverage"]
        check(coverage["attributable"], 5 / 8)


@test
def attribution_credits_the_ruled_channel():
    with folder() as path:
        db = tell(path)
        credits = report("attribution", "--model", "last", "--model", "first", db=db)["models"]
        # ann: her visit; ben: his click (his page stands in no visit and states no channel)
        for model in credits:
            check({c["key"]: c["conversions"] for c in model["credits"]}, {"tv": 1, "newsletter": 1})
        check(report("attribution", "--model", "last", "--key", "touchpoint", db=db)["models"][0]["credits"][0]["key"], "Spot page")


@test
def a_touchpoint_rule_is_what_touchpoint_means_everywhere():
    with folder() as path:
        db = tell(path)
        check(variants(db, "--key", "touchpoint"),
              {("Spot page", "Spot page", "Shop"): 1, ("newsletter / click", "Spot page", "Shop"): 1, ("unassigned / ask",): 1})
        check(variants(db, "--key", "touchpoint", "--collapse"),
              {("Spot page", "Shop"): 1, ("newsletter / click", "Spot page", "Shop"): 1, ("unassigned / ask",): 1})
        check(report("overview", "--where", 'touchpoint = "Spot page"', db=db)["events"], 3)
        check(report("overview", "--where", 'touchpoint in (Shop, "newsletter / click")', db=db)["events"], 3)
        funnel = report("funnel", "--step", "touchpoint contains page", "--step", "order", "--by", "touchpoint", db=db)
        check([(g["value"], g["total"]) for g in funnel["groups"]], [("Spot page", 2)])
        # the stage's condition asks for the touchpoint
        stages = {s["stage"]: s["now"] for s in report("stages", db=db)["stages"]}
        check(stages, {"awareness": 1, "decision": 2})
        cells = {(c["touchpoint"], c["stage"]) for c in report("map", db=db)["cells"]}
        check(("Spot page", "awareness") in cells and ("Shop", "decision") in cells, True)


@test
def an_initiator_rule_makes_no_touch_of_what_the_system_did():
    with folder() as path:
        db = tell(path)
        check(report("overview", "--where", "initiator = system", db=db)["events"], 1)
        check(("unassigned", "unassigned") in variants(db, "--key", "channel"), False)


INITIATORS = """\
version: 1
goals: [{name: order, when: event = order, value: value, closes: true}]
stages: [{name: only}]
restart_stage: only
sources: [{name: page, kind: web}]
initiators: [{by: INITIATOR, when: event = heartbeat}, {by: customer, when: exists event}]
"""


def ask_of_dia(path, initiator):
    """dia's browser: a visit that begins by itself, in which she looks around; one by itself only; an order at the till."""
    db = path / f"{initiator}.db"
    (path / "project.yaml").write_text(INITIATORS.replace("INITIATOR", initiator))
    (path / "page.csv").write_text("""\
person,time,event,channel,device
dia,2025-03-01T10:00:00Z,heartbeat,ads,d1
dia,2025-03-01T10:20:00Z,page,ads,d1
dia,2025-03-01T11:00:00Z,heartbeat,email,d1
""")
    (path / "till.csv").write_text("person,time,event,value\ndia,2025-03-02T10:00:00Z,order,30\n")
    (path / "crm.ndjson").write_text('{"type": "identify", "userId": "eva", "messageId": "i", "timestamp": "2025-03-01T10:00:00Z"}\n')
    etappe("project", "apply", path / "project.yaml", db=db)
    for name, fields in {"page": "person time event channel device", "till": "person time event value"}.items():
        etappe("import", path / f"{name}.csv", "--source", name, *[w for f in fields.split() for w in ("--map", f"{f}={f}")], db=db)
    etappe("import", path / "crm.ndjson", db=db)
    visits = etappe("sql", "SELECT count(*) AS n FROM visits", "--format", "csv", db=db).stdout.split()[1]
    begin = etappe("sql", "SELECT strftime(min(started), '%H:%M') AS t, count(*) AS n FROM journeys", "--format", "csv", db=db).stdout.split()[1]
    paths = variants(db, "--key", "event")
    credit = report("attribution", "--model", "last", db=db)["models"][0]["credits"]
    return visits, begin, paths, {row["key"]: row["conversions"] for row in credit if row["conversions"]}


@test
def whose_act_it_was_draws_journeys_and_touches_but_no_visits():
    with folder() as path:
        # eva was only named: a rule makes no touch of that
        check(ask_of_dia(path, "customer"), ("2", "10:00,1", {("heartbeat", "page", "heartbeat", "order"): 1}, {"email": 1}))
        check(ask_of_dia(path, "system"), ("2", "10:20,1", {("page", "order"): 1}, {"ads": 1}))
        check(ask_of_dia(path, "company"), ("2", "10:20,1", {("heartbeat", "page", "heartbeat", "order"): 1}, {"ads": 1}))


@test
def bots_and_the_house_are_in_no_figure():
    with folder() as path:
        db = tell(path)
        overview = report("overview", db=db)
        check((overview["events"], overview["persons"], overview["journeys"]), (8, 3, 3))
        check(overview["excluded"], {"bots": 2, "internal": 1, "flagged": 0})
        check(overview["goals"], [{"goal": "order", "conversions": 2, "value": 100, "net_value": 100, "conflicting": 0, "untaxed": 0, "returned": 0,
                                   "returned_value": 0, "return_rate": 0, "provisional": 0, "provisional_share": 0}])
        funnel = report("funnel", "--step", "page", "--step", "order", db=db)
        check((funnel["total"], [step["reached"] for step in funnel["steps"]]), (3, [2, 2]))
        check(report("funnel", "--step", "order", db=db)["steps"][0]["reached"], 2)
        check(sum(variants(db).values()), 3)
        check(report("attribution", "--model", "last", db=db)["conversions"], 2)
        check(report("map", db=db)["stages"][0]["persons"], 3)
        check(report("overview", "--among", "count(order) >= 1", db=db)["persons"], 2)
        check(len(report("person", "list", db=db)["persons"]), 3)
        # in range only, and up to now
        check(report("overview", "--to", "2025-03-03", db=db)["excluded"], {"bots": 2, "internal": 0, "flagged": 0})
        check(report("overview", "--now", "2025-03-03T10:00:30Z", db=db)["excluded"], {"bots": 1, "internal": 0, "flagged": 0})


@test
def employees_are_not_analysed():
    with folder() as path:
        db = tell(path, PROJECT + "employee_properties: [agent]\n")
        asked = [["overview", "--where", "agent = crawler"], ["overview", "--where", "properties.agent exists"],
                 ["overview", "--among", "count(order, by properties.agent) >= 1"], ["paths", "--key", "agent"],
                 ["funnel", "--step", "page", "--by", "agent"], ["funnel", "--step", "page", "--by", "first(page).agent"],
                 ["attribution", "--key", "properties.agent"], ["funnel", "--step", "agent[].name = x"]]
        for options in asked:
            said = refused(*options, db=db)
            check("says which employee it was, and employees are not analysed" in said, True, said)
        check(report("overview", db=db)["excluded"], {"bots": 2, "internal": 1, "flagged": 0})
        check("employees are not analysed" in refused("sql", "SELECT agent FROM events(properties := ['agent'])", db=db), True)
        check("agent" in etappe("sql", "SELECT * FROM events", db=db).stdout, False)
        check("crawler" in etappe("person", "show", "user:bot", "--format", "json", db=db).stdout, False)
        (path / "p.yaml").write_text(PROJECT + "employee_properties: [properties.agent]\npersonas:\n  - {name: a, when: count(agent = x) > 1}\n")
        check("personas[1] asks for agent, which is one of the employee_properties" in refused("project", "check", path / "p.yaml", db=db), True)


@test
def a_person_is_shown_as_reports_see_it():
    with folder() as path:
        db = tell(path)
        ann = report("person", "show", "user:ann", db=db)["events"]
        check([(e["channel"], e["touchpoint"]) for e in ann], [("tv", "Spot page"), ("tv", "Spot page"), ("tv", "Shop")])
        check([e.get("excluded") for e in report("person", "show", "user:bot", db=db)["events"]], ["bots", "bots"])
        check([e.get("excluded") for e in report("person", "show", "user:eve", db=db)["events"]], ["internal"])


@test
def definitions_in_a_circle_are_refused():
    circles = {
        "channels:\n  - {name: a, when: touchpoint = x}\n":
            'channels[1] "a" asks for touchpoint, and touchpoints are named after channels: a circle',
        "channels:\n  - {name: a, when: initiator = company}\ninitiators:\n  - {by: system, when: channel = x}\n":
            'channels[1] "a" asks for initiator, and initiators for channel: a circle',
        "touchpoints:\n  - {name: a, when: initiator = company}\ninitiators:\n  - {by: system, when: touchpoint = x}\n":
            'touchpoints[1] "a" asks for initiator, and initiators for touchpoint: a circle',
    }
    with folder() as path:
        for text, message in circles.items():
            (path / "p.yaml").write_text("version: 1\n" + text)
            check(message in refused("project", "check", path / "p.yaml", db=path / "none.db"), True)


@test
def a_place_rule_is_what_place_means_everywhere():
    places = """place: properties.agent
places:
  - {name: till, when: event = order and order = o2}
  - {name: crawler, when: event = page and place = crawler}
"""
    with folder() as path:
        db = tell(path, PROJECT.replace("bots: properties.agent contains crawler\ninternal: properties.agent contains house\n", places))
        # ben's order by the rule; what else the field says stays: house once, crawler (by rule) and crawler-house
        counted = etappe("sql", "SELECT place, count(*) FROM events GROUP BY ALL ORDER BY place NULLS LAST", "--format", "csv", db=db).stdout
        check(counted.split()[1:], ["crawler,1", "crawler-house,1", "house,1", "till,1", ",7"])
        check(report("overview", "--where", "place = till", db=db)["events"], 1)
        check(report("overview", "--where", "place in (till, house)", db=db)["events"], 2)
        check(report("overview", "--where", "place exists", db=db)["events"], 4)
        check(variants(db, "--key", "place")[("crawler", "crawler-house")], 1)
        (path / "circle.yaml").write_text(PROJECT + "places:\n  - {name: a, when: channel = tv}\n")
        said = refused("project", "check", path / "circle.yaml", db=db)
        check("places[1]" in said and "circle" in said, True, said)


@test
def initiators_that_ask_for_two_rules_are_in_a_circle_with_either():
    with folder() as path:
        for order in (["touchpoint = Shop", "channel = tv"], ["channel = tv", "touchpoint = Shop"]):
            rules = "".join(f"  - {{by: system, when: {when}}}\n" for when in order)
            text = PROJECT.replace("  - {by: system, when: event = parcel}\n", rules).replace("event in (page, order)'", "event in (page, order) and initiator = customer'")
            (path / "circle.yaml").write_text(text)
            said = refused("project", "check", path / "circle.yaml", db=path / "x.db")
            check("touchpoints[2]" in said and "circle" in said, True, said)


done()
