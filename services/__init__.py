"""The three services: ingest accepts, aggregate folds, api answers. None imports another."""
