# SPDX-License-Identifier: Apache-2.0
"""What is asked of both programs, in each one's own words. ClickHouse gets several phrasings of a question; the
fastest one whose answer is right counts."""

STEPS = ["Product Viewed", "Product Added", "Checkout Started", "Order Completed"]
WINDOW_S = 7 * 86400
NAMES = ["Page Viewed", "Product Viewed", "Email Opened", "Product List Viewed", "Product Added", "Email Link Clicked",
         "Cart Viewed", "Checkout Started", "Order Completed", "Store Visited", "Call Answered", "Order Refunded"]
SETTINGS = "max_threads = 2"

# --- ClickHouse --------------------------------------------------------------------------------------

EVENT = "Enum8(" + ", ".join(f"'{name}' = {i + 1}" for i, name in enumerate(NAMES)) + ")"
CREATE = f"CREATE TABLE e (person UInt32, time DateTime('UTC'), event {EVENT}) ENGINE = MergeTree ORDER BY (person, time)"


def load(path):
    return [f"INSERT INTO e SELECT * FROM file('{path}', 'CSVWithNames', 'person UInt32, time DateTime(\\'UTC\\'), event String') "
            f"SETTINGS {SETTINGS}", "OPTIMIZE TABLE e FINAL"]


def reached(levels):
    return "SELECT " + ", ".join(f"countIf(level >= {k})" for k in (1, 2, 3, 4)) + f" FROM ({levels})"


def window_funnel(where="", settings=""):
    steps = ", ".join(f"event = '{step}'" for step in STEPS)
    return (reached(f"SELECT person, windowFunnel({WINDOW_S})(time, {steps}) AS level FROM e {where}GROUP BY person")
            + f" SETTINGS {SETTINGS}{settings}")


ANY_STEP = "WHERE event IN (" + ", ".join(f"'{step}'" for step in STEPS) + ") "

# The times of each step as arrays; from every first step on, always the next possible time.
ARRAYS = (
    "WITH arrayMap(x -> arrayFirst(y -> y > x, b), a) AS tb, "
    "arrayMap(x -> if(x = 0, 0, arrayFirst(y -> y > x, c)), tb) AS tc, "
    "arrayMap(x -> if(x = 0, 0, arrayFirst(y -> y > x, d)), tc) AS td, "
    f"arrayMax(arrayMap((p, q, r, s) -> multiIf(s > 0 AND s - p <= {WINDOW_S}, 4, r > 0 AND r - p <= {WINDOW_S}, 3, "
    f"q > 0 AND q - p <= {WINDOW_S}, 2, 1), a, tb, tc, td)) AS level "
    "SELECT " + ", ".join(f"countIf(level >= {k})" for k in (1, 2, 3, 4)) + " FROM (SELECT "
    + ", ".join(f"arraySort(groupArrayIf(toUInt32(time), event = '{step}')) AS {name}" for step, name in zip(STEPS, "abcd"))
    + f" FROM e {ANY_STEP}GROUP BY person HAVING notEmpty(a)) SETTINGS {SETTINGS}")


def latest_start():
    """A step keeps the latest first step that could have led to it; window functions carry it onwards."""
    over = "OVER (PARTITION BY person ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    inner = f"SELECT person, event, toUInt32(time) AS t FROM e {ANY_STEP}"
    carried = "t"
    for k in (1, 2, 3):
        inner = f"SELECT *, max(if(event = '{STEPS[k - 1]}', {carried}, 0)) {over} AS s{k} FROM ({inner})"
        carried = f"s{k}"
    tests = ", ".join(f"event = '{STEPS[k]}' AND s{k} > 0 AND t - s{k} <= {WINDOW_S}, {k + 1}" for k in (1, 2, 3))
    return ("SELECT " + ", ".join(f"uniqExactIf(person, level >= {k})" for k in (1, 2, 3, 4))
            + f" FROM (SELECT person, multiIf(event = '{STEPS[0]}', 1, {tests}, 0) AS level FROM ({inner})) SETTINGS {SETTINGS}")


FUNNELS = {
    "windowFunnel": window_funnel(),
    "windowFunnel over the steps' events only": window_funnel(ANY_STEP),
    "the same, aggregated in the table's order": window_funnel(ANY_STEP, ", optimize_aggregation_in_order = 1"),
    "arrays of times": ARRAYS,
    "window functions": latest_start(),
}

TRANSITION = "SELECT a, b, count() AS n, uniqExact(person), quantileExact(0.5)(d) FROM "
ORDER = " GROUP BY a, b ORDER BY n DESC, a, b SETTINGS " + SETTINGS
TRANSITIONS = {
    "window functions": TRANSITION + "(SELECT person, event AS a, leadInFrame(event) OVER w AS b, leadInFrame(person) OVER w AS next, "
    "leadInFrame(time) OVER w - time AS d FROM e WINDOW w AS (PARTITION BY person ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING "
    "AND UNBOUNDED FOLLOWING)) WHERE next = person" + ORDER,
    "arrays": TRANSITION + "(SELECT person, pair.1 AS a, pair.2 AS b, pair.3 AS d FROM (SELECT person, "
    "arrayJoin(arrayZip(arrayPopBack(events), arrayPopFront(events), arrayPopFront(arrayDifference(times)))) AS pair FROM "
    "(SELECT person, groupArray(event) AS events, groupArray(toUInt32(time)) AS times FROM (SELECT * FROM e ORDER BY person, time) "
    "GROUP BY person)))" + ORDER,
    "neighbour rows": TRANSITION + "(SELECT person, event AS a, neighbor(event, 1) AS b, neighbor(person, 1) AS next, "
    "neighbor(time, 1) - time AS d FROM (SELECT * FROM e ORDER BY person, time)) WHERE next = person" + ORDER
    + ", allow_deprecated_error_prone_window_functions = 1, max_block_size = 1000000000, preferred_block_size_bytes = 0",
}

