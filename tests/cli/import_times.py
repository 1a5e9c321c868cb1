# SPDX-License-Identifier: Apache-2.0
"""Instants as files write them, and local times around daylight saving, each worked by hand."""
from importing import first_time, imported, refused
from tap import check, done, etappe, folder, test


def instant(text, *arguments):
    with folder() as place:
        file = place / "a.csv"
        file.write_text(f'user,when,event\nu,"{text}",view\n')
        imported(file, "--map", "time=when", *arguments, db=place / "x.db")
        return first_time(place / "x.db")


@test
def ways_to_write_an_instant():
    for text in ("2025-12-24T17:30:00Z", "2025-12-24 17:30", "2025-12-24T18:30:00+01:00", "2025-12-24 18:30:00.000+0100", "24.12.2025 17:30",
                 "24.12.2025 17:30:00", "24/Dec/2025:18:30:00 +0100", "1766597400", "1766597400000", "1766597400000000"):
        check(instant(text), "2025-12-24T17:30:00.000Z", text)
    check(instant("2025-12-24"), "2025-12-24T00:00:00.000Z")
    check(instant("24.12.2025"), "2025-12-24T00:00:00.000Z")
    check(instant("2025-12-24T17:30:00.123456Z"), "2025-12-24T17:30:00.123Z")
    check(instant("1766597400.5"), "2025-12-24T17:30:00.500Z")


@test
def local_times_are_of_the_zone_said():
    check(instant("2025-07-01 12:00", "--timezone", "Europe/Berlin"), "2025-07-01T10:00:00.000Z")
    check(instant("2025-12-01 12:00", "--timezone", "Europe/Berlin"), "2025-12-01T11:00:00.000Z")
    check(instant("2025-07-01 12:00", "--timezone", "America/New_York"), "2025-07-01T16:00:00.000Z")
    check(instant("2025-07-01 12:00", "--timezone", "+05:30"), "2025-07-01T06:30:00.000Z")
    check(instant("2025-07-01", "--timezone", "Europe/Berlin"), "2025-06-30T22:00:00.000Z")
    check(instant("2025-07-01T12:00:00Z", "--timezone", "Europe/Berlin"), "2025-07-01T12:00:00.000Z")
    check(instant("1766597400", "--timezone", "Europe/Berlin"), "2025-12-24T17:30:00.000Z")


@test
def a_time_that_the_spring_skips_moves_forward():
    # In Berlin 2025-03-30 goes from 01:59:59 (+1) to 03:00:00 (+2): 02:30 is 03:30 summer time.
    berlin = ("--timezone", "Europe/Berlin")
    check(instant("2025-03-30 01:59:59", *berlin), "2025-03-30T00:59:59.000Z")
    check(instant("2025-03-30 02:30", *berlin), "2025-03-30T01:30:00.000Z")
    check(instant("2025-03-30 03:00", *berlin), "2025-03-30T01:00:00.000Z")


@test
def a_time_that_the_autumn_repeats_is_the_earlier_one():
    # In Berlin 2025-10-26 goes from 02:59:59 (+2) back to 02:00:00 (+1): 02:30 happens at 00:30 and 01:30 UTC.
    berlin = ("--timezone", "Europe/Berlin")
    check(instant("2025-10-26 02:30", *berlin), "2025-10-26T00:30:00.000Z")
    check(instant("2025-10-26 01:59", *berlin), "2025-10-25T23:59:00.000Z")
    check(instant("2025-10-26 03:00", *berlin), "2025-10-26T02:00:00.000Z")


@test
def the_zone_of_the_project_is_the_default():
    with folder() as place:
        project, file, db = place / "project.yaml", place / "a.csv", place / "x.db"
        project.write_text("version: 1\npreset: shop\ntimezone: Europe/Berlin\n")
        etappe("project", "apply", project, db=db)
        file.write_text("user,time,event\nu,2025-07-01 12:00,view\n")
        imported(file, db=db)
        check(first_time(db), "2025-07-01T10:00:00.000Z")
        imported(file, "--timezone", "UTC", "--source", "other", db=place / "y.db")
        check(first_time(place / "y.db"), "2025-07-01T12:00:00.000Z")


@test
def unknown_zones_are_refused():
    with folder() as place:
        file = place / "a.csv"
        file.write_text("user,time,event\nu,2025-07-01 12:00,view\n")
        check("Atlantis" in refused(file, "--timezone", "Europe/Atlantis", db=place / "x.db")["message"], True)


done()
