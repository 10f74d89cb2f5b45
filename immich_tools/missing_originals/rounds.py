"""One run over all accounts: everything is read and looked for once, then each owner's assets are changed with the owner's own key."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self

from attrs import define, evolve, field

from immich_tools.errors import ToolkitError, UsageError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.immich.models import User
from immich_tools.missing_originals.database_options import DatabaseAddress
from immich_tools.missing_originals.gather import (
    Inspection,
    import_paths,
    inspect,
    read_everything,
    read_paths,
    source_of,
)
from immich_tools.missing_originals.listing import Row, concluded, joint, rows
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.plan import make_plan, stopped_by
from immich_tools.missing_originals.records import AssetRecord, RecordSource
from immich_tools.missing_originals.replan import check_guards, check_proof, check_trash
from immich_tools.missing_originals.report_file import ReportFile
from immich_tools.missing_originals.state import read_memory, state_path, write_memory
from immich_tools.plan.journal_writer import exclusive_lock
from immich_tools.report.output import Output
from immich_tools.session import Session, connect
from immich_tools.settings import Account, ApplyOptions, ConnectionOptions

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@define(kw_only=True)
class Round:
    """A run.

    Guards count over all owners, because a dying disk does not know them.

    :ivar database: where records are read from; None for the API, which tells of each key's own assets.
    :ivar report: where every file that is not there is listed.
    """

    tool: MissingOriginalsOptions
    database: DatabaseAddress | None
    changes: ApplyOptions
    connection: ConnectionOptions
    output: Output
    report: ReportFile | None = None
    _stack: ExitStack = field(factory=ExitStack, init=False)
    # User id → a client that can only read.
    _readers: dict[str, Immich] = field(factory=dict, init=False)
    _everything: list[AssetRecord] = field(factory=list, init=False)
    _failure: ToolkitError | None = field(default=None, init=False)
    _inspection: Inspection | None = field(default=None, init=False)
    _listed: dict[str, list[Row]] = field(factory=dict, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def prepare(self, account: Account) -> Callable[[], int]:
        """Read what the key of an account tells, or the database at the first account.

        :returns: what plans and changes this account's assets, once all accounts are prepared.
        :raises ToolkitError: this account takes no part.
        """
        connection = evolve(self.connection, api_key=account.key)
        immich = self._stack.enter_context(connect(connection, read_only=True, output=self.output))
        if self.changes.apply:
            immich.check_writable()
        check_owner(account, immich.me)
        if immich.me.id in self._readers:
            raise UsageError(_("the key of account {name} is one more of the same user").format(name=account.name))
        self._read(immich)
        self._readers[immich.me.id] = immich
        return lambda: self._carry_out(connection)

    def _read(self, immich: Immich) -> None:
        source = source_of(self.tool, self.database)
        if source is RecordSource.API:
            self._everything += read_everything(immich, source, None)
        elif self._failure is not None:
            raise self._failure
        elif not self._everything:
            try:
                self._everything += read_everything(immich, source, self.database)
            except ToolkitError as failure:
                self._failure = failure
                raise

    def _carry_out(self, connection: ConnectionOptions) -> int:
        with Session(connection, self.output, self.changes) as session:
            facts = self._inspected().facts(session.immich)
            plan = make_plan(facts, self.tool)
            session.show(plan)
            check_trash(plan, session.immich)
            listed = rows(facts, plan, session.immich.url)
            self._list(facts.user_id, listed)
            if not plan.changes:
                check_proof(facts)
                check_guards(plan)
            code = session.apply(plan)
            if session.outcome is not None:
                self._list(facts.user_id, concluded(listed, session.outcome))
            if stopped_by(plan) is not None or not facts.proven:
                # What is back was restored all the same: in the trash it would be deleted in the end.
                self.output.not_over()
                check_proof(facts)
                check_guards(plan)
            return code

    def _inspected(self) -> Inspection:
        """What came of looking for the files of everybody, once."""
        if self._inspection is None:
            first = next(iter(self._readers.values()))
            path = state_path(first.url)
            if self.changes.apply:
                # Two runs at a time would each forget what the other has seen.
                self._stack.enter_context(exclusive_lock(path.parent, path.stem))
            self._inspection = inspect(
                self._everything,
                self.tool,
                source=source_of(self.tool, self.database),
                users=self._readers,
                unlisted=[each for immich in self._readers.values() for each in immich.broken_assets],
                import_paths=self._import_paths(),
                journal_folder=self.changes.journals(),
                seen=read_memory(path),
                sleep=self._pause,
                paths_now=lambda ids: read_paths(
                    self._readers.values(), source_of(self.tool, self.database), self.database, ids
                ),
            )
            if self.changes.apply:
                write_memory(path, self._inspection.survey.remembered())
        return self._inspection

    def _import_paths(self) -> Sequence[str]:
        found = [path for immich in self._readers.values() for path in import_paths(immich, self.tool)]
        return tuple(dict.fromkeys(found))

    def _pause(self, seconds: float) -> None:
        if seconds:
            self.output.say(_("Looking again in {seconds:g} s for what is missing.").format(seconds=seconds))
            time.sleep(seconds)

    def _list(self, user_id: str, listed: list[Row]) -> None:
        if self.report is not None:
            self._listed[user_id] = listed
            self.report.write(joint(self._listed.items()))


def check_owner(account: Account, user: User) -> None:
    """Refuse an account whose name is the id or address of another user than the one its key belongs to.

    :raises UsageError: it is.
    """
    name = account.name.strip().lower()
    if ("@" in name or _ID.fullmatch(name)) and name not in (user.email.lower(), user.id.lower()):
        raise UsageError(
            _("the key of account {name} belongs to {user}").format(name=account.name, user=user.email or user.id)
        )