# The paths of attribution: a person's touches cut after each order, those within the lookback of it kept, pieces without an
# order counted once 30 days have passed; distinct sequences of channels with how often each converted or ended without.
CHANNELS = ["paid_search", "organic_search", "email", "paid_social", "display", "affiliates", "referral", "sms"]
CHANNEL = "Enum8(" + ", ".join(f"'{name}' = {i + 1}" for i, name in enumerate(CHANNELS)) + ")"
CREATE_TOUCHES = (f"CREATE TABLE t (person UInt32, time DateTime('UTC'), event {EVENT}, channel {CHANNEL}) ENGINE = MergeTree "
                  "ORDER BY (person, time)")
LOOKBACK_S, INACTIVITY_S = 90 * 86400, 30 * 86400
# A mail that was opened and an order that was returned are no touches.
TOUCHES = "FROM t WHERE event NOT IN ('Email Opened', 'Order Refunded')"
COLUMNS = "toUInt32(time) AS s, toUInt8(channel) AS k, event = 'Order Completed' AS x"


def load_touches(path):
    return [f"INSERT INTO t SELECT * FROM file('{path}', 'CSVWithNames', 'person UInt32, time DateTime(\\'UTC\\'), event String, "
            f"channel String') SETTINGS {SETTINGS}", "OPTIMIZE TABLE t FINAL"]


def paths_of_arrays(persons):
    pieces = ", ".join(f"arrayReverseSplit((v, x) -> x, {column}, xs)" for column in ("ss", "ks", "xs"))
    return ("SELECT piece.1[-1] AS last_s, piece.3[-1] AS c, "
            f"arrayFilter((k, s, x) -> x = 0 AND (c = 0 OR s + {LOOKBACK_S} >= last_s), piece.2, piece.1, piece.3) AS path, "
            f"c = 0 AND now_s - last_s > {INACTIVITY_S} AS n FROM (SELECT arrayJoin(arrayZip({pieces})) AS piece FROM ({persons}))")


def paths_of_windows():
    piece = "sum(x) OVER (PARTITION BY person ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - x AS piece"
    kept = f"arrayFilter((a, b) -> c = 0 OR b + {LOOKBACK_S} >= last_s, groupArrayIf(k, x = 0), groupArrayIf(s, x = 0)) AS path"
    return (f"SELECT max(s) AS last_s, max(x) AS c, {kept}, c = 0 AND now_s - last_s > {INACTIVITY_S} AS n "
            f"FROM (SELECT person, s, k, x, {piece} FROM (SELECT person, time, {COLUMNS} {TOUCHES})) GROUP BY person, piece")


def distinct_paths(paths, answer="SELECT count(), sum(c), sum(n), sumIf(c, empty(path)) FROM ({}) WHERE c + n > 0", settings=""):
    counted = f"SELECT path, sum(c) AS c, sum(n) AS n FROM ({paths}) GROUP BY path"
    return f"WITH (SELECT toUInt32(max(time)) FROM t) AS now_s {answer.format(counted)} SETTINGS {SETTINGS}{settings}"


ARRAYS_OF_PERSON = f"SELECT groupArray(s) AS ss, groupArray(k) AS ks, groupArray(x) AS xs FROM (SELECT person, {COLUMNS} %s) GROUP BY person"
IN_ORDER = ", optimize_aggregation_in_order = 1"
ATTRIBUTION = {
    "arrays, aggregated in the table's order": distinct_paths(paths_of_arrays(ARRAYS_OF_PERSON % TOUCHES), settings=IN_ORDER),
    "arrays, sorted first": distinct_paths(paths_of_arrays(ARRAYS_OF_PERSON % (TOUCHES + " ORDER BY person, time"))),
    "window functions": distinct_paths(paths_of_windows()),
}
# What the linear model makes of the same paths: compared, not timed.
LINEAR = distinct_paths(paths_of_arrays(ARRAYS_OF_PERSON % TOUCHES), settings=IN_ORDER,
                        answer="SELECT k, sum(c / length(path)) FROM ({}) ARRAY JOIN path AS k WHERE c > 0 GROUP BY k")

# --- Etappe ------------------------------------------------------------------------------------------

FUNNEL_OPTIONS = ["--window", "7d", *(word for step in STEPS for word in ("--step", step)), "--format", "json"]
PATHS_OPTIONS = ["--limit", "1000", "--format", "json"]
ATTRIBUTION_OPTIONS = ["--model", "linear", "--resamples", "0", "--format", "json"]
# Every report that no peer can answer: SPEC's journeys, stages, map. All with the shop's definitions.
REPORTS = {
    "overview": [], "journeys": [], "stages": [], "map": [], "paths": ["--limit", "20"],
    "attribution": ["--model", "last", "--model", "shapley", "--model", "markov"],
}
# Dictionary-only conditions throughout; the answer right after it was applied.
REDEFINITION = """version: 1
preset: shop
goals: [{name: order, when: 'event in ("Order Completed", "Store Visited")', closes: true}]
touchpoints:
  - {name: Mail, when: channel = email}
  - {name: Ads, when: 'channel in (paid_search, paid_social, display)'}
  - {name: Service, aftersales: true, when: event = "Call Answered"}
"""
