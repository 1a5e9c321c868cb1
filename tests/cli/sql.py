# SPDX-License-Identifier: Apache-2.0
"""etappe sql: the tables worked by hand on a small file; the same figures as the reports on the sample; what is refused."""
import json
import pathlib
import re

from tap import check, done, etappe, folder, report, test

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "sql.md"
EVIL = "'); DROP VIEW events; --"
STORY = f"""\
time,user,anonymous,event,channel,campaign,place,value,order,note
2025-01-01T10:00:00Z,anna,a1,Page Viewed,paid_search,spring,web,,,hello
2025-01-01T10:05:00Z,anna,a1,Product Viewed,,,web,,,"{EVIL}"
2025-01-03T09:00:00Z,anna,,Email Link Clicked,email,news,,,,
2025-01-03T09:10:00Z,anna,a1,Page Viewed,organic_search,,web,,,
2025-01-03T09:20:00Z,anna,a1,Order Completed,,,web,100,A1,
2025-01-05T12:00:00Z,anna,,Order Refunded,,,,30,A1,
2025-01-10T08:00:00Z,anna,,Store Visited,store,,store,,,
2025-01-10T08:30:00Z,anna,,Order Completed,,,store,50.5,A2,
2025-01-02T08:00:00Z,ben,b1,Page Viewed,display,"it's ""new""; DROP VIEW visits",web,,,
2025-01-02T08:01:00Z,ben,b1,Product Viewed,,,web,,,
2025-01-15T00:00:00Z,,,Page Viewed,direct,,web,,,
2025-01-16T00:00:00Z,,,Order Completed,,,web,7,N1,
2025-02-28T00:00:00Z,carl,,Store Visited,store,,store,,,
"""
NOW = ("--now", "2025-03-01")


def story(path):
    (path / "story.csv").write_text(STORY)
    etappe("import", path / "story.csv", db=path / "story.db")
    return path / "story.db"


def sample(path):
    etappe("demo", "--no-serve", "--events", 20000, "--folder", path / "demo")
    return path / "demo" / "etappe.db"


def ask(db, *statements, options=()):
    """The rows of the last statement, as lists."""
    answer = json.loads(etappe("sql", *statements, "--format", "json", *options, db=db).stdout)
    return [list(row.values()) for row in answer["rows"]]


def refused(db, *words, expect=1):
    result = etappe("sql", *words, db=db, expect=expect)
    check(result.stdout, "")
    check(result.stderr.startswith("etappe: ") and result.stderr.count("\n") <= 2, True, result.stderr)
    return result.stderr


def near(a, b, what):
    check(abs(float(a) - float(b)) < 1e-6 * max(1.0, abs(b)), True, f"{what}: {a} {b}")


@test
def events_worked_by_hand():
    with folder() as path:
        db = story(path)
        check(ask(db, "SELECT arrival, strftime(time, '%d %H:%M'), person IS NULL, event, channel, touchpoint, campaign, place, value, order_id, grade, touch, visit, journey, stage, tail "
                      "FROM events ORDER BY arrival", options=NOW), [
            [1, "01 10:00", False, "Page Viewed", "paid_search", "paid_search / Page Viewed", "spring", "web", None, None, "visit", True, 1, 1, "awareness", False],
            [2, "01 10:05", False, "Product Viewed", "paid_search", "Product page", None, "web", None, None, "visit", True, 1, 1, "consideration", False],
            [3, "03 09:00", False, "Email Link Clicked", "email", "email / Email Link Clicked", "news", None, None, None, "click", True, None, 1, "consideration", False],
            [4, "03 09:10", False, "Page Viewed", "organic_search", "organic_search / Page Viewed", None, "web", None, None, "visit", True, 2, 1, "consideration", False],
            [5, "03 09:20", False, "Order Completed", "organic_search", "Checkout", None, "web", 100, "A1", "visit", True, 2, 1, "decision", False],
            [6, "05 12:00", False, "Order Refunded", "unassigned", "Return", None, None, 30, "A1", "visit", True, None, 1, "retention", True],
            [7, "10 08:00", False, "Store Visited", "store", "Store visit", None, "store", None, None, "conversation", True, None, 2, "consideration", False],
            [8, "10 08:30", False, "Order Completed", "unassigned", "Till", None, "store", 50.5, "A2", "visit", True, None, 2, "decision", False],
            [9, "02 08:00", False, "Page Viewed", "display", "display / Page Viewed", 'it\'s "new"; DROP VIEW visits', "web", None, None, "visit", True, 1, 1, "awareness", False],
            [10, "02 08:01", False, "Product Viewed", "display", "Product page", None, "web", None, None, "visit", True, 1, 1, "consideration", False],
            [11, "15 00:00", True, "Page Viewed", "direct", "direct / Page Viewed", None, "web", None, None, "visit", True, None, None, None, None],
            [12, "16 00:00", True, "Order Completed", "unassigned", "Checkout", None, "web", 7, "N1", "visit", True, None, None, None, None],
            [13, "28 00:00", False, "Store Visited", "store", "Store visit", None, "store", None, None, "conversation", True, None, 1, "consideration", False],
        ])


