"""Several files at a time: while the disk writes one, the next is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Event, Lock
from typing import Final, Protocol

from immich_tools.disk.copy import Proven
from immich_tools.disk.watch import Watch
from immich_tools.errors import FileFailed


class Task(Protocol):
    """One file to be copied, such as a `partial` of :func:`immich_tools.disk.copy.copy_file` without its `watch`."""

    def __call__(self, *, watch: Watch) -> Proven:
        """Copy it."""


AT_A_TIME: Final = 4


def side_by_side(
    tasks: Iterable[Task], watch: Watch | None = None, *, at_a_time: int = AT_A_TIME
) -> Generator[Proven | FileFailed, None, None]:
    """Copy files in threads.

    :param tasks: taken one by one, so that they may be made on the way.
    :param watch: told of the progress of all files, by one thread after the other.
    :param at_a_time: files under way at once.
    :returns: what became of each task, in their order: the failure of one is a value, and the others go on. Whoever stops taking
        values ends the copies that are under way.
    :raises Exception: what else a task raises, such as Cancelled; the others are ended first.
    """
    watch = Watch() if watch is None else watch
    stopped, telling = Event(), Lock()

    def progress(count: int) -> None:
        with telling:
            watch.progress(count)

    def cancelled() -> bool:
        return stopped.is_set() or watch.cancelled()

    shared = Watch(progress, cancelled)

    def run(task: Task) -> Proven | FileFailed:
        try:
            return task(watch=shared)
        except FileFailed as error:
            return error

    waiting = iter(tasks)
    with ThreadPoolExecutor(at_a_time) as pool:
        under_way: deque[Future[Proven | FileFailed]] = deque()
        try:
            under_way.extend(pool.submit(run, task) for task in islice(waiting, at_a_time))
            while under_way:
                yield under_way.popleft().result()
                under_way.extend(pool.submit(run, task) for task in islice(waiting, 1))
        finally:
            stopped.set()
