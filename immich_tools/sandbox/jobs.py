"""The server's background jobs, and the clock they run by."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Container, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count
from threading import RLock
from time import monotonic, sleep
from typing import Final

from attrs import define, field, frozen

LIBRARY: Final = "library"
SIDECAR: Final = "sidecar"
METADATA: Final = "metadataExtraction"
THUMBNAILS: Final = "thumbnailGeneration"
STORAGE_TEMPLATE: Final = "storageTemplateMigration"
FACE_DETECTION: Final = "faceDetection"
INTEGRITY: Final = "integrityCheck"
EDITOR: Final = "editor"
# Immich 2.3.1 and 3.1.0, defaults of the job settings; every other queue runs one job at a time.
CONCURRENCY: Final[Mapping[str, int]] = {METADATA: 5, SIDECAR: 5, LIBRARY: 5, THUMBNAILS: 3}
# How much of a job's delay it waits before it starts, at most; it works for the rest.
_LONGEST_WAIT: Final = 0.9
# How many jobs out of one start right away.
_IDLE: Final = 0.5
Steps = Iterator[None]
Work = Callable[[], Steps | None]


@frozen
class Jobs:
    """When background jobs run.

    Args:
        seed: of the delays, and so of the order in which jobs read and write.
        delay: shortest and longest seconds between queueing a job and its end, as long as its queue is not full.
        request: shortest and longest seconds that a request takes.
        concurrency: jobs of one queue that run at the same time, by the queue's name.
        at_once: for benchmarks only: no delays; what a write queued runs right after the next request was answered.
        real_time: jobs are due by the computer's clock instead of the virtual one; for sandboxes served to other processes.
        speed: how many times quicker than the computer's clock `real_time` runs.
    """

    seed: int = 0
    delay: tuple[float, float] = (0.2, 3.0)
    request: tuple[float, float] = (0.001, 0.02)
    concurrency: Mapping[str, int] = CONCURRENCY
    at_once: bool = False
    real_time: bool = False
    speed: float = 1.0


@define(eq=False)
class _Job:
    queue: str
    work: Work
    seconds: float = 0.0
    steps: Steps | None = None

    def step(self) -> bool:
        """Run to the next pause. Returns whether there is more to do."""
        if self.steps is None:
            self.steps = iter(self.work() or ())
        return next(self.steps, self) is not self


@define(eq=False)
class Queues:
    """What waits and what runs, by the queues' names in `GET /jobs`.

    A job is a function; one that returns an iterator pauses at each of its items, and other jobs run meanwhile. Without
    settings (`jobs` is None) everything that a request queued is done before the next one. `elapsed` are the seconds since the
    start at the moment that is being worked on."""

    jobs: Jobs | None = None
    elapsed: float = 0.0
    _chance: random.Random = field(factory=random.Random, init=False)
    _events: list[tuple[float, int, Callable[[], None]]] = field(factory=list, init=False)
    _numbers: Iterator[int] = field(factory=count, init=False)
    _queued: dict[int, _Job] = field(factory=dict, init=False)
    _ready: dict[str, deque[_Job]] = field(factory=dict, init=False)
    _last_start: dict[tuple[str, str], float] = field(factory=dict, init=False)
    _running: Counter[str] = field(factory=Counter, init=False)
    _in_order: deque[_Job] = field(factory=deque, init=False)
    _due: int = field(default=0, init=False)
    _new: int = field(default=0, init=False)
    _paused: Container[str] = field(default=(), init=False)
    _started: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.set_jobs(self.jobs)

    def set_jobs(self, jobs: Jobs | None) -> None:
        """Exchange the settings; for queues without work."""
        self.jobs = jobs
        self._chance.seed(0 if jobs is None else jobs.seed)
        self._started = monotonic() - (self.elapsed / jobs.speed if jobs is not None and jobs.real_time else 0.0)

    @property
    def _is_delayed(self) -> bool:
        return self.jobs is not None and not self.jobs.at_once

    def add(self, queue: str, work: Work, subject: str = "") -> None:
        """Queue a job.

        Args:
            queue: its name in `GET /jobs`.
            work: the job.
            subject: the id of what it works on; jobs of a queue with the same subject start in the order in which they came.
        """
        if self.jobs is None or self.jobs.at_once:
            self._in_order.append(_Job(queue, work))
            return
        self._new += 1
        shortest, longest = self.jobs.delay
        total = shortest * (longest / shortest) ** self._chance.random()
        is_idle = self._chance.random() < _IDLE
        wait = 0.0 if is_idle else total * self._chance.uniform(0, _LONGEST_WAIT)
        # A queue starts the jobs of one asset in the order in which they came.
        start = max(self.elapsed + wait, self._last_start.get((queue, subject), 0.0))
        self._last_start[queue, subject] = start
        number, job = next(self._numbers), _Job(queue, work, total - wait)
        self._queued[number] = job
        heappush(self._events, (start, number, lambda: self._arrive(number)))

    def counts(self, queue: str, *, is_paused: bool = False) -> tuple[int, int]:
        """How many jobs of a queue run, and how many wait. Without delays the first that waits counts as running."""
        in_order = sum(job.queue == queue for job in self._in_order)
        waiting = sum(job.queue == queue for job in self._queued.values()) + len(self._ready.get(queue, ()))
        first = 0 if is_paused else min(in_order, 1)
        return self._running[queue] + first, waiting + in_order - first

    def empty(self, queue: str) -> None:
        """Forget the jobs of a queue that have not started."""
        self._in_order = deque(job for job in self._in_order if job.queue != queue)
        self._queued = {number: job for number, job in self._queued.items() if job.queue != queue}
        self._ready.pop(queue, None)

    def on_request(self, paused: Container[str]) -> None:
        """A request came: time has passed, and what is due runs first."""
        self._paused, self._due = paused, len(self._in_order)
        if self.jobs is not None:
            self.advance(self._chance.uniform(*self.jobs.request))
        self._new = 0

    def on_answer(self, paused: Container[str]) -> None:
        """A request has been answered."""
        self._paused = paused
        if self.jobs is None:
            self._run_in_order()
        elif not self.jobs.at_once:
            # A write takes its time for each asset, and the jobs of the first ones run meanwhile.
            self.advance(self._new * self._chance.uniform(*self.jobs.request))
        else:
            jobs = [*self._in_order]
            self._in_order = deque(jobs[: self._due])
            self._run_in_order()
            self._in_order.extend(jobs[self._due :])

    def now(self) -> float:
        """Seconds since the sandbox was made."""
        if self.jobs is not None and self.jobs.real_time:
            return (monotonic() - self._started) * self.jobs.speed
        return self.elapsed

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, and run what is due until then."""
        for queue in [*self._ready]:
            self._start(queue)
        is_real = self.jobs is not None and self.jobs.real_time
        until = self.now() if is_real else self.elapsed + seconds
        while self._events and self._events[0][0] <= until:
            self._next_event()
        self.elapsed = max(self.elapsed, until)

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass with nobody asking: jobs without delays are all done then."""
        if not self._is_delayed:
            self._run_in_order()
        self.advance(seconds)

    def finish(self, paused: Container[str] = ()) -> None:
        """Do all the work there is, but for that in paused queues."""
        self._paused = paused
        self._run_in_order()
        for queue in [*self._ready]:
            self._start(queue)
        while self._events:
            self._next_event()
        if self.jobs is not None and self.jobs.real_time:
            self._started -= max(0.0, self.elapsed - self.now()) / self.jobs.speed

    def _run_in_order(self) -> None:
        kept: deque[_Job] = deque()
        while self._in_order:
            job = self._in_order.popleft()
            if job.queue in self._paused:
                kept.append(job)
                continue
            while job.step():
                pass
        self._in_order = kept

    def _next_event(self) -> None:
        moment, _number, event = heappop(self._events)
        self.elapsed = max(self.elapsed, moment)
        event()

    def _arrive(self, number: int) -> None:
        job = self._queued.pop(number, None)
        if job is not None:
            self._ready.setdefault(job.queue, deque()).append(job)
            self._start(job.queue)

    def _start(self, queue: str) -> None:
        assert self.jobs is not None
        ready = self._ready.get(queue)
        while ready and queue not in self._paused and self._running[queue] < self.jobs.concurrency.get(queue, 1):
            self._running[queue] += 1
            self._continue(ready.popleft())

    def _continue(self, job: _Job) -> None:
        if job.step():
            heappush(self._events, (self.elapsed + job.seconds, next(self._numbers), lambda: self._continue(job)))
            return
        self._running[job.queue] -= 1
        self._start(job.queue)


@frozen
class JobClock:
    """The clock of a sandbox's jobs; an `immich_tools.clock.Clock`. Sleeping lets virtual time pass and runs what is due."""

    _queues: Queues
    _lock: RLock

    def now(self) -> float:
        """Seconds since the sandbox was made."""
        with self._lock:
            return self._queues.now()

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass; in real time, wait."""
        jobs = self._queues.jobs
        if jobs is not None and jobs.real_time:
            sleep(seconds / jobs.speed)
            return
        with self._lock:
            self._queues.sleep(seconds)