@test
def visits_and_journeys_worked_by_hand():
    with folder() as path:
        db = story(path)
        check(ask(db, "SELECT visit, started, ended, events, channel, campaign, first_event, last_event, journey, conversions, value, net_value FROM visits ORDER BY started", options=NOW), [
            [1, "2025-01-01T10:00:00.000Z", "2025-01-01T10:05:00.000Z", 2, "paid_search", "spring", "Page Viewed", "Product Viewed", 1, 0, 0, 0],
            [1, "2025-01-02T08:00:00.000Z", "2025-01-02T08:01:00.000Z", 2, "display", 'it\'s "new"; DROP VIEW visits', "Page Viewed", "Product Viewed", 1, 0, 0, 0],
            [2, "2025-01-03T09:10:00.000Z", "2025-01-03T09:20:00.000Z", 2, "organic_search", None, "Page Viewed", "Order Completed", 1, 1, 100, 70],
        ])
        check(ask(db, "SELECT journey, state, touches, tail, first_stage, stage, again, goal, value, net_value, first_channel, last_touchpoint FROM journeys ORDER BY started", options=NOW), [
            [1, "converted", 5, 1, "awareness", "retention", False, "order", 100, 70, "paid_search", "Checkout"],
            [1, "abandoned", 2, 0, "awareness", "consideration", False, None, None, None, "display", "Product page"],
            [2, "converted", 2, 0, "consideration", "decision", True, "order", 50.5, 50.5, "store", "Till"],
            [1, "open", 1, 0, "awareness", "consideration", False, None, None, None, "store", "Store visit"],
        ])


@test
def conversions_persons_and_touches_worked_by_hand():
    with folder() as path:
        db = story(path)
        check(ask(db, "SELECT order_id, person IS NULL, goal, number, value, net_value, visit, journey, arrival FROM conversions ORDER BY time", options=NOW), [
            ["A1", False, "order", 1, 100, 70, 2, 1, 5], ["A2", False, "order", 2, 50.5, 50.5, None, 2, 8], ["N1", True, "order", None, 7, 7, None, None, 12]])
        check(ask(db, "SELECT events, touches, visits, journeys, conversions, value, net_value, first_channel, last_channel, stage, ended, relationship FROM persons ORDER BY first_seen", options=NOW), [
            [8, 8, 2, 2, 2, 150.5, 120.5, "paid_search", "unassigned", "decision", False, "customer"],
            [2, 2, 1, 1, 0, 0, 0, "display", "display", "consideration", True, "prospect"],
            [1, 1, 0, 1, 0, 0, 0, "store", "store", "consideration", False, "prospect"]])
        check(ask(db, "SELECT channel, visit, path, position, length, outcome, value, repeated FROM touches ORDER BY time", options=NOW), [
            ["paid_search", 1, 1, 1, 3, "converted", 100, False], ["display", 1, 1, 1, 1, "none", None, None],
            ["email", None, 1, 2, 3, "converted", 100, False], ["organic_search", 2, 1, 3, 3, "converted", 100, False],
            ["store", None, 2, 1, 1, "converted", 50.5, True], ["store", None, 1, 1, 1, "open", None, None]])
        check(ask(db, "SELECT channel, position, length FROM touches(lookback := '1d') WHERE path = 1 AND outcome = 'converted' ORDER BY time", options=NOW),
              [["paid_search", None, 2], ["email", 1, 2], ["organic_search", 2, 2]])


@test
def now_hides_what_came_later():
    with folder() as path:
        db = story(path)
        early = ("--now", "2025-01-05")
        check(ask(db, "SELECT count(*), max(time) FROM events", options=early), [[7, "2025-01-03T09:20:00.000Z"]])
        check(ask(db, "SELECT value, net_value FROM conversions", options=early), [[100, 100]])
        check(ask(db, "SELECT count(*) FROM persons", options=early), [[2]])


