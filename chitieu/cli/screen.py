"""What commands print on: its width, and the colours of states."""

from collections.abc import Mapping

from rich.console import Console

from chitieu.domain.attainment import State
from chitieu.domain.obligation import ObligationState

# Of targets and of duties; what is not here has none.
COLOURS: Mapping[str, str] = {
    State.MET: "green",
    State.ON_TRACK: "green",
    State.AT_RISK: "yellow",
    State.MISSED: "red",
    State.INSUFFICIENT: "yellow",
    ObligationState.LATE: "yellow",
    ObligationState.MISSING: "red",
}
# Where output is no terminal, its width is unknown.
_WIDTH = 150


def console() -> Console:
    found = Console(highlight=False, soft_wrap=False)
    return found if found.is_terminal else Console(highlight=False, width=_WIDTH)
