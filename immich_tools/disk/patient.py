"""Work on several threads that a file system which never answers cannot hold up for good."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Beat = Callable[[], None]


class _Worker(Generic[Task, Result]):
    """One thread. `since` is when its present task last made progress; None while it has none."""

    def __init__(
        self,
        tasks: deque[Task],
        work: Callable[[Task, Beat], Result],
        results: SimpleQueue[tuple[Task, Result] | BaseException],
    ) -> None:
        self._tasks = tasks
        self._work = work
        self._results = results
        self.since: float | None = None
        # A daemon: nobody can end a thread that hangs in the kernel, and the program must be able to end without it.
        self.thread = threading.Thread(target=self._run, name="disk", daemon=True)

    def _run(self) -> None:
        try:
            while True:
                try:
                    task = self._tasks.popleft()
                except IndexError:
                    return
                self._beat()
                result = self._work(task, self._beat)
                self.since = None
                self._results.put((task, result))
        except BaseException as error:  # noqa: BLE001 - raised again where somebody hears it
            self.since = None
            self._results.put(error)

    def _beat(self) -> None:
        self.since = time.monotonic()


def work_off(
    tasks: Iterable[Task], work: Callable[[Task, Beat], Result], *, threads: int, patience: float
) -> Iterator[tuple[Task, Result]]:
    """Do tasks on several threads and give each with its result, in the order they end.

    As soon as one task makes no progress for longer than `patience`, the rest is given up: tasks that do not come out are not done.

    :param work: does one task; calls its second argument whenever it made progress.
    :param threads: how many at a time.
    :param patience: seconds.
    :raises BaseException: whatever `work` raised.
    """
    waiting = deque(tasks)
    left = len(waiting)
    results: SimpleQueue[tuple[Task, Result] | BaseException] = SimpleQueue()
    workers = [_Worker(waiting, work, results) for _number in range(min(threads, left))]
    for worker in workers:
        worker.thread.start()
    try:
        while left:
            try:
                result = results.get(timeout=min(patience, 1.0))
            except Empty:
                now = time.monotonic()
                if any(since is not None and now - since > patience for since in [each.since for each in workers]):
                    return
                continue
            if isinstance(result, BaseException):
                raise result
            left -= 1
            yield result
    finally:
        waiting.clear()
