"""The sandbox as its users see it: made in one line, filled by method calls, reached through a transport or a port."""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from immich_tools.sandbox import create, fill, storage
from immich_tools.sandbox.asgi import SandboxApp
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.core import Core, is_read
from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.dump import dump_state
from immich_tools.sandbox.entities import User
from immich_tools.sandbox.exchange import ConnectionFailed, Request, Response
from immich_tools.sandbox.faults import BROKEN_CONNECTION, CARRIED_OUT, FaultKind, FaultPlayer, Faults
from immich_tools.sandbox.half_batch import handle_half_of_batch
from immich_tools.sandbox.handlers.trash import purge_expired
from immich_tools.sandbox.integrity import queue_check
from immich_tools.sandbox.jobs import JobClock, Jobs, Queues
from immich_tools.sandbox.state import State, utc_now

if TYPE_CHECKING:
    from immich_tools.sandbox.transport import SandboxTransport

URL: Final = "http://sandbox.local"


def _clock_of(queues: Queues, now: Callable[[], datetime]) -> Callable[[], datetime]:
    """The server's clock: with delayed jobs it stands still unless the job clock moves."""
    start = now()

    def read() -> datetime:
        is_virtual = now is utc_now and queues.jobs is not None and not queues.jobs.at_once
        return (start if is_virtual else now()) + timedelta(seconds=queues.elapsed)

    return read


@frozen
class LoggedRequest:
    """One request as the log keeps it; `status` is None when the connection broke instead of an answer arriving."""

    method: str
    path: str
    status: int | None

    @property
    def is_read(self) -> bool:
        return is_read(self.method, self.path)


class RequestLog(list[LoggedRequest]):
    """All requests in the order in which they were answered."""

    def writes(self) -> list[LoggedRequest]:
        """Those that are not reads."""
        return [request for request in self if not request.is_read]


