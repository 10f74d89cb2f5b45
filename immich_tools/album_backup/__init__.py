"""Album backup: copy an album into an external library, proven, then optionally let go of the upload."""