@test
def what_the_reports_do_not_see_has_no_row():
    with folder() as path:
        db = story(path)
        (path / "more.csv").write_text("time,user,event,channel,order,value\n2025-02-01T00:00:00Z,dora,Order Completed,store,A1,5\n")
        etappe("import", path / "more.csv", db=db)
        check(ask(db, "SELECT value, conflicting FROM conversions WHERE order_id = 'A1' ORDER BY value"), [[5, True], [100, True]])
        etappe("import", "undo", 2, db=db)
        check(ask(db, "SELECT count(*), count(DISTINCT person) FROM events"), [[13, 3]])
        check(ask(db, "SELECT conflicting, count(*) FROM conversions GROUP BY ALL"), [[False, 3]])
        (path / "project.yaml").write_text('version: 1\npreset: shop\nbots: event = "Product Viewed"\nchannels:\n  - {name: till, when: place = store}\n')
        etappe("project", "apply", path / "project.yaml", db=db)
        check(ask(db, "SELECT count(*), count(*) FILTER (WHERE event = 'Product Viewed') FROM events"), [[11, 0]])
        check(report("overview", db=db)["events"], 11)
        check(ask(db, "SELECT channel FROM events WHERE order_id = 'A2'"), [["till"]])
        check(dict(ask(db, "SELECT channel, count(*) FROM events GROUP BY ALL")), {row["channel"]: row["events"] for row in report("overview", db=db)["channels"]})


@test
def hundreds_of_names_are_one_dictionary():
    with folder() as path:
        names = [f"Step {i:03d}" for i in range(300)]
        (path / "many.csv").write_text("time,user,event,channel\n" + "".join(
            f"2025-01-01T{i // 60:02d}:{i % 60:02d}:00Z,u{i % 7},{name},c{i % 290:03d}\n" for i, name in enumerate(reversed(names))))
        db = path / "many.db"
        etappe("import", path / "many.csv", db=db)
        check([row[0] for row in ask(db, "SELECT event FROM events ORDER BY event")], names)
        check(ask(db, "SELECT event, channel FROM events WHERE channel = 'c289'"), [["Step 010", "c289"]])
        check(ask(db, "SELECT count(*) FROM events WHERE event IN ('Step 256', 'Step 255', 'Nothing')"), [[2]])


@test
def a_property_is_a_column_or_json_and_only_a_value():
    with folder() as path:
        db = story(path)
        check(ask(db, "SELECT note FROM events(properties := ['note']) WHERE note IS NOT NULL ORDER BY time"), [["hello"], [EVIL]])
        check(ask(db, "SELECT properties, properties->>'note' FROM events WHERE arrival IN (2, 3) ORDER BY arrival"), [[{"note": EVIL}, EVIL], [{}, None]])
        check(ask(db, "SELECT count(*) FROM events"), [[13]])
        check(ask(db, "SELECT count(*) FROM visits"), [[3]])
        check("did you mean \"note\"" in refused(db, "SELECT * FROM events(properties := ['notes'])"), True)
        check(etappe("sql", f"SELECT note FROM events(properties := ['note']) WHERE arrival = 2", "--format", "csv", db=db).stdout, f"note\n{EVIL}\n")


@test
def the_same_figures_as_the_reports():
    with folder() as path:
        db = sample(path)
        overview = report("overview", db=db)
        check(ask(db, "SELECT count(*), count(*) FILTER (WHERE person IS NULL), count(DISTINCT person) FROM events"),
              [[overview["events"], overview["unidentified"], overview["persons"]]])
        check(ask(db, "SELECT count(*), sum(journeys) FROM persons"), [[overview["persons"], overview["journeys"]]])
        goals = [[goal["goal"], goal["conversions"], goal["value"], goal["net_value"]] for goal in overview["goals"]]
        check(goals[0][1] > 50, True)
        check(ask(db, "SELECT goal, count(*), sum(value), sum(net_value) FROM conversions GROUP BY ALL ORDER BY goal"), goals)
        channels = {row["channel"]: row["events"] for row in report("overview", "--limit", 1000, db=db)["channels"]}
        check(dict(ask(db, "SELECT channel, count(*) FROM events GROUP BY ALL")), channels)
        states = {row["state"]: [row["journeys"], row["persons"], row["tail"], row["again"], row["value"], row["net_value"]] for row in report("journeys", db=db)["states"]}
        rows = ask(db, "SELECT state, count(*), count(DISTINCT person), sum(tail), count(*) FILTER (WHERE again), coalesce(sum(value), 0), coalesce(sum(net_value), 0) FROM journeys GROUP BY ALL")
        check({row[0]: row[1:] for row in rows}, {name: figures for name, figures in states.items() if figures[0]})
        stages = report("stages", db=db)
        check(ask(db, "SELECT stage, count(*), count(*) FILTER (WHERE ended) FROM persons WHERE stage IS NOT NULL GROUP BY ALL ORDER BY stage"),
              [[row["stage"], row["now"], row["ended"]] for row in stages["stages"] if row["now"]])
        check(dict(ask(db, "SELECT relationship, count(*) FROM persons WHERE relationship IS NOT NULL GROUP BY ALL")),
              {row["relationship"]: row["persons"] for row in stages["relationships"] if row["persons"]})


