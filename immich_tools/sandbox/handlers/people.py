"""/people and /faces."""

import re
from datetime import date
from typing import Any, Final

from immich_tools.sandbox.access import owned_assets, per_id, readable_asset
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.create import new_person
from immich_tools.sandbox.entities import Face, Person
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.present import Json, face_json, person_json
from immich_tools.sandbox.refusals import Refused, bad_request, internal_error, no_access
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import BOTH, IDS, Field, boolean, integer, list_of, record, string, uuid

ROUTES = RouteTable()
MINIMUM_FACES: Final = 3
_PERSON_FIELDS: Final[dict[str, Field]] = {
    "name": string(),
    "birthDate": string(null_in=BOTH),
    "isHidden": boolean(),
    "isFavorite": boolean(),
    "color": string(null_in=BOTH),
    "featureFaceAssetId": uuid(),
}


def _own_person(call: Call, person_id: str, permission: str) -> Person:
    person = call.state.people.get(person_id)
    if person is None or person.owner_id != call.user.id:
        raise no_access(permission)
    return person


def _asset_count(call: Call, person: Person) -> int:
    faces = (face for face in call.state.faces.values() if face.person_id == person.id)
    return len({face.asset_id for face in faces if call.state.assets[face.asset_id].deleted_at is None})


@ROUTES.add("GET", "/people")
def list_people(call: Call) -> Response:
    """Visible persons first, then favourites, then named ones by the number of assets. Nameless persons with fewer than
    three assets are not listed, but `total` counts everybody with a face (both versions)."""
    fields = {"page": integer(lowest=1), "size": integer(lowest=1, highest=1000), "withHidden": boolean()}
    query = call.query(fields)
    page, size = query.get("page", 1), query.get("size", 500)
    own = [p for p in call.state.people.values() if p.owner_id == call.user.id]
    counts = {p.id: _asset_count(call, p) for p in own}
    with_face = [p for p in own if counts[p.id] > 0]
    listed = [p for p in with_face if p.name or counts[p.id] >= MINIMUM_FACES]
    listed.sort(key=lambda p: (p.is_hidden, not p.is_favorite, p.name == "", -counts[p.id], p.name))
    hidden = sum(p.is_hidden for p in with_face)
    shown = listed if query.get("withHidden") else [p for p in listed if not p.is_hidden]
    start = (page - 1) * size
    return json_response(
        {
            "people": [person_json(p) for p in shown[start : start + size]],
            "hasNextPage": len(shown) > start + size,
            "total": len(with_face),
            "hidden": hidden,
        }
    )


@ROUTES.add("POST", "/people")
def create_person(call: Call) -> Response:
    body = call.body(_PERSON_FIELDS)
    person = new_person(call.state, call.user.id, body.get("name", ""))
    _change(call, person, body)
    return json_response(person_json(person), 201)


@ROUTES.add("GET", "/people/{id}")
def get_person(call: Call) -> Response:
    return json_response(person_json(_own_person(call, call.path["id"], "person.read")))


@ROUTES.add("GET", "/people/{id}/statistics")
def person_statistics(call: Call) -> Response:
    person = _own_person(call, call.path["id"], "person.statistics")
    return json_response({"assets": _asset_count(call, person)})


@ROUTES.add("GET", "/people/{id}/thumbnail")
def person_thumbnail(call: Call) -> Response:
    raise Refused(404, "Not Found")


def _birth_date(call: Call, text: str | None) -> str | None:
    """Immich 3.1.0 also takes a whole date-time, and fails on the empty text; 2.3.1 takes the latter for null."""
    if text is None or (text == "" and not call.is_v3):
        return None
    if text == "":
        raise internal_error()
    day = text[:10] if call.is_v3 else text
    if re.match(r"\d{4}-\d{2}-\d{2}$", day) is None:
        raise Refused(400, ["birthDate must be a date string in the format yyyy-MM-dd"])
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        raise Refused(400, ["birthDate must be a date string in the format yyyy-MM-dd"]) from None


def _change(call: Call, person: Person, body: dict[str, Any]) -> None:
    if "birthDate" in body:
        person.birth_date = _birth_date(call, body["birthDate"])
    person.name = body.get("name", person.name)
    person.is_hidden = body.get("isHidden", person.is_hidden)
    person.is_favorite = body.get("isFavorite", person.is_favorite)
    person.color = body.get("color", person.color)
    person.updated_at = call.now


