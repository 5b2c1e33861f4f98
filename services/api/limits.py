"""What one process of the service gives at most, as it is shipped; see `services.api.settings`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`streams`: readers of /v1/changes at once. `kept_bytes`: memory of answers kept. `cells`: totals read for one.

    100,000 cells are every commune of a national tree once for each of nine forms: a second or two of work.
    """

    streams: int = 2_000
    kept_bytes: int = 64 * 2**20
    cells: int = 100_000


SHIPPED = Limits()
