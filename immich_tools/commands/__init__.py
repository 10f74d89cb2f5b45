"""Commands of ``immich-toolkit`` that belong to no single tool."""
