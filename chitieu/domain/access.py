"""Who is asking, what they may do, and in which part of the tree."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

SCOPES = ("reports:write", "reports:read", "attainment:read", "admin")
_PREFIX = "ck_"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key as stored: never the secret, only its SHA-256 (hex). `unit` is the id of the subtree's top."""

    id: str
    sha256: str
    unit: str
    scopes: frozenset[str]
    label: str = ""

    def allows(self, scope: str) -> bool:
        return scope in self.scopes


def presented(id_: str, secret: str) -> str:
    """What the holder sends: `ck_<id>.<secret>`, in `Authorization: Bearer` or `X-API-Key`."""
    return f"{_PREFIX}{id_}.{secret}"


def parse_presented(text: str) -> tuple[str, str] | None:
    """(id, secret) of a presented key, or None if it does not look like one."""
    id_, dot, secret = text.removeprefix(_PREFIX).partition(".")
    return (id_, secret) if text.startswith(_PREFIX) and dot and id_ and secret else None


def digest(secret: str) -> str:
    """Plain SHA-256 is enough: secrets are 256 random bits, made by us, not chosen by people."""
    return sha256(secret.encode()).hexdigest()


class KeyRing:
    """Keys in force; creation and revocation take effect at once."""

    def __init__(self) -> None:
        self._keys: dict[str, AccessKey] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: AccessKey) -> None:
        self._keys[key.id] = key

    def revoke(self, id_: str) -> None:
        self._keys.pop(id_, None)

    def all(self) -> list[AccessKey]:
        return sorted(self._keys.values(), key=lambda key: key.id)

    def verify(self, text: str) -> AccessKey | None:
        """The key a presented text belongs to, in constant time for the secret's part."""
        parts = parse_presented(text)
        if parts is None or (key := self._keys.get(parts[0])) is None:
            return None
        return key if hmac.compare_digest(key.sha256, digest(parts[1])) else None
