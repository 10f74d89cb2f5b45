"""Looks at a job before it runs for the first time: what is wrong with its options is to be found now and not at night."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from immich_tools.cli import toolkit_app
from immich_tools.immich.address import api_address
from immich_tools.service.jobs import Examined
from immich_tools.service.message import Occasion
from immich_tools.service.notify import RunNotifications
from immich_tools.service.options import NotificationOptions
from immich_tools.settings import AccountOptions, ConnectionOptions
from immich_tools.settings.application import Parsed, parse
from immich_tools.settings.summary import SUMMARY_FLAG

DECIDED_BY: Final = {"--unattended": "--apply"}
"""Flags whose question another flag answers as well."""


@frozen
class Examiner:
    """Reads the options of tools without running them.

    :ivar sources: flags that say where the configuration is.
    :ivar defaults: flags, and their values, of options about which nothing else is said.
    :ivar notifications: who is told of runs by the schedule; a tool that would tell the same people is kept from it.
    """

    sources: Mapping[str, str]
    defaults: Mapping[str, str]
    notifications: NotificationOptions

    def __call__(self, tool: str, arguments: Sequence[str], defaults: Mapping[str, str] | None = None) -> Examined:
        """Look at a tool with its flags.

        :param defaults: more of these for this tool.
        :raises UsageError: an option is unknown, wrong or missing.
        """
        named = {word.partition("=")[0] for word in arguments}
        words = [*arguments, *(f"{flag}={value}" for flag, value in self.sources.items() if flag not in named)]
        # As it will be given later: whoever names that file as well gives it twice.
        parsed = parse(toolkit_app(), [tool, *words, f"{SUMMARY_FLAG}={os.devnull}"])
        given = frozenset().union(*(each.given for each in parsed))
        for flag, value in {**self.defaults, **(defaults or {})}.items():
            if flag not in given and DECIDED_BY.get(flag) not in given:
                words.append(f"{flag}={value}" if value else flag)
        words += (word for word in self._silencing(parsed) if _opposite(word) not in named)
        return Examined(tuple(words), frozenset(_servers(parsed)))

    def _silencing(self, parsed: Sequence[Parsed]) -> Sequence[str]:
        """The flags that keep a tool from telling those whom the schedule tells of its run."""
        found = [value for each in parsed for value in each.values.values() if isinstance(value, RunNotifications)]
        everybody = self.notifications.recipients()
        if not any(value.recipients() for value in found) or not all(
            value.recipients() <= everybody for value in found
        ):
            return ()
        occasions = frozenset[Occasion]().union(*(value.occasions for value in found))
        if occasions <= self.notifications.occasions:
            return ("--no-notify",)
        both = occasions & self.notifications.occasions
        return [f"--no-notify-{occasion.value}" for occasion in Occasion if occasion in both]


def _opposite(flag: str) -> str:
    return flag.replace("--no-", "--", 1)


def _servers(parsed: Sequence[Parsed]) -> Iterator[str]:
    for each in parsed:
        values = each.values.values()
        # A tool that works with several accounts at once finds their keys itself.
        needs_key = not any(type(value) is AccountOptions for value in values)
        for value in values:
            if isinstance(value, ConnectionOptions):
                if needs_key:
                    value.required_api_key()
                yield api_address(value.required_url())
