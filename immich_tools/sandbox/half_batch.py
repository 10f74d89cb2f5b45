"""The fault that refuses half of a batch."""

import json
from typing import TYPE_CHECKING

from attrs import evolve

from immich_tools.sandbox.access import per_id
from immich_tools.sandbox.exchange import Request, Response, json_response

if TYPE_CHECKING:
    from immich_tools.sandbox.core import Core


def handle_half_of_batch(core: "Core", request: Request) -> Response:
    """Carry out every other id of a call with a result per id and answer `unknown` for the rest, in the order asked.

    Other calls are carried out as they are."""
    is_per_id = request.path.endswith("/assets") and request.path.count("/") == 4
    try:
        body = json.loads(request.body) if is_per_id else None
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("ids"), list):
        return core.handle(request)
    ids = body["ids"]
    answer = core.handle(evolve(request, body=json.dumps({**body, "ids": ids[::2]}).encode()))
    if answer.status != 200:
        return answer
    done = json.loads(answer.content())
    mixed = [done[index // 2] if index % 2 == 0 else per_id(ids[index], "unknown") for index in range(len(ids))]
    return json_response(mixed).with_headers(answer.headers)
