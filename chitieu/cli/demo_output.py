"""What the demo prints. Every heading says that the data is simulated."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from chitieu.cli.screen import COLOURS
from chitieu.cli.sender import Answer
from chitieu.cli.simulation import Correction, Shown
from chitieu.cli.target_cells import bound_text, coverage_text, value_text
from chitieu.domain.catalogue import Label

NOTICE = Label("Số liệu mô phỏng, không phải số liệu thật", "Simulated data, not real figures")


def targets_table(answers: Sequence[Mapping[str, Any]]) -> Table:
    """Rows of `/v1/attainment` answers: plan, target, area, value, bound, state, coverage."""
    table = _table("How far from each target")
    for name in ("plan", "target", "area", "period"):
        table.add_column(name, overflow="fold")
    for name in ("value", "bound", "state", "coverage"):
        table.add_column(name, justify="right" if name != "state" else "left", no_wrap=True)
    for answer in answers:
        for target in answer["targets"]:
            table.add_row(
                answer["plan"],
                target["target"],
                answer["area"]["name"],
                answer["period"],
                value_text(target),
                bound_text(target),
                _coloured(target["state"]),
                coverage_text(target["coverage"]),
            )
        table.add_section()
    return table


def duties_table(asked: Sequence[tuple[Shown, Sequence[Mapping[str, Any]]]]) -> Table:
    """Who has reported and who has not, by duty; `states` counts units."""
    table = _table("Who has reported (a report of a past period comes today, so it is late)")
    for name in ("plan", "duty", "period", "last day"):
        table.add_column(name)
    table.add_column("units", justify="right")
    table.add_column("of them")
    for shown, summaries in asked:
        for one in summaries:
            states = ", ".join(f"{number} {_coloured(state)}" for state, number in one["states"].items())
            table.add_row(shown.plan, one["duty"], shown.period, one["last_day"] or "none", str(one["units"]), states)
        table.add_section()
    return table


def accidents_table(told: Sequence[tuple[str, Answer]]) -> Table:
    """What was tried that a real round brings, and how the interface answered."""
    table = _table("Accidents, and what became of them")
    for name in ("tried", "answer", "because"):
        table.add_column(name, overflow="fold")
    for title, answer in told:
        sentences = " ".join(answer.sentences[:2]) + (" …" if len(answer.sentences) > 2 else "")
        table.add_row(title, f"{answer.status} {answer.outcome}", sentences)
    return table


def where_to_look(url: str, key: str, correction: Correction, current: Shown) -> str:
    """Addresses, the key, and two commands: one changes a figure, the other shows it."""
    shown = correction.shown
    figures = f"{url}/v1/attainment?plan={shown.plan}&area={shown.area}&period={shown.period}"
    report = correction.after
    authorization = ("-H", f"Authorization: Bearer {key}")
    body = json.dumps({"values": report.values}, separators=(",", ":"))
    change = [
        *("curl", "-sS", "-X", "PUT", f"{url}/v1/reports/{report.form}/{report.period}/{report.unit}", *authorization),
        *("-H", "Content-Type: application/json", "-H", "Prefer: wait=10", "-d", body),
    ]
    program = (
        "import json,sys; "
        f'print(*(t["value"] for t in json.load(sys.stdin)["targets"] if t["target"]=="{correction.target}"))'
    )
    show = f"{shlex.join(['curl', '-sS', figures, *authorization])} | python3 -c {shlex.quote(program)}"
    return "\n".join(
        (
            f"{NOTICE.en} · {NOTICE.vi}",
            f"page           {url}/   (sign in with the key)",
            f"documentation  {url}/docs",
            f"attainment     {figures}",
            f"obligations    {url}/v1/obligations?plan={current.plan}&area={current.area}&period={current.period}",
            f"metrics        {url}/metrics",
            f"key            {key}   (Authorization: Bearer …)",
            "",
            f"Commune {report.unit} of Lạng Sơn counted {correction.difference} parents too few. Correct its report:",
            shlex.join(change),
            f"and see {correction.target} of {shown.plan} change by {correction.difference} in the numerator:",
            show,
        )
    )


def _table(title: str) -> Table:
    return Table(title=f"{title}\n{NOTICE.en} · {NOTICE.vi}", title_style="bold", title_justify="left")


def _coloured(state: str) -> str:
    said = state.replace("_", " ")
    return f"[{COLOURS[state]}]{said}[/]" if state in COLOURS else said
