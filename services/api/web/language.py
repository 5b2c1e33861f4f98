"""Which of the two languages a page speaks: as its address says (`?lang=`), else as chosen before, else as the browser
prefers, else Vietnamese."""

from typing import Literal, TypeAlias

from starlette.requests import HTTPConnection

Language: TypeAlias = Literal["vi", "en"]

COOKIE = "chitieu-language"
PARAMETER = "lang"
DEFAULT: Language = "vi"


def chosen(request: HTTPConnection) -> Language | None:
    """What the address says, if it does: to be remembered."""
    return _known(request.query_params.get(PARAMETER, ""))


def spoken(request: HTTPConnection) -> Language:
    remembered = _known(request.cookies.get(COOKIE, ""))
    return chosen(request) or remembered or _preferred(request.headers.get("accept-language", ""))


def _preferred(header: str) -> Language:
    """The best of `Accept-Language` (RFC 9110, section 12.5.4) that we speak; of equals the first."""
    best: tuple[float, Language] = (0.0, DEFAULT)
    for item in header[:500].split(","):
        name, _, parameters = item.partition(";")
        language = _known(name.strip().lower().partition("-")[0])
        weight = _weight(parameters)
        if language is not None and weight > best[0]:
            best = weight, language
    return best[1]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def _known(text: str) -> Language | None:
    if text == "vi":
        return "vi"
    return "en" if text == "en" else None
