# SPDX-License-Identifier: Apache-2.0
"""The map as a picture: well-formed, nothing over anything, no word cut, for few and for many touchpoints, in both languages.

Text boxes are estimated here on their own, a little narrow, so that what is reported overlaps in any usual font."""
import json
import re
import struct
import xml.etree.ElementTree as xml

import crowd
from tap import check, done, etappe, folder, report, test

SVG = "{http://www.w3.org/2000/svg}"
NOW = ["--now", "2026-12-30"]
NARROW, WIDE = set("iljtfrI.,:;'|!()[]-·– \u00a0"), set("mwMW%@…±")


def width_of(text, size, weight):
    em = sum(0.17 if c == "\u202f" else 0.3 if c in NARROW else 0.82 if c in WIDE else 0.66 if c.isupper() else 0.56 for c in text)
    return em * size * (1.04 if weight >= 600 else 1)


def box_of(text):
    """(left, top, right, bottom, words) of a text element."""
    size, weight = float(text.get("font-size")), float(text.get("font-weight", 400))
    words = (text.text or "") + "".join(child.tail or "" for child in text if child.tag == SVG + "title")
    width = width_of(words, size, weight)
    for child in text.findall(SVG + "tspan"):
        width += float(child.get("dx", 0)) + width_of(child.text, float(child.get("font-size")), float(child.get("font-weight", 400)))
        words += " " + child.text
    left = float(text.get("x")) - width * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")]
    baseline = float(text.get("y"))
    return left, baseline - 0.72 * size, left + width, baseline + 0.05 * size, words


def picture(db, *options):
    model = [] if "--model" in options else ["--model", "linear"]
    root = xml.fromstring(etappe("map", "--format", "svg", *NOW, *model, *options, db=db).stdout)
    check(root.tag, SVG + "svg")
    return root, [box_of(text) for text in root.iter(SVG + "text")]


