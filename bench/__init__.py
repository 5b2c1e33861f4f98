"""The bench: what the system holds itself to, measured on a fresh embedded stack. See README.md."""
