"""/albums/{id}/users: sharing an album and the roles in it."""

from typing import Final

from immich_tools.sandbox.access import AlbumUse, usable_album
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.entities import AlbumRole
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.handlers.albums import ROLES_V3, album_json
from immich_tools.sandbox.refusals import bad_request, internal_error
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import choice, list_of, record, uuid

ROUTES = RouteTable()
_NEW_USER: Final = record({"userId": uuid(required=True), "role": choice(*ROLES_V3)})


@ROUTES.add("PUT", "/albums/{id}/users")
def add_users(call: Call) -> Response:
    """Immich 2.3.1 refuses a user already there and the owner, yet stores the role `owner`; 3.1.0 passes over both (the
    role stays) and refuses that role."""
    users = call.body({"albumUsers": list_of(_NEW_USER, required=True, minimum_items=1)})["albumUsers"]
    album = usable_album(call, call.path["id"], AlbumUse.OWN, "album.share")
    added: dict[str, AlbumRole] = {}
    for entry in users:
        user_id, role = entry["userId"], AlbumRole(entry.get("role", "editor"))
        if call.is_v3 and role is AlbumRole.OWNER:
            raise bad_request("Cannot add another owner")
        if user_id == album.owner_id:
            if not call.is_v3:
                raise bad_request("Cannot be shared with owner")
        elif user_id in album.user_roles:
            if not call.is_v3:
                raise bad_request("User already added")
        elif user_id not in call.state.users:
            raise bad_request("Invalid user" if call.is_v3 else "User not found")
        else:
            added[user_id] = role
    album.user_roles.update(added)
    if added:
        album.updated_at = call.now
    return json_response(album_json(call, album))


@ROUTES.add("PUT", "/albums/{id}/user/{userId}", plain=["userId"])
def update_user(call: Call) -> Response:
    role = AlbumRole(call.body({"role": choice(*ROLES_V3, required=True)})["role"])
    album = usable_album(call, call.path["id"], AlbumUse.OWN, "album.share")
    user_id = _user_id(call)
    if user_id == album.owner_id:
        raise bad_request("User is owner") if call.is_v3 else internal_error()
    if call.is_v3 and role is AlbumRole.OWNER:
        raise internal_error()
    if user_id not in album.user_roles:
        raise bad_request("Album not shared with user")
    album.user_roles[user_id] = role
    return NO_CONTENT


@ROUTES.add("DELETE", "/albums/{id}/user/{userId}", plain=["userId"])
def remove_user(call: Call) -> Response:
    """The owner removes anybody, others only themselves (`me` or their id)."""
    user_id = _user_id(call)
    use = AlbumUse.READ if user_id == call.user.id else AlbumUse.OWN
    album = usable_album(call, call.path["id"], use, "album.share")
    if user_id == album.owner_id:
        raise bad_request("Cannot remove album owner")
    if user_id not in album.user_roles:
        raise bad_request("Album not shared with user")
    del album.user_roles[user_id]
    return NO_CONTENT


def _user_id(call: Call) -> str:
    return call.user.id if call.path["userId"] == "me" else call.path["userId"]
