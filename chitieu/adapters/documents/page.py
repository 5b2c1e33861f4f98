"""A document as one HTML page without scripts, laid out for A4 when it is printed."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from chitieu.domain.document import COPIES, KIND, MOTTO, NATION_NAME, PAPER, Document, printable, shown


def _clean(value: object) -> object:
    """Whatever is put into the page, before it is escaped; what is marked as safe is ours."""
    return printable(value) if type(value) is str else value


_PAGES = Environment(
    loader=PackageLoader("chitieu.adapters.documents", "."),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_clean,
)
_PAGES.filters["shown"] = shown

_STYLE = _PAGES.from_string((files("chitieu.adapters.documents") / "report.css").read_text("utf-8")).render(paper=PAPER)
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

# Nothing is loaded and nothing runs: there is the page and its own style.
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def written(document: Document) -> bytes:
    page = _PAGES.get_template("report.html.j2").render(
        document=document, style=_STYLE, nation=NATION_NAME, motto=MOTTO, kind=KIND, copies=COPIES
    )
    return page.encode()
