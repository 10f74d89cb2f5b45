"""Work that the server does after it has answered: queues which each further request moves on."""

from collections import Counter, deque
from collections.abc import Callable, Container
from typing import Final

from attrs import define, field

EVERY_REQUEST: Final = 1
LIBRARY: Final = "library"
METADATA: Final = "metadataExtraction"
FACE_DETECTION: Final = "faceDetection"
Work = Callable[[], None]


@define(eq=False)
class Queues:
    """What waits, by the queues' names in `GET /jobs`. Time does not pass here: requests are what moves the queues, so that
    whoever polls sees the same states in the same order every time.

    `requests_per_step` is after how many requests the next step is taken; 0 leaves nothing waiting, everything is done when
    the server answers. A step does what waits when it begins, at most `work_per_step` pieces; what that work adds waits for
    the next step."""

    requests_per_step: int = EVERY_REQUEST
    work_per_step: int = 1000
    _waiting: deque[tuple[str, Work]] = field(factory=deque, init=False)
    _requests: int = field(default=0, init=False)

    def add(self, queue: str, work: Work) -> None:
        """Let a piece of work wait in a queue."""
        self._waiting.append((queue, work))

    def waiting(self) -> Counter[str]:
        """How much waits in each queue."""
        return Counter(queue for queue, _work in self._waiting)

    def empty(self, queue: str) -> None:
        """Forget what waits in a queue."""
        self._waiting = deque(entry for entry in self._waiting if entry[0] != queue)

    def on_request(self, paused: Container[str]) -> None:
        """A request came: take a step when it is time."""
        if not self._waiting or not self.requests_per_step:
            return
        self._requests += 1
        if self._requests % self.requests_per_step == 0:
            self._step(paused)

    def on_answer(self, paused: Container[str]) -> None:
        """A request has been answered."""
        if not self.requests_per_step:
            self.finish(paused)

    def finish(self, paused: Container[str] = ()) -> None:
        """Do all the work there is, but for that in paused queues."""
        while self._step(paused):
            pass

    def _step(self, paused: Container[str]) -> bool:
        """Returns whether anything was done."""
        ready = [entry for entry in self._waiting if entry[0] not in paused][: self.work_per_step]
        for entry in ready:
            self._waiting.remove(entry)
        for _queue, work in ready:
            work()
        return bool(ready)
