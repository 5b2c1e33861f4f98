"""Every sentence of the page's own, in both languages; one file for each part of the page."""

from collections.abc import Mapping

from chitieu.domain.catalogue import Label
from services.api.web.text import area, course, duties, figures, map, operator, problems, programme, reporting, site

PARTS = (
    site.TEXTS,
    problems.TEXTS,
    figures.TEXTS,
    area.TEXTS,
    course.TEXTS,
    reporting.TEXTS,
    duties.TEXTS,
    programme.TEXTS,
    map.TEXTS,
    operator.TEXTS,
)

TEXTS: Mapping[str, Label] = {key: text for part in PARTS for key, text in part.items()}
