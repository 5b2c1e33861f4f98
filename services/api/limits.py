"""What one process of the service gives at most, as it is shipped; see `services.api.settings`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`streams`: readers of /v1/changes at once. `kept_bytes`: memory of answers kept. `history_bytes`: of what became
    of reports. `held_cells`: totals held in memory. `cells`: totals read for one. `requests`: of one key in ten
    seconds.

    100,000 cells are every commune of a national tree once for each of nine forms: a second or two of work. 200
    requests a second are about what a process answers: one key may have it for itself for a moment, and not for long.
    """

    streams: int = 2_000
    kept_bytes: int = 64 * 2**20
    history_bytes: int = 128 * 2**20
    held_cells: int = 50_000
    cells: int = 100_000
    requests: int = 2_000


SHIPPED = Limits()
