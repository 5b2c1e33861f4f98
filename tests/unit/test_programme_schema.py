"""The committed JSON Schemas are those of the models, and accept the files that the models accept."""

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from chitieu.adapters.programmes.schema import schemas
from chitieu.adapters.programmes.source import load
from chitieu.cli.programmes import app

REPOSITORY = Path(__file__).parents[2]
COMMITTED = REPOSITORY / "docs" / "schema"
PROGRAMMES = REPOSITORY / "programmes"
FILES = {
    "catalogue": [PROGRAMMES / "catalogue.yaml"],
    "form": sorted(PROGRAMMES.glob("forms/*.yaml")),
    "plan": sorted(PROGRAMMES.glob("*/plan.yaml")),
}


@pytest.mark.parametrize("name", schemas())
def test_the_committed_schema_is_that_of_the_model(name: str) -> None:
    """`chitieu programmes schema --write docs/schema` makes them again."""
    assert (COMMITTED / name).read_text("utf-8") == schemas()[name]


@pytest.mark.parametrize("name", FILES)
def test_an_editor_that_knows_the_schema_underlines_nothing(name: str) -> None:
    """Strings stay strings here, as `load` leaves them; numbers and booleans are tried as YAML 1.2 reads them."""
    schema = json.loads(schemas()[f"{name}.json"])
    for path in FILES[name]:
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(as_yaml_1_2(load(path).data)))
        assert [f"{path}: {one.json_path}: {one.message}" for one in errors] == []


def as_yaml_1_2(data: object) -> object:
    """Numbers and booleans where an editor sees them; codes in quotes can't be told apart, so `within` stays text."""
    if isinstance(data, dict):
        return {
            k: v if k in {"within", "except", "area", "issued", "number"} else as_yaml_1_2(v) for k, v in data.items()
        }
    if isinstance(data, list):
        return [as_yaml_1_2(one) for one in data]
    if data in ("true", "false"):
        return data == "true"
    return int(data) if isinstance(data, str) and data.isdecimal() else data


def test_the_command_writes_the_schemas(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["schema", "--write", str(tmp_path / "schema")])
    assert done.exit_code == 0
    assert {path.name: path.read_text("utf-8") for path in (tmp_path / "schema").iterdir()} == schemas()
