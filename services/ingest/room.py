"""How much memory requests under way may take together. Beyond it one is refused at once: nothing waits in a queue."""

from collections.abc import Iterator
from contextlib import contextmanager

from chitieu.domain.errors import Problem, Unavailable

# What a request takes beside its body: connection, headers, its event, the answer (measured: 20 to 30 KB).
REQUEST_BYTES = 32 * 1024


class Held:
    """What one request takes; it grows while the body arrives."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self.size = 0

    def take(self, size: int) -> None:
        """Raises Unavailable (429) if there is no room for so many bytes more beside what others hold."""
        if self._room.taken > self.size and self._room.taken + size > self._room.limit:
            raise Unavailable(Problem("too_many_requests"))
        self._room.taken += size
        self.size += size


class Room:
    """`limit` and `taken` are in bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0

    @contextmanager
    def request(self) -> Iterator[Held]:
        """For as long as a request is under way, its answer included."""
        held = Held(self)
        try:
            yield held
        finally:
            self.taken -= held.size
