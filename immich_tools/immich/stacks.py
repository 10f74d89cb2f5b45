"""Stacks: several assets shown as one."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from immich_sdk.api.stacks import create_stack, delete_stack, get_stack
from immich_sdk.models.stack_create_dto import StackCreateDto
from immich_tools.immich.assets import Assets
from immich_tools.immich.connection import Connection


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
        answer = self.connection.json(get_stack._get_kwargs(id=asset.stack_id))
        return Stack(answer["id"], tuple(item["id"] for item in answer["assets"]))

    def create(self, asset_ids: Sequence[str]) -> None:
        """Put two or more assets into one stack; the first shows. Members of other stacks bring these along."""
        self.connection.send(create_stack._get_kwargs(body=StackCreateDto(asset_ids=list(asset_ids))))

    def dissolve(self, stack_id: str) -> None:
        """Take a stack apart; its assets stay."""
        self.connection.send(delete_stack._get_kwargs(id=stack_id))
