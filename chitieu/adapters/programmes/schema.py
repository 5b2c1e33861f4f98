"""JSON Schemas of the files an author writes, for editors; `docs/schema/*.json` is made from the models."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from chitieu.contracts.plan_file import PlanFile
from chitieu.contracts.programme import CatalogueFile, FormFile

MODELS: Mapping[str, type[BaseModel]] = {"catalogue": CatalogueFile, "form": FormFile, "plan": PlanFile}


def schemas() -> dict[str, str]:
    """File name → text."""
    return {f"{name}.json": _text(model) for name, model in MODELS.items()}


def write(directory: Path) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schemas().items():
        path = directory / name
        path.write_text(text, "utf-8")
        written.append(path)
    return written


def _text(model: type[BaseModel]) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(by_alias=True),
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
