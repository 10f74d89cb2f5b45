"""Safe tools on top of the Immich photo server."""
