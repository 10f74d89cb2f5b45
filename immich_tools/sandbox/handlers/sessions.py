"""/auth: signing in with a password, so that a fresh user can make its own key as on a real server."""

from immich_tools.sandbox.context import Call
from immich_tools.sandbox.exchange import Response, json_response
from immich_tools.sandbox.refusals import Refused
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import string

ROUTES = RouteTable()


@ROUTES.add("POST", "/auth/login", is_public=True)
def login(call: Call) -> Response:
    """Users without a password (those made by `add_user`) cannot sign in."""
    body = call.body({"email": string(required=True), "password": string(required=True)})
    for user in call.state.users.values():
        if user.email == body["email"].lower() and user.password is not None and user.password == body["password"]:
            token = call.state.new_id().replace("-", "")
            call.state.sessions[token] = user.id
            answer = {
                "accessToken": token,
                "userId": user.id,
                "userEmail": user.email,
                "name": user.name,
                "isAdmin": user.is_admin,
                "profileImagePath": "",
                "shouldChangePassword": True,
                "isOnboarded": False,
            }
            return json_response(answer, 201)
    raise Refused(401, "Incorrect email or password")


@ROUTES.add("POST", "/auth/validateToken")
def validate_token(call: Call) -> Response:
    return json_response({"authStatus": True})


@ROUTES.add("POST", "/auth/logout")
def logout(call: Call) -> Response:
    call.state.sessions.pop(call.request.headers.get("authorization", "").removeprefix("Bearer "), None)
    return json_response({"successful": True, "redirectUri": "/auth/login?autoLaunch=0"})
