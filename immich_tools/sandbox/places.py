"""Reverse geocoding with a small table of cities."""

from math import cos, radians
from typing import Final

from attrs import frozen

from immich_tools.sandbox.entities import Exif


@frozen
class City:
    name: str
    state: str
    country: str
    latitude: float
    longitude: float
    zone: str


_CITIES: Final = (
    City("Paris", "Île-de-France", "France", 48.8566, 2.3522, "Europe/Paris"),
    City("Lyon", "Auvergne-Rhône-Alpes", "France", 45.764, 4.8357, "Europe/Paris"),
    City("Berlin", "Berlin", "Germany", 52.52, 13.405, "Europe/Berlin"),
    City("Munich", "Bavaria", "Germany", 48.1351, 11.582, "Europe/Berlin"),
    City("London", "England", "United Kingdom", 51.5074, -0.1278, "Europe/London"),
    City("Lisbon", "Lisbon", "Portugal", 38.7223, -9.1393, "Europe/Lisbon"),
    City("Madrid", "Madrid", "Spain", 40.4168, -3.7038, "Europe/Madrid"),
    City("Rome", "Latium", "Italy", 41.9028, 12.4964, "Europe/Rome"),
    City("Vienna", "Vienna", "Austria", 48.2082, 16.3738, "Europe/Vienna"),
    City("Zürich", "Zürich", "Switzerland", 47.3769, 8.5417, "Europe/Zurich"),
    City("Oslo", "Oslo", "Norway", 59.9139, 10.7522, "Europe/Oslo"),
    City("New York City", "New York", "United States of America", 40.7128, -74.006, "America/New_York"),
    City("San Francisco", "California", "United States of America", 37.7749, -122.4194, "America/Los_Angeles"),
    City("Tokyo", "Tokyo", "Japan", 35.6895, 139.6917, "Asia/Tokyo"),
    City("Sydney", "New South Wales", "Australia", -33.8688, 151.2093, "Australia/Sydney"),
    City("Cape Town", "Western Cape", "South Africa", -33.9249, 18.4241, "Africa/Johannesburg"),
    City("São Paulo", "São Paulo", "Brazil", -23.5505, -46.6333, "America/Sao_Paulo"),
    City("Singapore", "Singapore", "Singapore", 1.3521, 103.8198, "Asia/Singapore"),
)
_FARTHEST_DEGREES: Final = 1.5
_FARTHEST_ZONE_DEGREES: Final = 10.0


def nearest_city(latitude: float, longitude: float) -> City | None:
    """The nearest known city within some 150 km, or None."""
    city, squared = _nearest(latitude, longitude)
    return city if squared <= _FARTHEST_DEGREES**2 else None


def zone_of(latitude: float, longitude: float) -> str:
    """The time zone of a place: that of the nearest known city, on other continents and at sea the one of the longitude."""
    city, squared = _nearest(latitude, longitude)
    if squared <= _FARTHEST_ZONE_DEGREES**2:
        return city.zone
    hours = -round(longitude / 15)
    return f"Etc/GMT{hours:+d}" if hours else "Etc/GMT"


def _nearest(latitude: float, longitude: float) -> tuple[City, float]:
    """The nearest known city and its squared distance in degrees."""

    def squared_distance(city: City) -> float:
        east = (city.longitude - longitude) * cos(radians(latitude))
        return (city.latitude - latitude) ** 2 + east**2

    best = min(_CITIES, key=squared_distance)
    return best, squared_distance(best)


def set_place(exif: Exif, latitude: float | None, longitude: float | None) -> None:
    """Set the coordinates, and city, state and country after them. The coordinates 0, 0 mean no place: Immich drops
    them when it reads its own sidecar (both versions)."""
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        exif.latitude = exif.longitude = None
        exif.city = exif.state = exif.country = None
        return
    exif.latitude, exif.longitude = latitude, longitude
    city = nearest_city(latitude, longitude)
    exif.city = city.name if city else None
    exif.state = city.state if city else None
    exif.country = city.country if city else None
