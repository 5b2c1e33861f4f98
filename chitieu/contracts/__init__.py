"""What crosses a process boundary: programme files, events, topics, rows, HTTP models."""
