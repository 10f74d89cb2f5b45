"""Everything known about the server; the only room that imports the SDK or httpx."""