class Sandbox(fill.Filling):
    """An Immich server in this process.

    Args:
        dialect: the server to imitate.
        folder: where originals and a saved state are kept; without it everything stays in memory.
        seed: of the ids and of everything left to chance.
        faults: failures on purpose; can be exchanged later with `set_faults`.
        trash: whether the server's trash is on; off means a retention of 0 days.
        trash_days: days until the nightly job purges what is in the trash.
        now: the server's clock; the time that the job clock has counted is added to it.
        jobs: when background jobs run; without it everything that a request queued is done before the next request.
        public_users: whether users see each other in the list of users; administrators always do.
        storage_template: whether uploads are moved to where the storage template wants them.
    """

    def __init__(
        self,
        dialect: Dialect = Dialect.V3,
        *,
        folder: Path | None = None,
        seed: int = 0,
        faults: Faults | None = None,
        trash: bool = True,
        trash_days: int = 30,
        now: Callable[[], datetime] = utc_now,
        jobs: Jobs | None = None,
        public_users: bool = True,
        storage_template: bool = False,
    ) -> None:
        queues = Queues(jobs)
        state = State(seed, _clock_of(queues, now))
        server = Server(dialect, state, trash, trash_days, folder, faults or Faults(), queues=queues)
        server.public_users, server.storage_template = public_users, storage_template
        if folder is not None:
            server.folder = folder.resolve()
            server.media_root = str(server.folder)
        server.chance.seed(seed)
        self.server = server
        self.requests = RequestLog()
        self._core = Core(server)
        self.clock = JobClock(queues, self._core.lock)
        self._player = FaultPlayer(server.faults)
        self._log_lock = RLock()
        self.admin: User = create.new_user(state, "Admin", "admin@example.com", is_admin=True)
        self.admin_key: str = create.new_key(state, self.admin.id, ("all",), name="admin").secret

    @property
    def url(self) -> str:
        """The address to give to a client that uses `transport()`."""
        return URL

    @property
    def dialect(self) -> Dialect:
        return self.server.dialect

    @property
    def state(self) -> State:
        """The tables, for tests that look or reach behind the API."""
        return self.server.state

    def set_faults(self, faults: Faults | None) -> None:
        """Exchange the faults; their request numbers count from here."""
        self.server.faults = faults or Faults()
        self._player = FaultPlayer(self.server.faults)

    def set_jobs(self, jobs: Jobs | None) -> None:
        """Exchange when background jobs run; what waits is done before."""
        with self._core.lock:
            self.settle()
            self.server.queues.set_jobs(jobs)

    def handle(self, request: Request) -> Response:
        """Answer one request, faults included.

        Raises:
            ConnectionFailed: a fault broke the connection.
        """
        player = self._player
        if player.faults.latency:
            time.sleep(player.faults.latency)
        kind = player.next(is_read=is_read(request.method, request.path))
        answer: Response | None = None
        if kind is FaultKind.HALF_OF_BATCH:
            answer = handle_half_of_batch(self._core, request)
        elif kind is None or kind in CARRIED_OUT:
            answer = self._core.handle(request)
        if kind in BROKEN_CONNECTION:
            self._log(request, None)
            raise ConnectionFailed(was_refused=kind is FaultKind.REFUSED_CONNECTION)
        if kind is FaultKind.RESET_WITHIN:
            assert answer is not None
            answer = evolve(answer, is_cut=True)
        elif answer is None or kind in CARRIED_OUT:
            assert kind is not None
            answer = player.answer(kind)
        self._log(request, answer.status)
        return answer

    def _log(self, request: Request, status: int | None) -> None:
        with self._log_lock:
            self.requests.append(LoggedRequest(request.method, request.path, status))

    def transport(self) -> "SandboxTransport":
        """An `httpx.BaseTransport` that talks to this sandbox without a port."""
        from immich_tools.sandbox.transport import SandboxTransport

        return SandboxTransport(self)

    @property
    def app(self) -> SandboxApp:
        """The sandbox as an ASGI application."""
        return SandboxApp(self)

    def serve(self, port: int = 0) -> AbstractContextManager[str]:
        """Serve on 127.0.0.1 in a thread: `with sandbox.serve() as url:`. Port 0 takes a free one."""
        from immich_tools.sandbox.serve import serve

        return serve(self, port)

    def save(self, folder: Path | None = None) -> None:
        """Write the state into a folder, the sandbox's own by default; what waits in the queues is done before.

        Raises:
            ValueError: there is no folder to write to.
        """
        target = folder or self.server.folder
        if target is None:
            raise ValueError("a sandbox without a folder is saved with save(folder)")
        with self._core.lock:
            self.settle()
            storage.write(target, self.server, self.admin.id, self.admin_key)

    @staticmethod
    def is_saved(folder: Path) -> bool:
        """Whether a folder holds a saved sandbox."""
        return storage.is_saved(folder)

    @classmethod
    def load(cls, folder: Path, *, now: Callable[[], datetime] = utc_now) -> "Sandbox":
        """Bring back a saved sandbox, with its keys and ids. Faults and the request log are not saved.

        Raises:
            FileNotFoundError: nothing was saved there.
            ValueError: the file is of another schema.
        """
        saved = storage.read(folder)
        sandbox = cls(
            Dialect(saved["dialect"]), folder=folder, trash=saved["trash"], trash_days=saved["trash_days"], now=now
        )
        state = sandbox.state
        state.users.clear()
        state.keys.clear()
        storage.fill_state(state, saved)
        sandbox.admin = state.users[saved["admin_id"]]
        sandbox.admin_key = saved["admin_key"]
        return sandbox

    def add_user(self, name: str, email: str, admin: bool = False) -> User:
        """Add a user; give it a key with `add_key(user.id)`."""
        return create.new_user(self.state, name, email, is_admin=admin)

    def add_key(self, user_id: str, permissions: Iterable[str] = ("all",)) -> str:
        """Add an API key. Returns the secret."""
        return create.new_key(self.state, user_id, tuple(permissions)).secret

    def mount(self, path: str, folder: Path, *, read_only: bool = False) -> None:
        """Let a folder of the server be a real one: `sandbox.mount("/mnt/photos", tmp_path)`. Uploads are kept there when it is
        `/data`, and scans of libraries find the files in it under the server's own path."""
        self.server.mounts[path] = folder.resolve()
        if read_only:
            self.set_read_only(path)

    def set_read_only(self, path: str, is_read_only: bool = True) -> None:
        """Let the server only read what lies below one of its folders: sidecars are not written there, and nothing is removed,
        as with a folder that is mounted `:ro`."""
        if is_read_only:
            self.server.read_only_paths.add(path)
        else:
            self.server.read_only_paths.discard(path)

    def break_asset(self, asset_id: str, is_broken: bool = True) -> None:
        """Let every answer that would hold an asset fail with status 500, as after damage in the database."""
        if is_broken:
            self.server.broken_assets.add(asset_id)
        else:
            self.server.broken_assets.discard(asset_id)

    def settle(self) -> None:
        """Do what waits in the server's queues, but for paused ones; virtual time passes meanwhile."""
        with self._core.lock:
            self.server.queues.finish(self.state.paused_queues)

    def dump(self) -> dict[str, Any]:
        """The whole state as users see it once the server has come to rest, as plain JSON values in a canonical order; without
        the times of changes."""
        with self._core.lock:
            self.settle()
            return dump_state(self.server)

    def run_nightly_jobs(self) -> int:
        """Purge what has been in the trash for too long, and queue the integrity check of Immich 3. Returns how many assets are
        gone."""
        with self._core.lock:
            if self.server.is_v3:
                queue_check(self.server)
            return purge_expired(self.server)