@test
def the_same_credits_as_attribution():
    with folder() as path:
        db = sample(path)
        for options, parameters in (((), ""), (("--lookback", "3d"), "lookback := '3d'"), (("--navigational", "keep", "--views", "1d"), "navigational := 'keep', views := '1d'")):
            answer = report("attribution", "--model", "first", "--model", "last", "--model", "linear", "--resamples", 0, *options, db=db)
            rows = ask(db, f"""SELECT channel, count(*) FILTER (WHERE position = 1), count(*) FILTER (WHERE position = length), sum(1 / length),
                               coalesce(sum(value) FILTER (WHERE position = 1), 0)
                               FROM touches({parameters}) WHERE outcome = 'converted' AND position IS NOT NULL GROUP BY ALL""")
            credits = {model["model"]: {row["key"]: row for row in model["credits"] if row["conversions"]} for model in answer["models"]}
            check(len(credits["linear"]) > 5, True)
            check({row[0] for row in rows}, set(credits["linear"]) - {"(none)", "(unidentified)"})
            for channel, first, last, linear, value in rows:
                near(first, credits["first"].get(channel, {}).get("conversions", 0), f"first {channel}")
                near(last, credits["last"].get(channel, {}).get("conversions", 0), f"last {channel}")
                near(linear, credits["linear"][channel]["conversions"], f"linear {channel}")
                near(value, credits["first"].get(channel, {}).get("value", 0), f"value {channel}")


@test
def touchpoints_are_a_dictionary_with_the_maps_names_and_persons():
    with folder() as path:
        db = sample(path)
        check(ask(db, "SELECT typeof(touchpoint)[:4], count(*) FILTER (WHERE touchpoint IS NULL) FROM events GROUP BY ALL"), [["ENUM", 0]])
        rows = {row["touchpoint"]: row["persons"] for row in report("map", "--rows", "all", db=db)["touchpoints"]}
        check(len(rows) > 10, True)
        check(dict(ask(db, "SELECT touchpoint, count(DISTINCT person) FROM events WHERE journey IS NOT NULL AND touch GROUP BY ALL")), rows)
    with folder() as path:  # more pairs of channel and event than are worth a dictionary of all
        db = path / "many.db"
        (path / "many.csv").write_text("time,user,event,channel\n" + "".join(f"2025-01-01,u{i % 7},e{i:03d},c{i % 290:03d}\n" for i in range(300)))
        etappe("import", path / "many.csv", db=db)
        check(ask(db, "SELECT count(DISTINCT touchpoint), count(*) FILTER (WHERE touchpoint = 'c007 / e297') FROM events"), [[300, 1]])


@test
def persons_have_the_companys_own_numbers():
    with folder() as path:
        db = path / "a.db"
        (path / "a.csv").write_text("time,user,crm,anonymous,email,event\n2025-01-01,anna,C7,a1,,view\n2025-01-02,,C7,a1,,view\n2025-01-03,anna,C8,,,view\n"
                                    "2025-01-01,,C9,,,view\n2025-01-01,,,a3,,view\n2025-01-01,,,,b@example.com,view\n")
        etappe("import", path / "a.csv", db=db)
        check(ask(db, "SELECT user_id, crm_id, events FROM persons ORDER BY user_id, crm_id, events"), [["anna", "C7", 3], [None, "C9", 1], [None, None, 1], [None, None, 1]])
        check(ask(db, "SELECT p.user_id, count(*) FROM events e JOIN persons p USING (person) WHERE p.user_id IS NOT NULL GROUP BY ALL"), [["anna", 3]])
        etappe("person", "merge", "crm:C9", "user:anna", db=db)
        check(ask(db, "SELECT user_id, crm_id, events FROM persons WHERE user_id IS NOT NULL"), [["anna", "C7", 4]])


