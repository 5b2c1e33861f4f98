"""What travels on the topic `tasks`: JSON under the key plan/task, readable with any tool."""

from hashlib import blake2b

import msgspec

from chitieu.domain.task import TaskEvidence, TaskReport, TaskState


class Shown(msgspec.Struct, frozen=True):
    """A document that shows a task's state."""

    title: str
    url: str


class TaskEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One report about a task. `submission` and `content` are 16 bytes each, base64 in JSON.

    `release` is the release it was judged by; `author` the id of an access key, never a person.
    """

    plan: str
    task: str
    state: TaskState
    author: str
    release: int
    submission: bytes
    content: bytes
    note: str = ""
    evidence: list[Shown] = []
    replaces: int | None = None

    @property
    def key(self) -> bytes:
        return f"{self.plan}/{self.task}".encode()

    @property
    def report(self) -> TaskReport:
        return TaskReport(
            plan=self.plan,
            task=self.task,
            state=self.state,
            note=self.note,
            evidence=tuple(TaskEvidence(one.title, one.url) for one in self.evidence),
            author=self.author,
            submission=self.submission,
            content=self.content,
            replaces=self.replaces,
        )


_decoder = msgspec.json.Decoder(TaskEvent)


def decode_task(payload: bytes) -> TaskEvent:
    """Raises msgspec.DecodeError (ValidationError among it) for bytes that are no event."""
    return _decoder.decode(payload)


def task_content(state: TaskState, note: str, evidence: list[Shown]) -> bytes:
    """16 bytes that are equal exactly for reports that say the same of a task."""
    return blake2b(msgspec.json.encode((state, note, evidence)), digest_size=16).digest()
