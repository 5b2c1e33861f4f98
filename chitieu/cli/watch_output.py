"""The table of `chitieu watch`: a state is a word and a sign, never a colour alone."""

from collections.abc import Collection, Mapping

from rich.markup import escape
from rich.table import Table

from chitieu.cli.screen import COLOURS
from chitieu.cli.service import Language
from chitieu.cli.target_cells import KEEP, bound_text, coverage_text, value_text
from chitieu.client.answers import Attainment, Target
from chitieu.domain import words
from chitieu.domain.attainment import State
from chitieu.domain.catalogue import Label

_SIGNS: Mapping[State, str] = {
    State.MET: "✓",
    State.ON_TRACK: "↗",
    State.AT_RISK: "!",
    State.MISSED: "✗",
    State.INSUFFICIENT: "?",
    State.NO_DATA: "…",
    State.NOT_ARISING: "∅",
    State.ENDED: "■",
}
# state -> sign, word, colour
STATES: Mapping[str, tuple[str, Label, str]] = {
    state: (sign, words.STATES[state], COLOURS.get(state, "")) for state, sign in _SIGNS.items()
}
_COLUMNS = (
    Label("mục tiêu", "target"),
    Label("giá trị", "value"),
    Label("mức", "bound"),
    Label("trạng thái", "state"),
    Label("đã báo cáo", "coverage"),
    Label("mới", "new"),
)
_CHANGED = "●"
_PROVISIONAL = Label("sơ bộ", "provisional")
_AS_OF = Label(
    "số liệu đến {known} (UTC); ngày tính hạn {today}", "figures as of {known} (UTC); deadlines as of {today}"
)
_NO_FIGURES = Label("chưa có số liệu nào", "no figures yet")
_STALE = Label("Chưa cập nhật được: ", "Not up to date: ")


def watched(answer: Attainment, language: Language, changed: Collection[str] = (), fault: str = "") -> Table:
    """`changed` are targets that the last change moved; `fault` is why the figures may be older than they should."""
    title = escape(f"{answer.area.name} ({answer.area.code}) · {answer.plan} · {answer.period}")
    table = Table(title=title, title_justify="left", caption=_caption(answer, language, fault), caption_justify="left")
    for at, column in enumerate(_COLUMNS):
        table.add_column(language.say(column), overflow="fold", justify="right" if at in (1, 2, 4) else "left")
    for one in answer.targets:
        table.add_row(*_row(one, language), _CHANGED if one.target in changed else "")
    return table


def changed_targets(before: Attainment, after: Attainment) -> frozenset[str]:
    """Targets of which something shown is not as it was."""
    known = {one.target: one for one in before.targets}
    return frozenset(one.target for one in after.targets if known.get(one.target) != one)


def _row(one: Target, language: Language) -> tuple[str, ...]:
    said = one.model_dump()
    label = Label(one.label.vi, one.label.en)
    bound = bound_text(said, language.say(KEEP))
    return escape(language.say(label)), value_text(said), bound, _state(one, language), coverage_text(said["coverage"])


def _state(one: Target, language: Language) -> str:
    sign, word, colour = STATES.get(one.state, ("", Label(one.state, one.state), ""))
    text = f"{sign} {language.say(word)}"
    if one.provisional:
        text += f" ({language.say(_PROVISIONAL)})"
    return f"[{colour}]{text}[/]" if colour else text


def _caption(answer: Attainment, language: Language, fault: str) -> str:
    known = answer.as_of.known_at
    said = language.say(_NO_FIGURES)
    if known is not None:
        said = language.say(_AS_OF).format(known=f"{known:%Y-%m-%d %H:%M:%S}", today=answer.as_of.today)
    notice = "" if answer.notice is None else language.say(Label(answer.notice.vi, answer.notice.en))
    return "\n".join(filter(None, (notice, said, fault and language.say(_STALE) + escape(fault))))
