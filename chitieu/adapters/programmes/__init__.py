"""Programmes as data: read a directory, check it, turn it into a release, compare two releases."""
