"""The `chitieu` command."""
