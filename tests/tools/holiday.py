"""A small library of a holiday, with duplicates: the scenario that most whole runs begin with.

``beach``: three copies, the best one bare, the others with albums, tags, a place, a description, a rating and a favourite mark.
``dog``: two copies that both have something of their own.
``cake``: two copies with nothing to carry over.
"""

from __future__ import annotations

from typing import Final

from tests.tools.server import ORIGINAL, Server

LISBON: Final = (38.7223, -9.1393)
PORTO: Final = (41.1496, -8.6109)
LOSERS: Final = {"beach-copy.jpg", "beach-mail.jpg", "dog-copy.jpg", "cake-copy.jpg"}
KEEPERS: Final = {"beach.jpg", "dog.jpg", "cake.jpg"}


def holiday(server: Server) -> None:
    """Arrange the library."""
    server.photo("beach.jpg", size=ORIGINAL)
    server.photo("beach-copy.jpg")
    server.photo("beach-mail.jpg")
    server.photo("dog.jpg", size=ORIGINAL)
    server.photo("dog-copy.jpg")
    server.photo("cake.jpg", size=ORIGINAL)
    server.photo("cake-copy.jpg")
    for single in ("alone.jpg", "archived.jpg", "old.jpg", "place.jpg"):
        server.photo(single, place=PORTO if single == "place.jpg" else None)
    server.settle()
    server.group("beach", "beach.jpg", "beach-copy.jpg", "beach-mail.jpg")
    server.group("dog", "dog.jpg", "dog-copy.jpg")
    server.group("cake", "cake.jpg", "cake-copy.jpg")
    server.album("Portugal", "beach-copy.jpg", "dog.jpg", "alone.jpg")
    server.album("Family", "beach-mail.jpg", "dog-copy.jpg", "archived.jpg")
    server.album("Empty")
    server.tag("sea", "beach-copy.jpg", "alone.jpg")
    server.tag("places/portugal", "beach-copy.jpg", "beach-mail.jpg")
    server.tag("places", "dog.jpg")
    server.tag("animals/dogs", "dog-copy.jpg")
    server.update("beach-copy.jpg", description="On the beach", rating=4)
    server.update("beach-mail.jpg", latitude=LISBON[0], longitude=LISBON[1], isFavorite=True)
    server.update("dog.jpg", description="Our dog", rating=2, latitude=PORTO[0], longitude=PORTO[1])
    server.update("dog-copy.jpg", description="A dog", rating=5, latitude=LISBON[0], longitude=LISBON[1])
    server.update("archived.jpg", visibility="archive")
    server.trash("old.jpg")
    server.face("Maria", "beach-copy.jpg")
