"""Where the scenarios run: a sandbox that is served on a port, or a real throw-away server."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from attrs import define, field

from immich_tools.clock import Clock, SystemClock
from immich_tools.sandbox import Dialect, Jobs, LoggedRequest, Sandbox
from tests.tools.api import Api, Refused
from tests.tools.server import Server

IDLE_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.5
# A number lets the sandboxes' background jobs take their time, with the delays of that seed; without it every job is done
# before the next request.
JOBS_SEED: Final = os.environ.get("SANDBOX_JOBS_SEED")
# How many times quicker than the computer's clock jobs run where another process waits for them.
SPEED: Final = 20.0
PASSWORD: Final = "only for a test"
# What may follow an upload or a written field; other queues, such as the nightly ones, do not concern a scenario.
QUEUES: Final = (
    "metadataExtraction",
    "sidecar",
    "thumbnailGeneration",
    "smartSearch",
    "duplicateDetection",
    "faceDetection",
    "facialRecognition",
    "videoConversion",
    "backgroundTask",
    "library",
)


@define
class Host:
    """A server and its administrator.

    :ivar url: its address, without ``/api``.
    :ivar admin: the administrator's access.
    :ivar sandbox: what is behind it; None for a real server.
    """

    url: str
    admin: Api
    sandbox: Sandbox | None = None
    _users: list[Server] = field(factory=list)

    @property
    def clock(self) -> Clock:
        """The clock by which a program in this process waits for the server."""
        return SystemClock() if self.sandbox is None else self.sandbox.clock

    @property
    def major(self) -> int:
        """The server's major version."""
        return int(self.admin.get("/server/version")["major"])

    def new_user(self, name: str) -> Server:
        """Create a user with a key that may do everything, through the API as an administrator would."""
        email = f"{name.lower()}-{secrets.token_hex(6)}@example.com"
        account = {"name": name, "email": email, "password": PASSWORD, "notify": False}
        user_id = str(self.admin.post("/admin/users", account)["id"])
        login = Api(self.url)
        try:
            token = login.post("/auth/login", {"email": email, "password": PASSWORD})["accessToken"]
        finally:
            login.close()
        with Api(self.url, token=token) as session:
            key = session.post("/api-keys", {"name": "whole runs", "permissions": ["all"]})["secret"]
        user = Server(self, user_id, key, self.major)
        self._users.append(user)
        return user

    def remove_users(self) -> None:
        """Remove every user that was created, with all they have."""
        while self._users:
            user = self._users.pop()
            user.close()
            self.admin.delete(f"/admin/users/{user.user_id}", {"force": True})

    def settle(self) -> None:
        """Wait until the server has nothing left to compute; a sandbox computes it at once.

        :raises TimeoutError: it has not come to rest after `IDLE_SECONDS`.
        """
        if self.sandbox is not None:
            self.sandbox.settle()
            return
        deadline = time.monotonic() + IDLE_SECONDS
        while (busy := self._busy()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if busy:
            raise TimeoutError(f"the server is still busy with {', '.join(busy)}")

    def _busy(self) -> list[str]:
        queues = self.admin.get("/jobs")
        return [
            name
            for name in QUEUES
            if name in queues and any(queues[name]["jobCounts"][state] for state in ("active", "waiting", "delayed"))
        ]

    @contextmanager
    def trash_off(self) -> Iterator[None]:
        """The administrator has switched the trash off while the block runs."""
        with self._configured(lambda configuration: configuration["trash"].update(enabled=False)):
            yield

    @contextmanager
    def _configured(self, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        if self.sandbox is not None:
            settings = {"trash": {"enabled": self.sandbox.server.trash, "days": self.sandbox.server.trash_days}}
            before = settings["trash"]["enabled"]
            change(settings)
            self.sandbox.server.trash = bool(settings["trash"]["enabled"])
            try:
                yield
            finally:
                self.sandbox.server.trash = bool(before)
            return
        original, changed = self.admin.get("/system-config"), self.admin.get("/system-config")
        change(changed)
        self.admin.put("/system-config", changed)
        try:
            yield
        finally:
            self.admin.put("/system-config", original)

    @contextmanager
    def facial_recognition(self, *, is_on: bool) -> Iterator[None]:
        """The server looks for faces while the block runs, or does not."""
        if self.sandbox is not None:
            before = self.sandbox.server.facial_recognition
            self.sandbox.server.facial_recognition = is_on
            try:
                yield
            finally:
                self.sandbox.server.facial_recognition = before
            return

        def switch(configuration: dict[str, Any]) -> None:
            configuration["machineLearning"]["enabled"] = is_on
            configuration["machineLearning"]["facialRecognition"]["enabled"] = is_on

        with self._configured(switch):
            yield

    def writes(self) -> list[LoggedRequest] | None:
        """The requests that change something, as far as a test can see them: a real server keeps no such list (None)."""
        return None if self.sandbox is None else self.sandbox.requests.writes()


def jobs(*, real_time: bool = False) -> Jobs | None:
    """When the background jobs of a sandbox run in these tests.

    :param real_time: another process waits for them, by the computer's clock.
    """
    return None if JOBS_SEED is None else Jobs(seed=int(JOBS_SEED), real_time=real_time, speed=SPEED)


@contextmanager
def sandbox_host(dialect: Dialect, *, real_time: bool = False) -> Iterator[Host]:
    """A sandbox on a free port of this machine.

    :param real_time: its background jobs run by the computer's clock, for programs in other processes.
    """
    sandbox = Sandbox(dialect, jobs=jobs(real_time=real_time))
    with sandbox.serve() as url, Api(url, key=sandbox.admin_key) as admin:
        yield Host(url, admin, sandbox)


@contextmanager
def real_host(url: str, admin_key: str) -> Iterator[Host]:
    """A real server, or whatever answers like one."""
    with Api(url.rstrip("/").removesuffix("/api"), key=admin_key) as admin:
        try:
            admin.get("/admin/users")
        except Refused as refusal:
            raise ValueError(f"--immich-admin-key is not an administrator's: {refusal}") from None
        yield Host(url.rstrip("/").removesuffix("/api"), admin)
