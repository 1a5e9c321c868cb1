# SPDX-License-Identifier: Apache-2.0
"""The sample company: everything the first command promises is there, and its orders are those that were simulated."""
import re

from tap import check, done, etappe, folder, report, test


@test
def the_demo_prints_its_reports_draws_the_map_and_counts_every_order():
    with folder() as path:
        said = etappe("demo", "--no-serve", "--events", "5000", "--folder", path / "demo").stdout
        orders = int(re.search(r"persons, (\d+) orders", said).group(1))
        goal = report("overview", db=path / "demo" / "etappe.db")["goals"][0]
        check(goal["conversions"], orders, "orders counted")
        for name in ("map-en.svg", "map-de.svg"):
            check((path / "demo" / name).read_text().startswith("<?xml"), True, name)
        for verb in ("overview", "funnel", "paths", "stages", "attribution", "map"):
            check(f"$ etappe {verb}" in said, True, verb)
        check("nothing" if "BROKEN" in etappe("doctor", db=path / "demo" / "etappe.db").stdout else "good", "good", "doctor")


@test
def a_second_demo_in_the_same_folder_asks_again():
    with folder() as path:
        etappe("demo", "--no-serve", "--events", "2000", "--folder", path / "demo")
        check("again" in etappe("demo", "--no-serve", "--folder", path / "demo").stdout, True, "says so")


done()
