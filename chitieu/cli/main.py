"""The `chitieu` command: everything an operator or a programme owner runs."""

from collections import UserDict
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

# Each with the module that has it, as a function or as an `app` of further commands.
_MODULES = {
    "up": "up",
    "demo": "demo",
    "serve": "serve",
    "migrate": "migrate",
    "settings": "settings",
    "rebuild": "figures",
    "reconcile": "figures",
    "push": "push",
    "watch": "watch",
    "programmes": "programmes",
    "keys": "keys",
    "dead": "dead",
}


class _Commands(UserDict[str, Any]):
    """Imports a command when it is asked for: whoever pushes a file does not wait for the libraries of the fold."""

    def __getitem__(self, name: str) -> Any:
        module = import_module(f"chitieu.cli.{self.data[name]}")
        command = get_command(getattr(module, "app", None) or _alone(getattr(module, name)))
        command.name = name
        return command


def _alone(function: Any) -> typer.Typer:
    found = typer.Typer(add_completion=False)
    found.command()(function)
    return found


class _Group(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands(_MODULES)


app = typer.Typer(
    cls=_Group,
    help="chitieu: programme reports as events, rolled up the administrative tree as they arrive",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """Without this a Typer of no commands is none."""
