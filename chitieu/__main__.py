"""`python -m chitieu`."""

from chitieu.cli.main import app

app()
