"""The Dockerfile's steps, walked in clean virtual environments as far as they are about Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from tests.container.image import ROOT, copy, stages

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCRIPTS = PROJECT["scripts"]
HOME_OF_TOOLS = "/opt/immich-toolkit"
LOCK = (ROOT / "requirements.lock").read_text()
LOAD_EVERYTHING = (
    "from immich_tools.cli import toolkit_app\n"
    "app = toolkit_app()\n"
    "for name in app:\n"
    "    if not name.startswith('-'):\n"
    "        app[name].assemble_argument_collection()\n"
    "        print(name)\n"
)


def install(folder: Path) -> Path:
    """Do what the first stage does; returns the folder that the second one takes over."""
    build, _final = stages()
    source = folder / "src"
    source.mkdir()
    for kind, arguments in build.steps:
        if kind == "COPY":
            copy(arguments, source)
        elif kind == "RUN":
            command = re.sub(r"(?<![\w.])/(build|opt)(?=[/ ])", f"{folder}/\\1", arguments)
            command = command.replace("python -m venv", f"{sys.executable} -m venv")
            done = subprocess.run(
                ["sh", "-ec", command],
                cwd=source,
                # Most of it is never imported here; in the image all of it is compiled beforehand.
                env={**os.environ, "PIP_NO_COMPILE": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        else:
            assert kind == "WORKDIR"
    return folder / HOME_OF_TOOLS.removeprefix("/")


def run(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the image would."""
    _build, final = stages()
    folder = installed.parents[1]
    environment = {name: value.replace("$PATH", os.environ["PATH"]) for name, value in final.environment.items()}
    environment["PATH"] = environment["PATH"].replace(HOME_OF_TOOLS, str(installed))
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        environment[name] = f"{folder}{environment[name]}"
    # "/usr/bin/env" looks the command up in the PATH of the image.
    return subprocess.run(
        ["/usr/bin/env", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_what_the_image_holds_works_from_the_lock_alone(tmp_path: Path) -> None:
    """One test, because installing takes longer than all else."""
    installed = install(tmp_path)
    _build, final = stages()

    for script in SCRIPTS:
        helped = run(installed, script, "--help")
        assert helped.returncode == 0 and f"Usage: {script}" in helped.stdout, helped.stderr
    loaded = run(installed, "python", "-c", LOAD_EVERYTHING)
    assert loaded.returncode == 0 and "schedule" in loaded.stdout.split(), loaded.stderr

    frozen = run(installed, "python", "-m", "pip", "--disable-pip-version-check", "freeze").stdout
    found = {line.lower().replace("_", "-") for line in frozen.splitlines() if "==" in line}
    assert found == set(re.findall(r"^(\S+==\S+)", LOCK, re.MULTILINE))

    _init, _dashes, *entry = final.words("ENTRYPOINT")
    started = run(installed, *entry, *final.words("CMD"))
    assert started.returncode == 2 and "There is nothing to run" in started.stderr
    asked = run(installed, *final.words("HEALTHCHECK"))
    assert (asked.returncode, asked.stderr) == (1, "No schedule is running.\n")


def test_the_image_has_an_init_and_few_rights() -> None:
    build, final = stages()
    assert final.words("ENTRYPOINT")[:2] == ["tini", "--"] and " tini " in " ".join(final.all("RUN"))
    assert final.all("USER") == ["1000:1000"] and final.all("VOLUME") == ["/state"]
    assert build.base == final.base


def test_every_package_of_the_image_is_locked_by_its_hash() -> None:
    build, _final = stages()
    installs = [step for step in build.all("RUN") if "--requirement" in step]
    assert len(installs) == 2 and all("--require-hashes" in step for step in installs)
    assert "://" not in LOCK, "where packages come from is the business of who builds"


def test_the_lock_is_as_new_as_the_project() -> None:
    """When this fails: make lock."""
    locked = dict(line.split()[0].split("==") for line in LOCK.splitlines() if "==" in line)
    extras = (each for name in ("db", "notify") for each in PROJECT["optional-dependencies"][name])
    for text in (*PROJECT["dependencies"], *extras):
        wanted = Requirement(text)
        assert locked[wanted.name.replace("_", "-")] in wanted.specifier
