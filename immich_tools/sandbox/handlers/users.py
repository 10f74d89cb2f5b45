"""/users, /admin/users, /api-keys and /partners."""

from immich_tools.sandbox.context import Call
from immich_tools.sandbox.create import new_key, new_user
from immich_tools.sandbox.entities import ApiKey, Partner, User, Visibility
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.moments import milliseconds
from immich_tools.sandbox.present import Json, user_json
from immich_tools.sandbox.refusals import Refused, bad_request
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import BOTH, boolean, choice, list_of, string, uuid

ROUTES = RouteTable()


def _own_user_json(call: Call, user: User) -> Json:
    used = sum(a.exif.file_size or 0 for a in call.state.assets_of(user.id) if a.library_id is None)
    return {
        **user_json(user),
        "storageLabel": user.storage_label,
        "shouldChangePassword": True,
        "isAdmin": user.is_admin,
        "createdAt": milliseconds(user.created_at),
        "deletedAt": None,
        "updatedAt": milliseconds(user.updated_at),
        "oauthId": "",
        "quotaSizeInBytes": None,
        "quotaUsageInBytes": used,
        "status": "active",
        "license": None,
    }


@ROUTES.add("GET", "/users/me")
def get_me(call: Call) -> Response:
    return json_response(_own_user_json(call, call.user))


@ROUTES.add("GET", "/users")
def list_users(call: Call) -> Response:
    """A server may hide users from each other; administrators see all (both versions)."""
    sees_all = call.server.public_users or call.user.is_admin
    users = reversed(call.state.users.values()) if sees_all else [call.user]
    return json_response([user_json(user) for user in users])


@ROUTES.add("GET", "/users/{id}")
def get_user(call: Call) -> Response:
    user = call.state.users.get(call.path["id"])
    if user is None:
        raise bad_request("User not found")
    return json_response(user_json(user))


@ROUTES.add("GET", "/admin/users")
def list_users_as_admin(call: Call) -> Response:
    return json_response([_own_user_json(call, user) for user in reversed(call.state.users.values())])


@ROUTES.add("POST", "/admin/users")
def create_user(call: Call) -> Response:
    fields = {
        "name": string(required=True),
        "email": string(required=True),
        "password": string(required=True),
        "isAdmin": boolean(),
        "notify": boolean(),
    }
    body = call.body(fields)
    if any(user.email == body["email"].lower() for user in call.state.users.values()):
        raise bad_request("User exists")
    user = new_user(call.state, body["name"], body["email"], is_admin=body.get("isAdmin", False))
    user.password = body["password"]
    return json_response(_own_user_json(call, user), 201)


@ROUTES.add("DELETE", "/admin/users/{id}")
def delete_user(call: Call) -> Response:
    """Immich deletes a user after a delay, or at once with `force`; the sandbox always at once, with all that is theirs."""
    call.body({"force": boolean()})
    user = call.state.users.get(call.path["id"])
    if user is None:
        raise bad_request("User not found")
    if user.is_admin:
        raise bad_request("Cannot delete admin user")
    state = call.state
    answer = _own_user_json(call, user)
    for asset in list(state.assets_of(user.id)):
        state.remove_asset(asset, delete_files=lambda each: each.library_id is None)
    for album in [album for album in state.albums.values() if album.owner_id == user.id]:
        state.remove_album(album)
    for album in state.albums.values():
        album.user_roles.pop(user.id, None)
    for tag in [tag for tag in state.tags.values() if tag.owner_id == user.id and tag.parent_id is None]:
        state.remove_tag(tag)
    state.people = {key: person for key, person in state.people.items() if person.owner_id != user.id}
    state.partners = [p for p in state.partners if user.id not in (p.shared_by, p.shared_with)]
    state.sessions = {token: user_id for token, user_id in state.sessions.items() if user_id != user.id}
    state.keys = {secret: key for secret, key in state.keys.items() if key.user_id != user.id}
    del state.users[user.id]
    return json_response({**answer, "status": "removing", "deletedAt": milliseconds(call.now)})