@test
def a_funnel_by_a_join_is_the_funnel():
    with folder() as path:
        db = sample(path)
        funnel = report("funnel", "--step", "Product Viewed", "--step", "Product Added", "--step", "Order Completed", "--window", "7d", db=db)
        check(ask(db, """
            WITH steps AS (SELECT person, time, arrival, event FROM events WHERE person IS NOT NULL)
            SELECT count(DISTINCT a.person), count(DISTINCT b.person), count(DISTINCT c.person) FROM steps a
            LEFT JOIN steps b ON b.person = a.person AND b.event = 'Product Added' AND (b.time, b.arrival) > (a.time, a.arrival) AND b.time - a.time <= INTERVAL 7 DAY
            LEFT JOIN steps c ON c.person = b.person AND c.event = 'Order Completed' AND (c.time, c.arrival) > (b.time, b.arrival) AND c.time - a.time <= INTERVAL 7 DAY
            WHERE a.event = 'Product Viewed'"""), [[step["reached"] for step in funnel["steps"]]])
        check(funnel["steps"][2]["reached"] > 5, True)


@test
def the_same_answer_on_one_thread_and_on_four():
    with folder() as path:
        db = sample(path)
        statement = "SELECT e.*, p.stage AS now_in FROM events e LEFT JOIN persons p USING (person) ORDER BY arrival"
        one, four = (etappe("sql", statement, "--threads", n, "--format", "csv", db=db).stdout for n in (1, 4))
        check(one.count("\n") > 19000, True)
        check(one == four, True)


@test
def a_copy_is_read_back():
    with folder() as path:
        db = story(path)
        for file in ("out.parquet", "out.csv"):
            ask(db, f"COPY (SELECT person, event, channel, time, value FROM events) TO '{path / file}'")
            check(ask(db, f"SELECT count(*), count(person), sum(value), max(time)::TIMESTAMPTZ FROM '{path / file}'"), [[13, 11, 187.5, "2025-02-28T00:00:00.000Z"]])
        check(sorted(p.name for p in path.iterdir() if p.name.startswith("tmp_")), [])
        check(ask(db, "SELECT channel, count(*) AS n, sum(f.n) FROM events JOIN (SELECT channel AS name, count(*) AS n FROM "
                      f"'{path}/*.parquet' GROUP BY ALL) f ON f.name = channel WHERE channel = 'store' GROUP BY ALL"), [["store", 2, 4]])


@test
def only_files_named_in_the_statement_are_opened():
    with folder() as path:
        db = story(path)
        secret = path / "secret.csv"
        secret.write_text("a\n1\n")
        hint = "only files whose whole path stands in the statement"
        check(hint in refused(db, f"SELECT * FROM read_csv('{path}' || '/secret.csv')"), True)
        check(hint in refused(db, f"COPY (SELECT 1) TO ('{path}' || '/new.csv')") or not (path / "new.csv").exists(), True)
        check((path / "new.csv").exists(), False)
        check(hint in refused(db, f"SET VARIABLE f = '{path}/sec' || 'ret.csv'", "SELECT * FROM read_csv(getvariable('f'))"), True)
        check(ask(db, f"SELECT * FROM read_csv('{secret}')"), [[1]])


@test
def settings_stand_fast():
    with folder() as path:
        db = story(path)
        for statement in ("SET enable_external_access = true", "SET allowed_paths = ['/etc/passwd']", "SET lock_configuration = false",
                          "SET threads = 64", "PRAGMA memory_limit='1TB'", "RESET allowed_directories"):
            check("locked" in refused(db, statement), True, statement)
        check("extensions cannot be added" in refused(db, "INSTALL httpfs"), True)
        check("extensions cannot be added" in refused(db, "LOAD httpfs"), True)


