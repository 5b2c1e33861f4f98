"""What the page says of its own, and how it writes numbers, days and moments in either language."""

import re
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from chitieu.domain.fractions import exact_text
from services.api.web import language
from services.api.web.language import Language
from services.api.web.text import PARTS, TEXTS
from services.api.web.writing import Writing

WEB = Path(__file__).parents[2] / "services" / "api" / "web"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
VI, EN = Writing("vi"), Writing("en")
# A whole key, or the beginning of one that is put together, in a template or in Python.
_SAID = re.compile(r"""\bt\(\s*["']([\w.]+)["'](\s*~)?""")
_BEGUN = re.compile(r"""\bf"([a-z_]+\.)\{""")
_KEY = re.compile(r"""["']([a-z_]+(?:\.[a-z_0-9]+)+|sign_out)["']""")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_every_sentence_is_there_in_both_languages_with_the_same_blanks(key: str) -> None:
    text = TEXTS[key]
    assert text.vi.strip() and text.en.strip()
    assert placeholders(text.vi) == placeholders(text.en)


def test_no_sentence_is_given_twice() -> None:
    assert len(TEXTS) == sum(len(part) for part in PARTS)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_say_nothing_that_is_not_in_the_catalogue(template: Path) -> None:
    for key, begun in _SAID.findall(template.read_text("utf-8")):
        known = any(one.startswith(key) for one in TEXTS) if begun else key in TEXTS
        assert known, key


def test_no_sentence_is_left_over() -> None:
    sources = [path.read_text("utf-8") for path in TEMPLATES]
    sources += [path.read_text("utf-8") for path in WEB.rglob("*.py") if path.parent.name != "text"]
    said = {key for source in sources for key in _KEY.findall(source)}
    begun = tuple(key for source in sources for key, rest in _SAID.findall(source) if rest)
    begun += tuple(key for source in sources for key in _BEGUN.findall(source))
    assert {key for key in TEXTS if key not in said and not key.startswith(begun)} == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_words_of_their_own(template: Path) -> None:
    text = re.sub(r"\{[%#{].*?[%#}]\}", "", template.read_text("utf-8"), flags=re.DOTALL)
    shown = re.sub(r"<[^>]*>", " ", text)
    # The other language is offered in its own words.
    words = set(re.findall(r"\w{2,}", shown)) - {"English", "Tiếng", "Việt"}
    assert words == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_script_and_no_style(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:|hx-on", text)


@pytest.mark.parametrize(
    ("exact", "vi", "en"),
    [
        (0, "0", "0"),
        (1017, "1.017", "1,017"),
        ("1234567.5", "1.234.567,5", "1,234,567.5"),
        ("-1234.25", "−1.234,25", "−1,234.25"),
        ("79.96", "79,96", "79.96"),
        ("1/3", "1/3", "1/3"),
        (None, "–", "–"),
    ],
)
def test_numbers_are_written_as_each_language_does(exact: int | str | None, vi: str, en: str) -> None:
    assert (VI.number(exact), EN.number(exact)) == (vi, en)


@given(st.integers(-(10**15), 10**15), st.integers(0, 6))
def test_a_written_number_can_be_read_back(whole: int, digits: int) -> None:
    number = Fraction(whole, 10**digits)
    vi = VI.number(exact_text(number)).replace(".", "").replace(",", ".").replace("−", "-")
    en = EN.number(exact_text(number)).replace(",", "").replace("−", "-")
    assert Fraction(vi) == Fraction(en) == number


def test_days_and_moments_are_those_of_viet_nam() -> None:
    day, late = date(2024, 12, 14), datetime(2024, 12, 13, 17, 0, 5, tzinfo=UTC)
    assert (VI.day(day), EN.day(day)) == ("14/12/2024", "14 Dec 2024")
    assert VI.moment(late, day) == "00:00:05"
    assert VI.moment(late, date(2024, 12, 15)) == "00:00:05 14/12/2024"
    assert (VI.day(None), VI.moment(None, day)) == ("–", "–")


def asking(query: str = "", cookie: str = "", accept: str = "") -> HTTPConnection:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode())]
    return HTTPConnection({"type": "http", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "expected"),
    [
        ("", "", "", "vi"),
        ("", "", "fr, de;q=0.5", "vi"),
        ("", "", "en-GB,en;q=0.9,vi;q=0.8", "en"),
        ("", "", "en;q=0.5, vi-VN;q=0.9", "vi"),
        ("", "", "en;q=0, vi;q=x", "vi"),
        ("", "chitieu-language=en", "vi", "en"),
        ("", "chitieu-language=xx", "en", "en"),
        ("lang=vi", "chitieu-language=en", "en", "vi"),
        ("lang=xx", "chitieu-language=en", "vi", "en"),
    ],
)
def test_the_address_goes_before_what_was_chosen_and_that_before_the_browser(
    query: str, cookie: str, accept: str, expected: Language
) -> None:
    assert language.spoken(asking(query, cookie, accept)) == expected


@given(st.text(alphabet="env-;q=,.0 1x*", max_size=60))
def test_any_header_leads_to_a_language(accept: str) -> None:
    assert language.spoken(asking(accept=accept)) in ("vi", "en")
