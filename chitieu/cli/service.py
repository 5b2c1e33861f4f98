"""Where a command finds the interface, with which key, and in which language it answers: options or the environment."""

from enum import StrEnum
from typing import Annotated

import typer

from chitieu.client import ClientError, NotYet, ProblemError, Unreachable
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import ChitieuError


class Language(StrEnum):
    VI = "vi"
    EN = "en"

    def say(self, label: Label) -> str:
        return label.vi if self is Language.VI else label.en


UrlOption = Annotated[str, typer.Option(envvar="CHITIEU_URL", help="address of the interface")]
IngestUrlOption = Annotated[
    str | None, typer.Option(envvar="CHITIEU_INGEST_URL", help="address of ingest, if it is another one")
]
KeyOption = Annotated[str, typer.Option(envvar="CHITIEU_KEY", help="access key: better in the environment, unseen")]
LanguageOption = Annotated[Language, typer.Option(envvar="CHITIEU_LANGUAGE", help="of what is said about reports")]

_UNREACHABLE = Label("không kết nối được: {detail}", "no answer: {detail}")
_NOT_YET = Label("có báo cáo chưa được tính: {detail}", "a report does not count yet: {detail}")
_ELSE = Label("trả lời không hiểu được: {detail}", "an answer not understood: {detail}")


def reason(error: Exception, language: Language) -> str:
    """Why it went no further."""
    match error:
        case ProblemError():
            return language.say(Label(error.vi, error.en))
        case ChitieuError():
            return language.say(Label(error.problems[0].vi, error.problems[0].en))
        case Unreachable():
            return language.say(_UNREACHABLE).format(detail=error)
        case NotYet():
            return language.say(_NOT_YET).format(detail=error)
        case ClientError():
            return language.say(_ELSE).format(detail=error)
        case _:
            return str(error)