@ROUTES.add("PUT", "/people/{id}", has_patch_twin=True)
def update_person(call: Call) -> Response:
    body = call.body(_PERSON_FIELDS)
    person = _own_person(call, call.path["id"], "person.update")
    _change(call, person, body)
    return json_response(person_json(person))


@ROUTES.add("PUT", "/people")
def update_people(call: Call) -> Response:
    entry = record({"id": string(required=True), **_PERSON_FIELDS})
    results = []
    for item in call.body({"people": list_of(entry, required=True)})["people"]:
        person = call.state.people.get(item["id"])
        if person is None or person.owner_id != call.user.id:
            results.append(per_id(item["id"], "unknown"))
        else:
            _change(call, person, item)
            results.append(per_id(item["id"]))
    return json_response(results)


def _remove(call: Call, person: Person) -> None:
    for face in call.state.faces.values():
        if face.person_id == person.id:
            face.person_id = None
    del call.state.people[person.id]


@ROUTES.add("DELETE", "/people/{id}")
def delete_person(call: Call) -> Response:
    _remove(call, _own_person(call, call.path["id"], "person.delete"))
    return NO_CONTENT


@ROUTES.add("DELETE", "/people")
def delete_people(call: Call) -> Response:
    for person in [_own_person(call, person_id, "person.delete") for person_id in call.body({"ids": IDS})["ids"]]:
        _remove(call, person)
    return NO_CONTENT


@ROUTES.add("POST", "/people/{id}/merge")
def merge_people(call: Call) -> Response:
    """The faces of the others go to this person; its name and birth date are filled when it has none."""
    ids = call.body({"ids": IDS})["ids"]
    person = _own_person(call, call.path["id"], "person.update")
    if person.id in ids:
        raise bad_request("Cannot merge a person into themselves")
    results = []
    for other_id in ids:
        other = call.state.people.get(other_id)
        if other is None or other.owner_id != call.user.id:
            results.append(per_id(other_id, "no_permission"))
            continue
        for face in call.state.faces.values():
            if face.person_id == other.id:
                face.person_id = person.id
        person.name = person.name or other.name
        person.birth_date = person.birth_date or other.birth_date
        _remove(call, other)
        results.append(per_id(other_id))
    return json_response(results)


def _face_with_person(call: Call, face: Face) -> Json:
    person = call.state.people.get(face.person_id or "")
    return {**face_json(face), "person": person_json(person, nested=True) if person else None}


@ROUTES.add("GET", "/faces")
def list_faces(call: Call) -> Response:
    asset_id = call.query({"id": uuid(required=True)})["id"]
    asset = readable_asset(call, asset_id)
    faces = [call.state.faces[face_id] for face_id in call.state.faces_of_asset.get(asset.id, [])]
    return json_response([_face_with_person(call, face) for face in faces])


@ROUTES.add("POST", "/faces")
def create_face(call: Call) -> Response:
    names = ("imageWidth", "imageHeight", "x", "y", "width", "height")
    whole = dict.fromkeys(names, integer(required=True))
    body = call.body({"assetId": uuid(required=True), "personId": uuid(required=True), **whole})
    (asset,) = owned_assets(call, [body["assetId"]], "asset.read")
    person = _own_person(call, body["personId"], "person.read")
    left, top = body["x"], body["y"]
    box = (left, top, left + body["width"], top + body["height"])
    call.state.insert_face(Face(call.state.new_id(), asset.id, person.id, body["imageWidth"], body["imageHeight"], box))
    if call.is_v3:
        person.thumbnail_path = f"{call.server.media_root}/thumbs/{person.owner_id}/{person.id}.jpeg"
    return Response(201)


@ROUTES.add("PUT", "/faces/{id}")
def reassign_face(call: Call) -> Response:
    """The id in the path is the person's, the one in the body the face's."""
    body = call.body({"id": uuid(required=True)})
    person = _own_person(call, call.path["id"], "person.update")
    face = call.state.faces.get(body["id"])
    if face is None or call.state.assets[face.asset_id].owner_id != call.user.id:
        raise no_access("person.create")
    face.person_id = person.id
    return json_response(person_json(person))


@ROUTES.add("DELETE", "/faces/{id}")
def delete_face(call: Call) -> Response:
    call.body({"force": boolean(required=True)})
    face = call.state.faces.get(call.path["id"])
    if face is None or call.state.assets[face.asset_id].owner_id != call.user.id:
        raise no_access("face.delete")
    call.state.remove_face(face)
    return NO_CONTENT
