"""Fresh tables for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from attrs import frozen

from immich_tools.missing_originals.database_options import DatabaseAddress
from tests.missing_originals.postgres import Postgres
from tests.missing_originals.tables import SCHEMAS, Row, Schema, insert


@frozen
class Database:
    """An Immich database without rows.

    :ivar connection: the administrator's.
    :ivar address: how the code under test gets in.
    """

    postgres: Postgres
    schema: Schema
    connection: psycopg.Connection[tuple[Any, ...]]
    address: DatabaseAddress

    def insert(self, *rows: Row) -> None:
        """Put rows into the tables."""
        insert(self.connection, self.schema, rows)

    def sessions(self) -> int:
        """How many connections of the code under test there are."""
        query = "select count(*) from pg_stat_activity where application_name = 'immich-toolkit' and datname = %s"
        (found,) = self.connection.execute(query, [self.address.name]).fetchall()[0]
        return int(found)


@pytest.fixture(params=SCHEMAS, ids=lambda schema: schema.name)
def schema(request: pytest.FixtureRequest) -> Schema:
    """The tables of each version in turn."""
    value: Schema = request.param
    return value


@pytest.fixture
def database(postgres: Postgres, schema: Schema) -> Iterator[Database]:
    """The database with nothing but empty tables."""
    # Not a new database for each test: it costs hundreds of files.
    with postgres.connect() as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        schema.create(connection)
        yield Database(postgres, schema, connection, postgres.address())
