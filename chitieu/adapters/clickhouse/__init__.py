"""ClickHouse, as a server or embedded as chDB: the same client, the same SQL."""
