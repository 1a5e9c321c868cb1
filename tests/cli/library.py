# SPDX-License-Identifier: Apache-2.0
"""The C library as a stranger has it: installed below a folder of its own, found by pkg-config, with the example of the
repository built against it and nothing of the source tree in sight."""
import json
import os
import pathlib
import shutil
import subprocess

import tap
from tap import Skip, check, done, etappe, folder, report, test

BUILD = pathlib.Path(tap.PROGRAM).resolve().parent
SOURCE = pathlib.Path(__file__).resolve().parents[2]
STORY = "person,time,event\nann,2025-01-01,look\nann,2025-01-02,order\nbob,2025-01-01,look\n"


def run(*words, expect=0, **options):
    result = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=300, **options)
    if result.returncode != expect:
        raise AssertionError(f"{words}: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def install(path):
    """Installs below path/root; returns the environment in which compilers and programs find it."""
    if not shutil.which("pkg-config") or not (BUILD / "build.ninja").exists():
        raise Skip("no pkg-config, or no build directory beside the program")
    run("meson", "compile", "-C", BUILD, "etappe:shared_library")
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", path / "root")
    pc = next((path / "root").rglob("etappe.pc"))
    return {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(path / "root"),
            "LD_LIBRARY_PATH": str(pc.parent.parent)}


@test
def the_example_builds_against_what_is_installed_and_answers_as_the_program():
    with folder() as path:
        env = install(path)
        flags = run("pkg-config", "--cflags", "--libs", "etappe", env=env).stdout.split()
        check([flag for flag in flags if str(SOURCE) in flag], [], "nothing of the source tree")
        shutil.copy(SOURCE / "examples" / "funnel.c", path)
        run("cc", "-Wall", "-Werror", "funnel.c", "-o", "funnel", *flags, cwd=path, env=env)
        (path / "story.csv").write_text(STORY)
        etappe("import", path / "story.csv", "--map", "person=person", "--map", "time=time", "--map", "event=event", db=path / "shop.db")
        answer = json.loads(run("./funnel", "shop.db", "look", "order", cwd=path, env=env).stdout)
        check([step["reached"] for step in answer["steps"]], [2, 1])
        check(answer, report("funnel", "--window", "7d", "--step", "look", "--step", "order", db=path / "shop.db"))
        said = run("./funnel", "none.db", "look", cwd=path, env=env, expect=1).stderr
        check("none.db" in said, True, said)
        symbols = run("nm", "-D", "--defined-only", next((path / "root").rglob("libetappe.so"))).stdout.split("\n")
        names = {line.split()[-1].split("@")[0] for line in symbols if " T " in line}
        check(names, {"etappe_open", "etappe_close", "etappe_ask", "etappe_free", "etappe_version"}, "nothing else is exported")


done()
