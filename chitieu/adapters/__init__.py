"""Where the outside begins: Kafka, ClickHouse, files, HTTP plumbing, clocks."""
