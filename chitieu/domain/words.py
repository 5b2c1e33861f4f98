"""Words for what the system decides, the same wherever people read them."""

from collections.abc import Mapping

from chitieu.domain.attainment import State
from chitieu.domain.catalogue import Label
from chitieu.domain.obligation import ObligationState

STATES: Mapping[State, Label] = {
    State.MET: Label("đạt", "met"),
    State.ON_TRACK: Label("đúng lộ trình", "on track"),
    State.AT_RISK: Label("có nguy cơ", "at risk"),
    State.MISSED: Label("không đạt", "missed"),
    State.INSUFFICIENT: Label("chưa đủ báo cáo", "insufficient"),
    State.NO_DATA: Label("chưa có số liệu", "no data"),
    State.NOT_ARISING: Label("không phát sinh", "not arising"),
    State.ENDED: Label("đã kết thúc", "ended"),
}

OBLIGATIONS: Mapping[ObligationState, Label] = {
    ObligationState.ON_TIME: Label("đúng hạn", "on time"),
    ObligationState.LATE: Label("quá hạn", "late"),
    ObligationState.MISSING: Label("chưa nộp", "missing"),
    ObligationState.NOT_YET_DUE: Label("chưa đến hạn", "not yet due"),
    ObligationState.RECEIVED: Label("đã nhận", "received"),
    ObligationState.NOT_RECEIVED: Label("chưa nhận được", "not received"),
}
