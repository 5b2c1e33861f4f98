"""The `chitieu` command: everything an operator or a programme owner runs."""

import typer

from chitieu.cli import dead, demo, figures, keys, migrate, programmes, push, serve, settings, up, watch

app = typer.Typer(
    help="chitieu: programme reports as events, rolled up the administrative tree as they arrive",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(up.up)
app.command()(demo.demo)
app.command()(serve.serve)
app.command()(migrate.migrate)
app.command()(settings.settings)
app.command()(figures.rebuild)
app.command()(figures.reconcile)
app.command()(push.push)
app.command()(watch.watch)
app.add_typer(programmes.app, name="programmes")
app.add_typer(keys.app, name="keys")
app.add_typer(dead.app, name="dead")
