"""Aggregate: folds the log of reports into ClickHouse, exactly once whatever happens."""