@ROUTES.add("GET", "/admin/users/{id}/statistics")
def user_statistics(call: Call) -> Response:
    assets = [a for a in call.state.assets_of(call.path["id"]) if a.deleted_at is None]
    shown = [a for a in assets if a.visibility is not Visibility.HIDDEN]
    images = sum(a.type.value == "IMAGE" for a in shown)
    videos = sum(a.type.value == "VIDEO" for a in shown)
    return json_response({"images": images, "videos": videos, "total": images + videos})


def _key_json(key: ApiKey) -> Json:
    return {
        "id": key.id,
        "name": key.name,
        "createdAt": milliseconds(key.created_at),
        "updatedAt": milliseconds(key.updated_at),
        "permissions": list(key.permissions),
    }


@ROUTES.add("GET", "/api-keys/me", any_key=True)
def get_own_key(call: Call) -> Response:
    """Works with any key whatever its permissions."""
    if call.key is None:
        raise Refused(403, "Not authenticated with API Key")
    return json_response(_key_json(call.key))


@ROUTES.add("GET", "/api-keys")
def list_keys(call: Call) -> Response:
    return json_response([_key_json(key) for key in call.state.keys.values() if key.user_id == call.user.id])


@ROUTES.add("POST", "/api-keys")
def create_key(call: Call) -> Response:
    fields = {"name": string(), "permissions": list_of(string(), required=True, minimum_items=1)}
    body = call.body(fields)
    if (
        call.key is not None
        and "all" not in call.key.permissions
        and not set(body["permissions"]) <= set(call.key.permissions)
    ):
        raise bad_request("Cannot grant permissions you do not have")
    key = new_key(call.state, call.user.id, tuple(body["permissions"]), name=body.get("name", "API Key"))
    return json_response({"secret": key.secret, "apiKey": _key_json(key)}, 201)


@ROUTES.add("DELETE", "/api-keys/{id}")
def delete_key(call: Call) -> Response:
    for secret, key in call.state.keys.items():
        if key.id == call.path["id"] and key.user_id == call.user.id:
            del call.state.keys[secret]
            return NO_CONTENT
    raise bad_request("API Key not found")


def _partner_json(call: Call, partner: Partner, user_id: str) -> Json:
    return {**user_json(call.state.users[user_id]), "inTimeline": partner.in_timeline}


@ROUTES.add("GET", "/partners")
def list_partners(call: Call) -> Response:
    direction = call.query({"direction": choice("shared-by", "shared-with", required=True)})["direction"]
    found = []
    for partner in call.state.partners:
        if direction == "shared-by" and partner.shared_by == call.user.id:
            found.append(_partner_json(call, partner, partner.shared_with))
        elif direction == "shared-with" and partner.shared_with == call.user.id:
            found.append(_partner_json(call, partner, partner.shared_by))
    return json_response(found)


def _share_with(call: Call, user_id: str) -> Response:
    if any(p.shared_by == call.user.id and p.shared_with == user_id for p in call.state.partners):
        raise bad_request("Partner already exists")
    if user_id not in call.state.users:
        raise bad_request("User not found")
    partner = Partner(call.user.id, user_id, in_timeline=False)
    call.state.partners.append(partner)
    return json_response(_partner_json(call, partner, user_id), 201)


@ROUTES.add("POST", "/partners")
def create_partner(call: Call) -> Response:
    """The caller's library is shown to `sharedWithId`; only the receiver can put it into its timeline."""
    return _share_with(call, call.body({"sharedWithId": uuid(required=True)})["sharedWithId"])


@ROUTES.add("POST", "/partners/{id}")
def create_partner_by_id(call: Call) -> Response:
    return _share_with(call, call.path["id"])


@ROUTES.add("PUT", "/partners/{id}", dialects=BOTH)
def update_partner(call: Call) -> Response:
    in_timeline = call.body({"inTimeline": boolean(required=True)})["inTimeline"]
    for partner in call.state.partners:
        if partner.shared_by == call.path["id"] and partner.shared_with == call.user.id:
            partner.in_timeline = in_timeline
            return json_response(_partner_json(call, partner, partner.shared_by))
    raise bad_request("Partner not found")


@ROUTES.add("DELETE", "/partners/{id}")
def delete_partner(call: Call) -> Response:
    for partner in call.state.partners:
        if partner.shared_by == call.user.id and partner.shared_with == call.path["id"]:
            call.state.partners.remove(partner)
            return NO_CONTENT
    raise bad_request("Partner not found")