def meet(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def faults(root, boxes):
    """What overlaps, lies outside or is cut."""
    width, height = float(root.get("width")), float(root.get("height"))
    found = [f"outside: {b[4]}" for b in boxes if b[0] < 30 or b[1] < 10 or b[2] > width - 30 or b[3] > height - 8]
    found += [f"cut: {b[4]}" for b in boxes if "…" in b[4]]
    found += [f"over: {a[4]} | {b[4]}" for i, a in enumerate(boxes) for b in boxes[:i] if meet(a, b)]
    for circle in root.iter(SVG + "circle"):
        x, y, r = (float(circle.get(key)) for key in ("cx", "cy", "r"))
        disc = (x - r, y - r, x + r, y + r)
        found += [f"under a disc: {b[4]}" for b in boxes if meet(disc, b) and not re.fullmatch("[1-3]", b[4])]
    return found


def number_in(text):
    return int(re.sub(r"\D", "", text))


@test
def nothing_overlaps_and_no_word_is_cut():
    for count, persons, pace in [(5, 800, 1), (11, 800, 1), (24, 1200, 0.0004), (80, 1500, 0.002)]:  # 52 seconds, 4.3 minutes
        with folder() as path:
            db = crowd.make(path, count, persons, pace=pace)
            for language in ("de", "en"):
                root, boxes = picture(db, "--language", language, *(["--model", "markov"] if count == 5 else []))
                check(faults(root, boxes), [], f"{count} touchpoints, {language}")
                check(len(boxes) > 40, True)


@test
def the_numbers_of_the_picture_are_those_of_the_report():
    with folder() as path:
        db = crowd.make(path, 24, 6000)
        answer = report("map", *NOW, "--model", "none", db=db)
        _, boxes = picture(db, "--language", "de")
        words = [box[4] for box in boxes]
        for stage in answer["stages"]:
            check(f"{stage['persons']:,}".replace(",", ".") in [w.split()[0] for w in words if w[:1].isdigit()], True, stage["stage"])
        left = [number_in(w.split(" gehen")[0]) for w in words if re.search(r"\d gehen, ", w)]
        check(left, [stage["left"] for stage in answer["stages"] if stage["left"]])
        worst = max(answer["stages"], key=lambda stage: stage["left"])
        share, label = f"{round(100 * worst['left'] / worst['persons'])}\u202f%", {name: german for name, german, _ in crowd.STAGES}[worst["stage"]]
        count = {key: f"{worst[key]:,}".replace(",", ".") for key in ("left", "persons")}
        check(f"Die meisten steigen in {label} aus: {count['left']} von {count['persons']} Personen dort ({share})." in words, True, words[:3])


@test
def large_maps_are_folded_and_count_each_person_once():
    with folder() as path:
        db = crowd.make(path, 80, 1500)
        linear = [*NOW, "--model", "linear"]
        full, folded = report("map", *linear, db=db), report("map", *linear, "--rows", "auto", db=db)
        check(len(full["touchpoints"]) > 28, True)
        check(len(folded["touchpoints"]), 24)
        check(sorted(sum((row.get("folded", [row["touchpoint"]]) for row in folded["touchpoints"]), [])), sorted(row["touchpoint"] for row in full["touchpoints"]))
        check([stage["persons"] for stage in folded["stages"]], [stage["persons"] for stage in full["stages"]])
        check(round(sum(row["credit"] or 0 for row in folded["touchpoints"]), 2), full["value"])
        kept = {row["touchpoint"] for row in folded["touchpoints"] if "folded" not in row}
        check([row for row in folded["cells"] if row["touchpoint"] in kept], [row for row in full["cells"] if row["touchpoint"] in kept])
        check([row["at"] for row in folded["weak_points"]], [row["at"] for row in full["weak_points"]])
        check(folded["road"], full["road"])
        touched = {}
        for person, _, _, touchpoint, stage, *_ in crowd.Crowd(80, 1500).rows:
            touched.setdefault(touchpoint.split("/")[1], set()).add(person)
        for row in folded["touchpoints"]:
            persons = set().union(*(touched[name] for name in row.get("folded", [row["touchpoint"]])))
            check(row["persons"], len(persons), row["touchpoint"])
        for row in folded["cells"][:40:7]:
            who = report("map", *NOW, "--rows", "auto", "--model", "none", "--who", f"stage:{row['stage']},touchpoint:{row['touchpoint']}", db=db)["listed"]
            check((len(who), len(set(who))), (row["persons"], row["persons"]))
        _, boxes = picture(db, "--language", "de")
        check(sum(bool(re.fullmatch(r"\+ \d+ weitere", box[4])) for box in boxes), sum("folded" in row for row in folded["touchpoints"]))
        _, boxes = picture(db, "--language", "en", "--rows", "all")
        check(any("more" in box[4] for box in boxes), False)


@test
def few_scores_raise_no_arrow_and_colour_nothing():
    with folder() as path:
        db = crowd.make(path, 24, 60)
        root, _ = picture(db, "--rows", "all", "--model", "none")
        low = [row for row in report("map", *NOW, "--model", "none", db=db)["cells"] if row["score"] and row["score"]["n"] < 10 and row["score"]["value"] < 45]
        check(bool(low), True, "the crowd has cells with few and poor scores")
        arrows = [p for p in root.iter(SVG + "path") if p.get("fill") in ("#a33a08", "#0f5a9c")]
        rated = [row for row in report("map", *NOW, "--model", "none", db=db)["cells"] if row["score"] and row["score"]["n"] >= 10]
        check(len(arrows), sum(row["score"]["value"] < 45 or row["score"]["value"] >= 84 for row in rated))


@test
def a_map_without_scores_is_flat_and_dashed():
    with folder() as path:
        db = crowd.make(path, 11, 600, scores=False)
        root, boxes = picture(db, "--language", "en")
        check(faults(root, boxes), [])
        check(any("good 75" in box[4] for box in boxes), False)
        check(any(p.get("stroke-dasharray") == "4 4" for p in root.iter(SVG + "path")), True)


HOSTILE = [("web", "<script>alert(1)</script>"), ("ads", "\"quoted\" & 'single' ]]>"), ("mail", "</text><image href=\"x\"/>"), ("web", "&lt;b&gt; &#x0;"),
           ("we<b>", "Ein sehr langer Name eines Berührungspunktes, der in keine Spalte der Welt passt"), ("search", "日本語のとても長い名前です、たぶん切れます"), ("web", "e\u0301\u202e")]


@test
def hostile_names_stay_text():
    with folder() as path:
        db = crowd.make(path, len(HOSTILE), 200, names=HOSTILE)
        for language in ("de", "en"):
            root, boxes = picture(db, "--language", language, "--where", "event != \"<evil>&\"")
            tags = {element.tag.replace(SVG, "") for element in root.iter()}
            check(tags <= {"svg", "title", "defs", "linearGradient", "stop", "pattern", "rect", "line", "circle", "path", "text", "tspan"}, True, tags)
            texts = ["".join(t.itertext()) for t in root.iter(SVG + "text")]
            for _, name in HOSTILE[:4]:
                check(name in texts, True, name)
            check(any(HOSTILE[4][1] in text for text in texts), True, "the whole name is there on hover")
            check([fault for fault in faults(root, boxes) if not fault.startswith("cut")], [])


@test
def six_and_more_stages_widen_the_picture():
    extra = crowd.STAGES + [(f"s{n}", f"Nachbetreuung {n}", f"Aftercare {n}") for n in range(3)]
    with folder() as path:
        db = crowd.make(path, 11, 800, stages=extra)
        root, boxes = picture(db, "--language", "de")
        check(float(root.get("width")) > 1380, True)
        check(sum("Tage" in box[4] or "Tag" in box[4] for box in boxes) <= 4, True, "nobody goes on from a stage without persons")
        check(faults(root, boxes), [])


@test
def an_empty_range_says_so():
    with folder() as path:
        db = crowd.make(path, 5, 50)
        root, boxes = picture(db, "--language", "en", "--from", "2020-01-01", "--to", "2020-01-31")
        check(any("No journey" in box[4] for box in boxes), True)
        check(any("1–31 Jan 2020" in box[4] for box in boxes), True)
        check(faults(root, boxes), [])


@test
def the_layout_is_what_the_picture_is_drawn_by():
    with folder() as path:
        db = crowd.make(path, 24, 500)
        layout = json.loads(etappe("map", *NOW, "--model", "none", "--format", "layout", db=db).stdout)
        root, boxes = picture(db, "--model", "none")
        check([layout["width"], layout["height"]], [float(root.get("width")), float(root.get("height"))])
        rails = {box[4]: box[3] - 0.05 * 12 - 4 for box in boxes}
        for row in layout["rows"]:
            check(abs(rails[row["touchpoint"]] - row["y"]) < 0.1, True, row)
        answer = report("map", *NOW, "--model", "none", db=db)
        shares = {(row["stage"], row["touchpoint"]): row["share"] for row in answer["cells"]}
        for cell in layout["cells"]:
            check(abs(cell["width"] - max(2, shares[cell["stage"], cell["touchpoint"]] * layout["bar_full"])) < 1e-6, True, cell)
        for column, stage in zip(layout["columns"], answer["stages"]):
            check(abs(column["thickness"] - 62 * stage["persons"] / max(s["persons"] for s in answer["stages"])) < 1e-6 or column["thickness"] == 2, True)


@test
def png_and_pdf_hold_the_picture():
    with folder() as path:
        db = crowd.make(path, 80, 300)
        root, _ = picture(db)
        etappe("map", *NOW, "--model", "linear", "--format", "png", "--out", path / "map.png", db=db)
        etappe("map", *NOW, "--model", "linear", "--format", "pdf", "--out", path / "map.pdf", db=db)
        png, pdf = (path / "map.png").read_bytes(), (path / "map.pdf").read_bytes()
        check(png[:8], b"\x89PNG\r\n\x1a\n")
        size = struct.unpack(">II", png[16:24])
        check([round(2 * float(root.get(key))) for key in ("width", "height")], list(size))
        check(pdf[:5], b"%PDF-")
        box = re.search(rb"MediaBox \[ ?0 0 ([0-9.]+) ([0-9.]+)", pdf)
        check([round(float(n)) for n in box.groups()], [1191, 842], "A3, landscape")


done()
