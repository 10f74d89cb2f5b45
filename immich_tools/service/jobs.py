"""The jobs of a schedule, as ``[[job]]`` tables of the configuration file or the variables of the older containers describe them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from attrs import frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.service.cron import Cron, zone_called
from immich_tools.service.schedule import Job
from immich_tools.settings.files import nearest_hint


@frozen
class Examined:
    """What a tool with its flags comes to.

    :ivar arguments: the flags, with those that it needs besides because nobody is there to ask.
    :ivar servers: addresses of the servers that it works on.
    """

    arguments: tuple[str, ...]
    servers: frozenset[str] = frozenset()


Examine = Callable[[str, Sequence[str]], Examined]
"""Given a tool and its flags, looks at them; raises UsageError for what the tool does not take."""

KEYS: Final = ("name", "tool", "cron", "time-zone", "account", "at-start", "options")


@frozen
class _Table:
    """One ``[[job]]``, with how messages name it."""

    values: Mapping[str, Any]
    where: str

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise UsageError(_("{where}: {key} needs a text in quotes").format(where=self.where, key=key))
        return value

    def truth(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise UsageError(_("{where}: {key} needs true or false").format(where=self.where, key=key))
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
            raise UsageError(_("{where}: {key} needs a text or a list of texts").format(where=self.where, key=key))
        return tuple(texts)


def jobs_of(tables: object, path: Path, *, tools: Collection[str], zone: ZoneInfo, examine: Examine) -> tuple[Job, ...]:
    """The jobs that a configuration file describes, in its order.

    :param tables: what the file holds under ``job``.
    :param path: of the file, for messages.
    :param tools: names of the commands that a job may run.
    :param zone: the time zone of jobs that name none.
    :param examine: asked about the options of each job, so that a wrong one is found now and not at night.
    :raises UsageError: there is no job, or something is wrong with one; all of that, one line for each job.
    """
    if not isinstance(tables, list) or not tables:
        raise UsageError(
            _("{path} has no [[job]]: describe one with tool and cron, or name a tool and set CRON_EXPRESSION.").format(
                path=path
            )
        )
    jobs: list[Job] = []
    problems: list[str] = []
    for number, values in enumerate(tables, 1):
        try:
            jobs.append(_job(values, number, path, tools=tools, zone=zone, examine=examine))
        except UsageError as error:
            problems.append(str(error))
    names = [job.name for job in jobs]
    problems += [
        _("{path}: two jobs are called '{name}'; give each a name of its own").format(path=path, name=name)
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if problems:
        raise UsageError("\n".join(problems))
    return tuple(jobs)


def _job(values: object, number: int, path: Path, *, tools: Collection[str], zone: ZoneInfo, examine: Examine) -> Job:
    if not isinstance(values, Mapping):
        raise UsageError(_("{path}: write each job as a table: [[job]]").format(path=path))
    named = {str(key).replace("_", "-"): value for key, value in values.items()}
    called = named.get("name", named.get("tool", number))
    table = _Table(named, _("{path}, job {name}").format(path=path, name=called))
    for key in named:
        if key not in KEYS:
            hint = nearest_hint(key, KEYS)
            raise UsageError(_("{where}: unknown key {key}{hint}").format(where=table.where, key=key, hint=hint))
    tool = table.text("tool")
    if tool not in tools:
        hint = nearest_hint(tool, tools)
        raise UsageError(_("{where}: there is no tool '{tool}'{hint}").format(where=table.where, tool=tool, hint=hint))
    options = named.get("options", {})
    if not isinstance(options, Mapping):
        raise UsageError(_("{where}: write its options as a table: [job.options]").format(where=table.where))
    try:
        if "time-zone" in named:
            zone = zone_called(table.text("time-zone"))
        cron = Cron.parse(table.text("cron"), zone)
        examined = examine(tool, (*_accounts(table), *flags(options)))
    except UsageError as error:
        text = str(error)
        raise UsageError(text if text.startswith(table.where) else f"{table.where}: {text}") from None
    return Job(
        table.text("name", tool),
        tool,
        examined.arguments,
        examined.servers,
        cron=cron,
        at_start=table.truth("at-start"),
    )


def _accounts(table: _Table) -> Iterable[str]:
    for name in table.texts("account"):
        yield f"--account={name}"


def flags(options: Mapping[str, Any]) -> list[str]:
    """The flags that say what a table of options says; whether there are such options is not looked at.

    :raises UsageError: a value is neither text, number, truth value nor a list of these.
    """
    given: list[str] = []
    for key, value in options.items():
        name = key.replace("_", "-")
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, bool):
                given.append(f"--{name}" if each else f"--no-{name}")
            elif isinstance(each, str | int | float):
                # In one word: a value that begins with a dash is a value all the same.
                given.append(f"--{name}={each}")
            else:
                raise UsageError(_("option {key} needs a text, a number, true or false, or a list").format(key=key))
    return given