@test
def what_is_wrong_is_one_sentence():
    with folder() as path:
        db = story(path)
        check(refused(db, "SELECT chanel\nFROM events").splitlines()[0], 'etappe: SQL, line 1, column 8: Referenced column "chanel" not found in FROM clause')
        check(refused(db, "SELECT 1,\n  x.y FROM evnts x"), 'etappe: SQL, line 2, column 12: Table with name evnts does not exist\n  Did you mean "events"?\n')
        check('line 1, column 1: syntax error at or near "SELEC"' in refused(db, "SELEC 1"), True)
        check("column 17: Could not convert string 'x'" in refused(db, "SELECT TRUE, 'x'::INT"), True)
        check("argument of its own" in refused(db, "SELECT 1; SELECT 2"), True)
        check("statement 1: " in refused(db, "SELECT z", "SELECT 1"), True)
        check('there is no goal "sale"' in refused(db, "SELECT * FROM touches(goal := 'sale')"), True)
        check('"1x" is no duration' in refused(db, "SELECT * FROM touches(lookback := '1x')"), True)
        check("the statement is empty" in refused(db, " -- nothing", expect=2), True)
        check("--format is table" in refused(db, "SELECT 1", "--format", "xml", expect=2), True)
        check("there is no project" in refused(path / "none.db", "SELECT 1"), True)
        out = etappe("sql", "SELECT z", "--format", "json", db=db, expect=1).stdout
        check(json.loads(out)["error"]["code"], "invalid")


@test
def formats_and_out():
    with folder() as path:
        db = story(path)
        statement = "SELECT channel, count(*) AS n, sum(value) AS total FROM events GROUP BY ALL ORDER BY n DESC, channel LIMIT 3; -- the top"
        check(etappe("sql", statement, db=db).stdout, "channel         n   total\nunassigned      3   87.50\ndisplay         2\norganic_search  2  100.00\n")
        etappe("sql", statement, "--format", "csv", "--out", path / "a.csv", db=db)
        check((path / "a.csv").read_bytes(), b"channel,n,total\r\nunassigned,3,87.5\r\ndisplay,2,\r\norganic_search,2,100\r\n")
        answer = json.loads(etappe("sql", "SELECT 'NaN'::DOUBLE AS a, 1e300 AS a, [1, 2] AS list, {'k': 'v'} AS object, true AS flag, NULL AS nothing, '=1' AS text, 12345678901234567890123::HUGEINT AS big", "--format", "json", db=db).stdout)
        check([column["type"] for column in answer["columns"]], ["number", "number", "json", "json", "boolean", "integer", "text", "integer"])
        check(answer["rows"], [{"a": None, "a_2": 1e300, "list": [1, 2], "object": {"k": "v"}, "flag": True, "nothing": None, "text": "=1", "big": 12345678901234567890123}])
        check(etappe("sql", "SELECT '=1+1' AS f", "--format", "csv", db=db).stdout.splitlines()[1], "'=1+1")
        check("The first 1000 of 5000 rows" in etappe("sql", "SELECT * FROM range(5000)", db=db).stdout, True)
        check(ask(db, "CREATE TABLE one AS SELECT person FROM persons", "SELECT count(*) FROM one"), [[3]])
        check(len(ask(db, "PIVOT (SELECT grade, visit FROM events) ON grade USING count(*)")), 3)
        check("EVENTS" in etappe("sql", "EXPLAIN SELECT count(*) FROM events", db=db).stdout, True)
        refused(db, "SELECT 1", "--out", path / "no" / "a.csv")


@test
def the_schema_is_the_tables_and_the_documentation():
    with folder() as path:
        db = story(path)
        schema = json.loads(etappe("sql", "--schema", "--format", "json", db=path / "none.db").stdout)["tables"]
        check([table["table"] for table in schema], ["events", "visits", "journeys", "conversions", "persons", "touches"])
        text = DOCS.read_text()
        for table in schema:
            check([column["name"] for column in table["columns"]], [row[0] for row in ask(db, f"DESCRIBE {table['table']}")])
            for column in table["columns"]:
                check(f"| `{column['name']}` | {column['type']} | {column['help']} |" in text, True, f"docs/sql.md: {table['table']}.{column}")
        check(etappe("sql", db=path / "none.db").stdout.startswith("events: "), True)


@test
def the_examples_of_the_documentation_run():
    with folder() as path:
        db = sample(path)
        examples = re.findall(r"```sql\n(.*?)```", DOCS.read_text(), re.S)
        check(len(examples) >= 6, True)
        for example in examples:
            rows = ask(db, example.replace("'channels.parquet'", f"'{path}/channels.parquet'"))
            check(len(rows) > 0, True, example)


done()
