# SPDX-License-Identifier: Apache-2.0
"""An invented crowd on its way through five stages and as many touchpoints as wanted, for the tests of the map's picture.

The same arguments give the same rows. Every touchpoint has stages in which it is met often; some are disliked (their
scores are low and people leave there); buyers come back."""
import csv
import datetime
import random

from tap import etappe

BEGIN = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)
FAMILIES = {
    "ads": ["Display-Anzeige", "Instagram-Anzeige", "Suchanzeige", "Videoanzeige", "Plakat", "Radiospot", "Podcast-Spot", "Anzeigenblatt", "Retargeting-Anzeige", "Partnerprogramm", "Fernsehspot"],
    "social": ["Instagram-Profil", "Influencer", "Pinterest", "YouTube-Kanal", "TikTok", "Facebook-Seite", "Forum"],
    "search": ["Google-Suche", "Preisvergleich", "Bewertungsportal", "Kartendienst", "Bildersuche", "Branchenbuch", "Sprachsuche"],
    "web": ["Produktseite", "Warenkorb", "Startseite", "Kasse", "App", "Ratgeber", "Kategorieseite", "Merkzettel", "Raumplaner", "Kundenkonto", "Lieferzeitrechner", "Größenberater",
            "Filialfinder", "Häufige Fragen", "Zahlungsart", "Gutscheinseite"],
    "mail": ["Newsletter", "Warenkorb-Mail", "Versandinfo", "Bestellbestätigung", "Umfrage-Mail", "Push-Nachricht", "Geburtstagsmail", "Katalog per Post", "Terminbestätigung", "Erinnerung"],
    "store": ["Filialbesuch", "Beratung", "Filialkasse", "Küchenplanung", "Musterverleih", "Abholung", "Veranstaltung"],
    "service": ["Reklamation", "Hotline", "Chat", "Retoure", "Lieferung", "Montage", "Ersatzteile", "Rückruf", "Entsorgung", "Werkstatt"],
    "club": ["Kundenkarte", "Freunde werben", "Bewertung", "Bonuspunkte", "Kundenabend", "Vorabverkauf"],
}
STAGES = [("awareness", "Aufmerksamkeit", "Awareness"), ("consideration", "Überlegung", "Consideration"), ("decision", "Entscheidung", "Decision"),
          ("retention", "Bindung", "Retention"), ("advocacy", "Empfehlung", "Advocacy")]
HOME = {"ads": [9, 3, 1, 0, 0], "social": [6, 4, 1, 0, 0], "search": [5, 6, 1, 0, 0], "web": [3, 9, 9, 0, 0], "mail": [0, 0, 0, 6, 1], "store": [1, 3, 3, 0, 0],
        "service": [0, 0, 0, 5, 0], "club": [0, 0, 0, 2, 9]}
AFTERSALES = ("mail", "service", "club")
FIVE = [("ads", "Instagram-Anzeige"), ("web", "Produktseite"), ("web", "Warenkorb"), ("mail", "Newsletter"), ("service", "Reklamation")]
DISLIKED = {"Warenkorb": 38, "Preisvergleich": 41, "Reklamation": 24, "Hotline": 40}


def touchpoints(count):
    """(family, name) of so many touchpoints, largest families first, spread over all families."""
    if count <= 5:
        return FIVE[:count]
    lists, chosen = [[(family, name) for name in names] for family, names in FAMILIES.items()], []
    for depth in range(max(map(len, lists))):
        chosen += [names[depth] for names in lists if depth < len(names)]
    missing = count - len(chosen)
    chosen += [("web", f"Themenseite {number + 1}") for number in range(max(missing, 0))]
    return chosen[:count]


