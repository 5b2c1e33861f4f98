"""What is defined and used by nothing: a warning, because it may be meant for a plan to come."""

from collections.abc import Iterator

from chitieu.adapters.programmes.definitions import Definitions
from chitieu.adapters.programmes.finding import Finding


def unused(definitions: Definitions) -> Iterator[Finding]:
    catalogue = definitions.programmes.catalogue
    if not definitions.complete or catalogue is None:
        return
    forms = [written.value for written in definitions.programmes.forms]
    plans = [written.value for written in definitions.programmes.plans]
    fields = [field for form in forms for field in form.fields]
    used = {
        "elements": {field.element for field in fields},
        "breakdowns": {name for field in fields for name in field.by},
        "indicators": {target.indicator for plan in plans for target in plan.targets.values()},
    }
    because = {"elements": "no form asks for", "breakdowns": "no form asks for", "indicators": "no target is set on"}
    for section, names in used.items():
        for name in getattr(catalogue.value, section):
            if name not in names:
                yield catalogue.warning((section, name), f"{because[section]} '{name}'")
