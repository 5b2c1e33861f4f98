"""What tests need around the product: a ClickHouse server with faults to order, and the services as processes."""
