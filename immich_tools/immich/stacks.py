"""Stacks: several assets shown as one."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from immich_sdk.api.stacks import create_stack, delete_stack, get_stack, search_stacks
from immich_sdk.models.stack_create_dto import StackCreateDto
from immich_tools.errors import RequestRefused
from immich_tools.immich.assets import NO_SUCH, Assets
from immich_tools.immich.connection import Connection
from immich_tools.immich.duplicates import LONG


@frozen
class Stack:
    """A stack; its first member shows."""

    id: str
    member_ids: tuple[str, ...]


@frozen
class Stacks:
    """The stacks of the key's user."""

    connection: Connection
    assets: Assets

    def of(self, asset_id: str) -> Stack | None:
        """The stack an asset is in; None when it is in none."""
        asset = self.assets.get(asset_id)
        if asset is None or asset.stack_id is None:
            return None
        return self.get(asset.stack_id)

    def get(self, stack_id: str) -> Stack | None:
        """A stack by its id; None when there is none, or it is somebody else's."""
        try:
            answer = self.connection.json(get_stack._get_kwargs(id=stack_id))
        except RequestRefused as refusal:
            if refusal.status in NO_SUCH:
                return None
            raise
        primary = answer["primaryAssetId"]
        members = (item["id"] for item in answer["assets"])
        return Stack(answer["id"], (primary, *(member for member in members if member != primary)))

    def memberships(self) -> dict[str, str]:
        """Which stack each stacked asset outside the trash is in: asset id → stack id (permission ``stack.read``)."""
        # One answer carries every stack, with everything about each member.
        answer = self.connection.json(search_stacks._get_kwargs(), timeout=max(LONG, self.connection.timeout))
        return {item["id"]: stack["id"] for stack in answer for item in stack["assets"]}

    def create(self, asset_ids: Sequence[str]) -> None:
        """Put two or more assets into one stack; the first shows. Members of other stacks bring these along."""
        self.connection.send(create_stack._get_kwargs(body=StackCreateDto(asset_ids=list(asset_ids))))

    def dissolve(self, stack_id: str) -> None:
        """Take a stack apart; its assets stay. One that is gone already is fine: the answer to the first try may have been lost."""
        try:
            self.connection.send(delete_stack._get_kwargs(id=stack_id))
        except RequestRefused:
            if self.get(stack_id) is not None:
                raise
