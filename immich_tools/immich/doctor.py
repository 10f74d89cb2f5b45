"""Whether everything is there that the tools need: the server, its version, the key and what it may do, the trash, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Final

from attrs import frozen

from immich_tools.errors import AccessDenied, ExitCode, ToolkitError, UnsupportedServer
from immich_tools.i18n import _, ngettext
from immich_tools.immich import compat
from immich_tools.immich.client import Immich

LARGEST_SKEW: Final = 60.0
"""Seconds that the two clocks may differ before anybody is told."""

DEFAULT_EXCLUSIONS: Final = frozenset({"**/@eaDir/**", "**/._*", "**/#recycle/**", "**/#snapshot/**"})
"""What Immich gives each new library; no photo is called so."""


class Level(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@frozen
class Check:
    """One thing that was looked at.

    :ivar name: what it was; never translated: ``reachable``, ``version``, ``key``, ``permissions TOOL``, ``trash``, ``clock``, ``library``,
        ``exclusion patterns``.
    :ivar message: for people.
    :ivar exit_code: what a command that stumbles over this would end with; None unless it is a problem.
    """

    name: str
    level: Level
    message: str
    exit_code: ExitCode | None = None


def examine(immich: Immich, needs: Mapping[str, Iterable[str]], *, now: Callable[[], float]) -> tuple[Check, ...]:
    """Look at everything, and go on where something is wrong.

    :param needs: tool → ids of the operations it calls; ``user.read`` is needed by all.
    :param now: gives a Unix time.
    :returns: one check after the other, always in the same order.
    """
    return _Examination(immich, {tool: tuple(operations) for tool, operations in needs.items()}, now).checks()


class _Examination:
    def __init__(self, immich: Immich, needs: Mapping[str, tuple[str, ...]], now: Callable[[], float]) -> None:
        self._immich = immich
        self._needs = needs
        self._now = now

    def checks(self) -> tuple[Check, ...]:
        reachable = self._guarded("reachable", self._reachable)
        if reachable.level is Level.PROBLEM:
            reason = _("not checked: the server cannot be used")
            tools = (f"permissions {tool}" for tool in self._needs)
            names = ("version", "key", *tools, "trash", "clock", "library", "exclusion patterns")
            return (reachable, *(Check(name, Level.WARNING, reason) for name in names))
        key = self._guarded("key", self._key)
        return (
            reachable,
            self._guarded("version", self._version),
            key,
            *(
                self._unless_refused(key, f"permissions {tool}", lambda tool=tool: self._permissions(tool))  # type: ignore[misc]
                for tool in self._needs
            ),
            self._guarded("trash", self._trash),
            self._guarded("clock", self._clock),
            self._unless_refused(key, "library", self._library),
            self._unless_refused(key, "exclusion patterns", self._exclusion_patterns),
        )

    @staticmethod
    def _guarded(name: str, look: Callable[[], tuple[Level, str]]) -> Check:
        try:
            level, message = look()
        except ToolkitError as error:
            return Check(name, Level.PROBLEM, str(error), error.exit_code)
        return Check(name, level, message, ExitCode.ACCESS if level is Level.PROBLEM else None)

    def _unless_refused(self, key: Check, name: str, look: Callable[[], tuple[Level, str]]) -> Check:
        if key.level is Level.PROBLEM and not self._key_is_known():
            return Check(name, Level.WARNING, _("not checked: the key cannot be used"))
        return self._guarded(name, look)

    def _key_is_known(self) -> bool:
        try:
            return bool(self._immich.api_key.id)
        except ToolkitError:
            return False

    def _reachable(self) -> tuple[Level, str]:
        version = self._immich.version
        return Level.OK, _("Immich {version} answers at {url}").format(version=version, url=self._immich.url)

    def _version(self) -> tuple[Level, str]:
        version = self._immich.version
        try:
            compat.check_version(version)
        except UnsupportedServer as error:
            if self._immich.force_version:
                return Level.WARNING, _("Immich {version} is not supported; it is written to all the same").format(
                    version=version
                )
            raise error from None
        if compat.is_newer_than_compared(version):
            return Level.WARNING, _(
                "Immich {version} is newer than {newest}, the newest version that these tools were compared with. "
                "Look for a newer immich-toolkit, and at each plan before --apply."
            ).format(version=version, newest=".".join(map(str, compat.COMPARED)))
        if (version.major, version.minor) in compat.RECORDED:
            return Level.OK, _("Immich {version} is supported").format(version=version)
        return Level.OK, _("Immich {version} is supported, by its API description").format(version=version)

    def _key(self) -> tuple[Level, str]:
        key = self._immich.api_key
        try:
            me = self._immich.me
        except AccessDenied as error:
            return Level.PROBLEM, _("The key '{key}' is valid, but not whose it is. {reason}").format(
                key=key.name, reason=error
            )
        role = _("an administrator") if me.is_admin else _("a user")
        return Level.OK, _("The key '{key}' belongs to {name}, {role}").format(key=key.name, name=me.name, role=role)

    def _permissions(self, tool: str) -> tuple[Level, str]:
        needed = compat.permissions_for(self._needs[tool], self._immich.version)
        lacking = self._immich.api_key.lacks(needed)
        if not lacking:
            return Level.OK, _("{tool}: the key has every permission it needs").format(tool=tool)
        return Level.PROBLEM, ngettext(
            "{tool}: the key lacks the permission {names}. Add it in Immich under Account settings > API keys.",
            "{tool}: the key lacks the permissions {names}. Add them in Immich under Account settings > API keys.",
            len(lacking),
        ).format(tool=tool, names=", ".join(lacking))

    def _trash(self) -> tuple[Level, str]:
        policy = self._immich.trash_policy
        if policy.days is None:
            return Level.WARNING, _(
                "Nothing tells whether the trash is on, so deletions count as permanent: {reason}"
            ).format(reason=policy.reason)
        if not policy.is_safety_net:
            return Level.WARNING, _("The trash is off: what is deleted is gone for good")
        return Level.OK, ngettext(
            "The trash is on: what is deleted can be brought back for {days} day",
            "The trash is on: what is deleted can be brought back for {days} days",
            policy.days,
        ).format(days=policy.days)

    def _clock(self) -> tuple[Level, str]:
        skew = self._immich.clock_skew(self._now)
        if skew is None:
            return Level.WARNING, _("The server does not tell its time")
        if abs(skew) > LARGEST_SKEW:
            return Level.WARNING, _("The server's clock differs from this one by {seconds} s").format(
                seconds=f"{skew:+.0f}"
            )
        return Level.OK, _("The server's clock agrees with this one")

    def _library(self) -> tuple[Level, str]:
        count = self._immich.assets.owned()
        return Level.OK, ngettext("The library holds {count} asset", "The library holds {count} assets", count).format(
            count=count
        )

    def _exclusion_patterns(self) -> tuple[Level, str]:
        if not compat.hides_too_much(self._immich.version):
            return Level.OK, _("Exclusion patterns act only inside of their library")
        try:
            names = sorted(
                library.name
                for library in self._immich.libraries.all()
                if not DEFAULT_EXCLUSIONS.issuperset(library.exclusion_patterns)
            )
        except AccessDenied:
            return Level.OK, _("Not checked: only an administrator's key with library.read may see external libraries")
        if not names:
            return Level.OK, _("No external library has exclusion patterns of its own")
        return Level.WARNING, _(
            "Before Immich 3.2, exclusion patterns of an external library can move assets outside of its folders to the trash "
            "(immich-app/immich#30850). Libraries with such patterns: {names}. Update Immich, or remove the patterns."
        ).format(names=", ".join(names))
