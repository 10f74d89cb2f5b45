"""Which handler answers which method and path, in which version, and what it demands of the key."""

from collections.abc import Callable, Iterable, Mapping

from attrs import field, frozen

from immich_tools.sandbox.context import Call
from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.exchange import Response
from immich_tools.sandbox.validation import BOTH

Handler = Callable[[Call], Response]


def _segments(template: str) -> tuple[str, ...]:
    return tuple(template.strip("/").split("/"))


@frozen
class Route:
    """`template` is below `/api`. `is_public` needs no key; `any_key` takes every valid key whatever its permissions.
    `permission_method` is the method under which the permission is declared (the PATCH twins of Immich 3 are not in its
    specification). Parameters named in `plain` are not ids."""

    method: str
    template: str
    handler: Handler
    dialects: frozenset[Dialect]
    is_public: bool
    any_key: bool
    permission_method: str
    plain: frozenset[str]
    segments: tuple[str, ...] = field(init=False)

    @segments.default
    def _split_template(self) -> tuple[str, ...]:
        return _segments(self.template)

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The path's parameters, or None when it is another path."""
        if len(segments) != len(self.segments):
            return None
        parameters: dict[str, str] = {}
        for wanted, given in zip(self.segments, segments, strict=True):
            if wanted.startswith("{"):
                parameters[wanted[1:-1]] = given
            elif wanted != given:
                return None
        return parameters


class RouteTable:
    """The routes of one group of handlers."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def add(
        self,
        method: str,
        template: str,
        *,
        dialects: frozenset[Dialect] = BOTH,
        is_public: bool = False,
        any_key: bool = False,
        has_patch_twin: bool = False,
        plain: Iterable[str] = (),
    ) -> Callable[[Handler], Handler]:
        """Register the decorated handler. `has_patch_twin`: Immich 3 answers PATCH on the same path in the same way."""

        def register(handler: Handler) -> Handler:
            parameters = frozenset(plain)
            self.routes.append(Route(method, template, handler, dialects, is_public, any_key, method, parameters))
            if has_patch_twin:
                twin = Route("PATCH", template, handler, frozenset({Dialect.V3}), False, any_key, method, parameters)
                self.routes.append(twin)
            return handler

        return register


class Router:
    """Finds the route of a request; literal segments win over parameters."""

    def __init__(self, dialect: Dialect, tables: Iterable[RouteTable]) -> None:
        self._routes: dict[tuple[str, int], list[Route]] = {}
        for table in tables:
            for route in table.routes:
                if dialect in route.dialects:
                    self._routes.setdefault((route.method, len(route.segments)), []).append(route)
        for routes in self._routes.values():
            routes.sort(key=lambda route: sum(segment.startswith("{") for segment in route.segments))

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route of a path below `/api`, with its parameters, or None."""
        segments = _segments(path)
        for route in self._routes.get((method, len(segments)), []):
            parameters = route.match(segments)
            if parameters is not None:
                return route, parameters
        return None