def project(count, extra="", names=None, stages=STAGES):
    lines = ["version: 1", "name: Lindenhof", "language: de", "currency: EUR", "restart_stage: consideration", "goals:",
             "  - {name: order, when: event = order, value: value, order: order, closes: true}", "touchpoints:"]
    for family, name in names or touchpoints(count):
        sales = ", aftersales: true" if family in AFTERSALES else ""
        quoted, condition = name.replace("'", "''"), f'properties.tp = "{family}/{escape(name)}"'.replace("'", "''")
        lines.append(f"  - {{name: '{quoted}', family: '{family}'{sales}, when: '{condition}'}}")
    lines.append("stages:")
    for name, german, english in stages:
        when = "" if name == stages[0][0] else f", when: properties.stage = {name}"
        lines.append(f"  - {{name: {name}, label: {english}, label_de: {german}{when}}}")
    return "\n".join(lines) + "\n" + extra


def escape(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def weights(names, stage, rng_name):
    out = []
    for position, (family, name) in enumerate(names):
        rng = random.Random(f"{rng_name} {name} {stage}")
        base = HOME.get(family, [1] * 5)[stage]
        out.append(base * rng.uniform(0.2, 1.8) / (1 + position / 12) if base and rng.random() < 0.85 else 0.0)
    if not any(out):
        out = [1.0] * len(names)
    return out


class Crowd:
    def __init__(self, count, persons, seed=1, names=None, scores=True, pace=1.0):
        self.pace = pace  # how long everything takes; 1 is days
        self.rng, self.names, self.scores, self.rows = random.Random(seed), names or touchpoints(count), scores, []
        self.weights = [weights(self.names, stage, seed) for stage in range(5)]
        for number in range(persons):
            self.person(f"p{number}")
        self.rows.sort(key=lambda row: row[1])

    def touch(self, person, at, stage, event="visit", **more):
        family, name = self.rng.choices(self.names, self.weights[stage])[0]
        self.rows.append([person, at * self.pace, event, f"{family}/{name}", STAGES[stage][0], more.get("value", ""), more.get("order", ""), ""])
        if self.scores and self.rng.random() < 0.12 and family not in ("ads",):
            score = DISLIKED.get(name, 62 + 5 * stage) + self.rng.gauss(0, 9)
            self.rows.append([person, at * self.pace + 1, "survey", f"{family}/{name}", "", "", "", round(min(100, max(0, score)))])
        return name

    def person(self, person):
        rng, at, stage = self.rng, self.rng.uniform(0, 27 * 86400), self.rng.choices([0, 1, 2], [80, 18, 2])[0]
        while True:
            name = ""
            for _ in range(rng.choices([1, 2, 3], [5, 3, 2])[0]):
                name = self.touch(person, at, stage)
                at += rng.expovariate(1 / (5 * 3600.0))
            bought = stage == 2 and rng.random() < 0.7
            if bought:
                self.touch(person, at, 2, "order", value=rng.randint(20, 900), order=f"o{len(self.rows)}")
                at += rng.expovariate(1 / 86400.0)
                if rng.random() < 0.15:
                    stage = 0
                    continue
            leave = [0.42, 0.55, 0.25, 0.6, 1.0][stage] + (0.2 if name in DISLIKED else 0)
            if stage == 4 or rng.random() < leave * 0.9 or (stage == 2 and not bought):
                return
            at += rng.expovariate(1 / (1.5 * 86400.0))
            stage += 1


def write(path, crowd):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["person", "time", "event", "tp", "stage", "value", "order", "score"])
        for person, at, *rest in crowd.rows:
            out.writerow([person, (BEGIN + datetime.timedelta(seconds=int(at))).strftime("%Y-%m-%dT%H:%M:%SZ"), *rest])


def make(place, count, persons=3000, name="crowd", seed=1, names=None, scores=True, stages=STAGES, pace=1.0):
    """A record of the crowd with its project; returns its path."""
    db = place / f"{name}.db"
    (place / f"{name}.yaml").write_text(project(count, names=names, stages=stages))
    write(place / f"{name}.csv", Crowd(count, persons, seed, names, scores, pace))
    etappe("project", "apply", place / f"{name}.yaml", db=db)
    maps = [word for field in ["person", "time", "event", "value", "order", "score"] for word in ("--map", f"{field}={field}")]
    etappe("import", place / f"{name}.csv", *maps, db=db)
    return db
