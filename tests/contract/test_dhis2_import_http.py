"""DHIS2's imports over HTTP: what its clients send, what becomes of it, and every way in which it may be refused."""

import base64
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.access import presented
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Decided, Decision, MessageKind
from tests.contract.ingest_service import PACKED, STATES, UNIT, FakeRegistry, Service
from tests.unit.commune_release import RELEASE

SETS = "/api/dataValueSets"
ACCEPTED = Decided(Decision.ACCEPTED, 1)
Json = dict[str, Any]

# The values of GOOD, one by one, as DHIS2's clients write them; the form's last field has no figure.
FULL = [
    ("children", "m", "520"),
    ("children", "f", "480"),
    ("labour", "m", "12"),
    ("labour", "f", "8"),
    ("hazardous", "default", "3"),
    ("parents", None, 1234),
    ("parents_informed", None, "1000"),
    ("budget", None, "12.5"),
    ("teachers", None, "40"),
    ("managers", None, "2"),
    ("trained", None, "30.0"),
    ("events", None, None),
]
LAST = len(FULL) - 1


class Changing(FakeRegistry):
    """With another release whenever it is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    @property
    def release(self) -> Release:
        self.asked += 1
        return replace(RELEASE, number=RELEASE.number + self.asked)


def value(element: str, options: str | None, figure: object, **members: object) -> Json:
    one: Json = {"dataElement": element, "value": figure, **members}
    if options is not None:
        one["categoryOptionCombo"] = options
    if figure is None:
        one["deleted"] = True
    return one


def whole(unit: str = "00001", period: str = "2024S1", **changed: object) -> Json:
    """A whole report, with other figures for some elements."""
    values = [value(element, options, changed.get(element, figure)) for element, options, figure in FULL]
    return {"dataSet": "xa", "period": period, "orgUnit": unit, "dataValues": values}


def bulk(*sets: Json) -> Json:
    """As one request, the address beside each value."""
    values = [
        {"period": one["period"], "orgUnit": one["orgUnit"], **each} for one in sets for each in one["dataValues"]
    ]
    return {"dataValues": values}


@pytest.fixture
def service() -> Service:
    service = Service()
    service.outcomes.outcome = ACCEPTED
    return service


def send(service: Service, body: object, path: str = SETS, **request: Any) -> httpx.Response:
    return service.answer("POST", path, json=body, **request)


def counts(answer: httpx.Response) -> tuple[int, int, int, int]:
    count = answer.json()["response"]["importCount"]
    return count["imported"], count["updated"], count["ignored"], count["deleted"]


def conflicts(answer: httpx.Response) -> list[tuple[str, str, list[int]]]:
    """Code, object and places of each; an answer with any is 409."""
    assert (answer.status_code, answer.json()["httpStatus"]) == (409, "Conflict"), answer.text
    found = answer.json()["response"]["conflicts"]
    return [(one["errorCode"], one["object"], one["indexes"]) for one in found]


# What is taken


def test_a_whole_data_set_becomes_one_report(service: Service) -> None:
    answer = send(service, whole())
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "httpStatus": "OK",
            "httpStatusCode": 200,
            "status": "OK",
            "message": "Import was successful.",
            "response": {
                "responseType": "ImportSummary",
                "status": "SUCCESS",
                "description": "Import process completed successfully",
                "importCount": {"imported": LAST, "updated": 0, "ignored": 1, "deleted": 0},
                "conflicts": [],
                "rejectedIndexes": [],
                "dataSetComplete": "false",
            },
        },
    )
    (event,) = service.log.events
    assert (event.kind, event.form, event.period, event.unit) == (MessageKind.REPORT, "xa", "2024S1", UNIT)
    assert (event.packed, event.states, event.replaces, event.tell) == (PACKED, STATES, None, True)


def test_values_without_a_data_set_find_the_form_that_asks_their_unit(service: Service) -> None:
    answer = send(service, bulk(whole(), whole("00002@2022-07-01"), whole(period="2024")))
    assert counts(answer) == (3 * LAST, 0, 3, 0)
    assert [(one.unit, one.period) for one in service.log.events] == [
        (UNIT, "2024S1"),
        ("00002@2022-07-01", "2024S1"),
        (UNIT, "2024"),
    ]


def test_what_stands_at_the_whole_counts_before_what_stands_at_a_value(service: Service) -> None:
    body = whole()
    for one in body["dataValues"]:
        one |= {"period": "1999", "orgUnit": "nowhere"}
    assert send(service, body).status_code == 200
    assert [one.period for one in service.log.events] == ["2024S1"]


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decided(Decision.ACCEPTED, 2), (0, LAST, 0, 1)),
        (Decided(Decision.UNCHANGED, 2), (0, 0, LAST + 1, 0)),
        # Written; decided later.
        (None, (LAST, 0, 1, 0)),
        (TimeoutError, (LAST, 0, 1, 0)),
    ],
)
def test_the_outcome_tells_new_from_replaced_and_unchanged(service: Service, decision: Any, expected: Any) -> None:
    service.outcomes.outcome = decision
    answer = send(service, whole())
    assert (answer.status_code, counts(answer)) == (200, expected)


@pytest.mark.parametrize("path", ["/api/38/dataValueSets", "/api/dataValueSets.json", "/api/33/dataValueSets.json"])
def test_a_version_and_a_format_in_the_address_mean_nothing(service: Service, path: str) -> None:
    assert send(service, whole(), path).status_code == 200


def test_a_figure_that_does_not_apply_may_be_said(service: Service) -> None:
    answer = send(service, whole(budget="n/a"))
    assert answer.status_code == 200
    assert service.log.events[0].states == bytes((*STATES[:7], 2, *STATES[8:]))


@pytest.mark.parametrize("carrier", ["Basic", "ApiToken", "Bearer"])
def test_the_key_comes_as_dhis2_clients_send_it(service: Service, carrier: str) -> None:
    key = presented("north", "secret")
    sent = base64.b64encode(f"admin:{key}".encode()).decode() if carrier == "Basic" else key
    answer = send(service, whole(), key=None, headers={"Authorization": f"{carrier} {sent}"})
    assert answer.status_code == 200


def test_a_proxy_s_own_password_does_not_hide_the_key(service: Service) -> None:
    headers = {"Authorization": "Basic cHJveHk6cGFzcw==", "X-API-Key": presented("north", "secret")}
    assert send(service, whole(), key=None, headers=headers).status_code == 200


def test_a_bearer_s_token_that_is_wrong_is_not_made_good_by_anything_beside_it(service: Service) -> None:
    headers = {"Authorization": "Bearer wrong", "X-API-Key": presented("north", "secret")}
    assert send(service, whole(), key=None, headers=headers).status_code == 401


# What is not


@pytest.mark.parametrize(
    "credentials",
    ["Basic !!!", "Basic YWRtaW46ZGlzdHJpY3Q=", "Basic /w==", "Basic é", "Basic", "ApiToken d2pat_x", None],
)
def test_without_a_valid_key_dhis2_says_no_in_its_shape(service: Service, credentials: str | None) -> None:
    headers = {"Authorization": credentials.encode("latin-1")} if credentials else {}
    answer = send(service, whole(), key=None, headers=headers)
    assert answer.headers["www-authenticate"] == 'Basic realm="chitieu"'
    assert (answer.status_code, answer.json()) == (
        401,
        {
            "httpStatus": "Unauthorized",
            "httpStatusCode": 401,
            "status": "ERROR",
            "message": "A valid access key is required.",
            "vi": "Cần khóa truy cập hợp lệ.",
            "errorCode": "unauthenticated",
        },
    )


def test_an_element_that_does_not_exist_is_a_conflict_and_the_rest_is_taken(service: Service) -> None:
    body = whole()
    body["dataValues"].append(value("nothing", None, "1"))
    answer = send(service, body)
    assert conflicts(answer) == [("E7610", "nothing", [LAST + 1])]
    assert (answer.json()["status"], answer.json()["response"]["status"]) == ("WARNING", "WARNING")
    assert answer.json()["response"]["rejectedIndexes"] == [LAST + 1]
    assert counts(answer) == (LAST, 0, 2, 0)
    conflict = answer.json()["response"]["conflicts"][0]
    assert conflict["value"] == "There is no data element 'nothing'."
    assert conflict["vi"] == "Không có phần tử dữ liệu «nothing»."
    assert (conflict["property"], conflict["objects"]) == (
        "dataElement",
        {"dataElement": "nothing", "period": "2024S1", "orgUnit": "00001"},
    )


@pytest.mark.parametrize(
    ("body", "code", "about"),
    [
        (whole(period="2024W7"), "E7611", "2024W7"),
        (whole(period="20240115"), "E7632", "20240115"),
        (whole(period="20240199"), "E7611", "20240199"),
        (whole(period="2024Q1"), "E7632", "2024Q1"),
        (whole(period="202401"), "E7632", "202401"),
        (whole(period="2019"), "E7643", "2019"),
        (whole(period="2025"), "E7641", "2025"),
        (whole(period=""), "E7611", "00001"),
        (bulk(whole(unit="99999")), "E7612", "99999"),
        (whole(unit="00003"), "E7636", "00003"),
        (whole(unit="00002@2000-01-01"), "E7636", "00002@2000-01-01"),
    ],
)
def test_an_address_that_is_not_right_is_one_conflict_about_all_its_values(
    service: Service, body: Json, code: str, about: str
) -> None:
    answer = send(service, body)
    assert conflicts(answer) == [(code, about, list(range(LAST + 1)))]
    assert (counts(answer), service.log.events) == ((0, 0, LAST + 1, 0), [])


def test_a_unit_outside_the_key_is_a_conflict_and_the_key_s_own_is_taken(service: Service) -> None:
    answer = send(service, bulk(whole("00001"), whole("00002")), key="commune2")
    assert conflicts(answer) == [("E7617", "00001", list(range(LAST + 1)))]
    assert [one.unit for one in service.log.events] == ["00002@2022-07-01"]


@pytest.mark.parametrize(
    ("changed", "code", "about", "place"),
    [
        ({"parents": "-1"}, "E7619", "parents", 5),
        ({"parents": "many"}, "E7619", "parents", 5),
        ({"parents": "1.234,5"}, "E7619", "parents", 5),
        ({"parents": True}, "E7619", "parents", 5),
        ({"parents": "1234.5"}, "E7619", "parents", 5),
        # In Vietnamese text it would be a thousand and more; DHIS2's is one and a bit.
        ({"parents": "1.234"}, "E7619", "parents", 5),
        ({"parents": "1e99"}, "E7619", "parents", 5),
        ({"parents_informed": "1235"}, "E7619", "parents_informed", 6),
        ({"parents": ""}, "E7618", "parents", 5),
    ],
)
def test_a_value_that_the_form_refuses_refuses_its_report_and_no_other(
    service: Service, changed: Json, code: str, about: str, place: int
) -> None:
    answer = send(service, bulk(whole(**changed), whole("00002")))
    assert answer.json()["response"]["conflicts"][0]["objects"]["dataElement"] == about
    assert [(one, at) for one, _, at in conflicts(answer)] == [(code, [place])]
    assert answer.json()["response"]["rejectedIndexes"] == list(range(LAST + 1))
    assert [one.unit for one in service.log.events] == ["00002@2022-07-01"]


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (value("labour", "x", "1"), "E7634"),
        (value("leaflets", None, "1"), "E7633"),
        (value("labour", "m", "12"), "repeated_member"),
        (value("parents", None, "1", attributeOptionCombo="donor"), "E7615"),
        ({"dataElement": "parents", "value": None}, "E7618"),
    ],
)
def test_a_value_that_names_no_field_of_its_own_refuses_the_report(service: Service, one: Json, code: str) -> None:
    body = whole()
    body["dataValues"] = [each for each in body["dataValues"] if each["dataElement"] != "parents"] + [one]
    assert code in [found for found, _, _ in conflicts(send(service, body))]
    assert service.log.events == []


def test_a_total_alone_lacks_its_options(service: Service) -> None:
    body = whole()
    body["dataValues"] = [value("labour", None, "20"), *body["dataValues"][4:]]
    assert conflicts(send(service, body))[0][0] == "E7630"


@pytest.mark.parametrize(
    ("changed", "code", "about"),
    [
        ({"dataSet": "ldte"}, "E7600", "ldte"),
        ({"orgUnit": "99999"}, "E7603", "99999"),
        ({"orgUnit": "00001@1999-01-01"}, "E7603", "00001@1999-01-01"),
        ({"attributeOptionCombo": "donor"}, "E7604", "donor"),
    ],
)
def test_what_is_unknown_at_the_whole_aborts_all_of_it(service: Service, changed: Json, code: str, about: str) -> None:
    answer = send(service, {**whole(), **changed})
    summary = answer.json()["response"]
    assert (answer.json()["status"], summary["status"]) == ("ERROR", "ERROR")
    assert summary["description"] == "Import process was aborted"
    assert [(found, at) for found, _, at in conflicts(answer)] == [(code, list(range(LAST + 1)))]
    assert about in summary["conflicts"][0]["value"]
    assert service.log.events == []


def test_a_release_that_comes_while_a_request_is_judged_does_not_judge_its_rest() -> None:
    service = Service(Changing())
    assert send(service, bulk(whole(), whole("00002"))).status_code == 200
    assert {event.release for event in service.log.events} == {RELEASE.number + 1}


# Nothing is lost without a word


def test_what_leaves_out_fields_counts_only_where_there_never_was_a_report(service: Service) -> None:
    body = {**whole(), "dataValues": whole()["dataValues"][:4]}
    answer = send(service, body)
    assert (answer.status_code, counts(answer)) == (200, (4, 0, 0, 0))
    assert service.log.events[0].replaces == 0


@pytest.mark.parametrize(
    "outcome", [Decided(Decision.CONFLICT, 3), Decided(Decision.DUPLICATE, 2), Decided(Decision.KEY_REUSED, 1)]
)
def test_over_a_report_it_is_a_conflict_that_names_what_is_missing(service: Service, outcome: Decided) -> None:
    service.outcomes.outcome = outcome
    answer = send(service, {**whole(), "dataValues": whole()["dataValues"][:10]})
    assert conflicts(answer) == [("partial_over_report", "2024S1", list(range(10)))]
    assert "leaves out: trained, events." in answer.json()["response"]["conflicts"][0]["value"]
    assert counts(answer) == (0, 0, 10, 0)


def test_the_same_part_again_is_the_same_submission_and_a_whole_never_is(service: Service) -> None:
    part = {**whole(), "dataValues": whole()["dataValues"][:4]}
    service.outcomes.outcome = Decided(Decision.DUPLICATE, 1)
    first, again, whole_one = send(service, part), send(service, part), send(service, whole())
    assert [one.status_code for one in (first, again, whole_one)] == [200, 200, 200]
    one, other, full = (event.submission for event in service.log.events)
    assert one == other != full


def test_what_may_count_only_once_and_is_not_decided_is_not_called_imported(service: Service) -> None:
    service.outcomes.outcome = TimeoutError
    answer = send(service, {**whole(), "dataValues": whole()["dataValues"][:4]})
    assert conflicts(answer) == [("undecided", "2024S1", [0, 1, 2, 3])]


# How it is imported


def test_a_dry_run_judges_everything_and_writes_nothing(service: Service) -> None:
    good, bad = send(service, whole(), f"{SETS}?dryRun=true"), send(service, {**whole(parents="x"), "dryRun": True})
    assert (good.status_code, counts(good)) == (200, (LAST, 0, 1, 0))
    assert conflicts(bad) == [("E7619", "parents", [5])]
    assert service.log.events == []


@pytest.mark.parametrize("wish", ["atomic=true", "atomicMode=ALL"])
def test_atomic_is_all_or_nothing(service: Service, wish: str) -> None:
    answer = send(service, bulk(whole(), whole("00002", parents="-5")), f"{SETS}?{wish}")
    assert (answer.json()["status"], answer.json()["response"]["status"]) == ("ERROR", "ERROR")
    assert answer.json()["response"]["rejectedIndexes"] == list(range(2 * LAST + 2))
    assert (counts(answer), service.log.events) == ((0, 0, 2 * LAST + 2, 0), [])
    assert send(service, bulk(whole(), whole("00002")), f"{SETS}?{wish}").status_code == 200


def test_without_it_one_report_does_not_wait_for_another(service: Service) -> None:
    answer = send(service, bulk(whole(), whole("00002", parents="-5")), f"{SETS}?atomicMode=NONE")
    assert (answer.json()["status"], len(service.log.events)) == ("WARNING", 1)


def test_atomic_refuses_what_only_the_log_can_decide_beside_others(service: Service) -> None:
    part = {**whole("00002"), "dataValues": whole()["dataValues"][:4]}
    assert send(service, part, f"{SETS}?atomic=true").status_code == 200
    answer = send(service, bulk(whole(), part), f"{SETS}?atomic=true")
    assert [code for code, _, _ in conflicts(answer)] == ["not_atomic"]
    assert len(service.log.events) == 1


def test_create_does_not_replace_a_report(service: Service) -> None:
    assert send(service, whole(), f"{SETS}?importStrategy=CREATE").status_code == 200
    service.outcomes.outcome = Decided(Decision.CONFLICT, 1)
    answer = send(service, whole(parents="1300"), f"{SETS}?importStrategy=CREATE")
    assert [code for code, _, _ in conflicts(answer)] == ["already_reported"]
    assert [event.replaces for event in service.log.events] == [0, 0]


def test_delete_takes_a_whole_report_back_and_never_a_part(service: Service) -> None:
    service.outcomes.outcome = Decided(Decision.RETRACTED, 2)
    part = {**whole(), "dataValues": whole()["dataValues"][:4]}
    refused = send(service, part, f"{SETS}?importStrategy=DELETE")
    assert conflicts(refused) == [("part_of_report", "2024S1", [0, 1, 2, 3])]
    answer = send(service, whole(), f"{SETS}?importStrategy=DELETE")
    assert (answer.status_code, counts(answer)) == (200, (0, 0, 0, LAST + 1))
    (event,) = service.log.events
    assert (event.kind, event.reason) == (MessageKind.RETRACTION, "importStrategy=DELETE")


@pytest.mark.parametrize(("strategy", "replaces"), [("NEW_AND_UPDATES", None), ("create_and_update", None), ("NEW", 0)])
def test_strategies_go_by_their_former_names_too(service: Service, strategy: str, replaces: int | None) -> None:
    assert send(service, whole(), f"{SETS}?strategy={strategy}").status_code == 200
    assert [event.replaces for event in service.log.events] == [replaces]


def test_values_that_are_all_deleted_take_the_report_back(service: Service) -> None:
    service.outcomes.outcome = Decided(Decision.RETRACTED, 2)
    body = whole()
    body["dataValues"] = [value(element, options, None) for element, options, _ in FULL]
    assert counts(send(service, body)) == (0, 0, 0, LAST + 1)
    assert [event.kind for event in service.log.events] == [MessageKind.RETRACTION]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("idScheme=UID", "idScheme"),
        ("orgUnitIdScheme=name", "orgUnitIdScheme"),
        ("dataElementIdScheme=attribute:abc", "dataElementIdScheme"),
        ("importStrategy=UPDATE", "importStrategy"),
        ("importStrategy=SYNC", "importStrategy"),
        ("dryRun=perhaps", "dryRun"),
        ("atomicMode=OBJECT", "atomicMode"),
        ("strategy=UPDATES", "importStrategy"),
        ("async=true", "async"),
    ],
)
def test_what_can_not_be_honoured_is_refused_before_anything_is_written(
    service: Service, query: str, parameter: str
) -> None:
    answer = send(service, whole(), f"{SETS}?{query}")
    assert (answer.status_code, answer.json()["status"]) == (400, "ERROR")
    assert f"'{parameter}'" in answer.json()["message"]
    assert service.log.events == []


@pytest.mark.parametrize(
    ("misspelt", "meant"), [("dryrun", "dryRun"), ("dry_run", "dryRun"), ("ImportStrategy", "importStrategy")]
)
def test_a_misspelt_option_is_refused_not_passed_over(service: Service, misspelt: str, meant: str) -> None:
    answer = send(service, whole(), f"{SETS}?{misspelt}=true")
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "unknown_parameter")
    assert f"'{misspelt}'" in answer.json()["message"] and f"Nearest: {meant}." in answer.json()["message"]
    assert service.log.events == []


def test_what_dhis2_takes_and_has_no_meaning_here_is_passed_over(service: Service) -> None:
    query = "preheatCache=true&skipExistingCheck=true&skipAudit=true&force=true&strictPeriods=true&mergeMode=REPLACE"
    assert send(service, whole(), f"{SETS}?{query}").status_code == 200


def test_the_body_s_scheme_counts_before_the_parameter(service: Service) -> None:
    assert send(service, {**whole(), "idScheme": "code"}, f"{SETS}?idScheme=UID").status_code == 200


@pytest.mark.parametrize(
    ("content", "type_", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"dataValues": 1}', "application/json", 400),
        (b'{"dataValues": [1]}', "application/json", 400),
        (b"<dataValueSet/>", "application/xml", 415),
    ],
)
def test_what_is_no_data_value_set_is_refused_in_dhis2_s_shape(
    service: Service, content: bytes, type_: str, status: int
) -> None:
    answer = service.answer("POST", SETS, content=content, headers={"Content-Type": type_})
    assert (answer.status_code, answer.json()["httpStatusCode"], answer.json()["status"]) == (status, status, "ERROR")


def test_nothing_in_it_is_nothing_to_import(service: Service) -> None:
    answer = send(service, {})
    assert (answer.status_code, counts(answer)) == (200, (0, 0, 0, 0))


def test_more_values_than_a_request_may_have_are_413() -> None:
    service = Service(limits={"max_bulk_lines": LAST})
    assert send(service, whole()).status_code == 413


def test_a_broker_that_is_away_is_503_and_the_same_again_is_safe(service: Service) -> None:
    service.log.away_from = 1
    answer = send(service, bulk(whole(), whole("00002")))
    assert (answer.status_code, answer.json()["httpStatus"]) == (503, "Service Unavailable")
    assert answer.headers["retry-after"] == "2"


MEMBERS = ("dataSet", "period", "orgUnit", "dataElement", "categoryOptionCombo", "value", "deleted", "importStrategy")
WORDS = st.sampled_from(
    ["xa", "2024S1", "00001", "parents", "labour", "m", "DELETE", "1", "n/a", "true", "", "x.y", "\x00"]
)
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
OBJECTS = st.dictionaries(st.sampled_from(MEMBERS), ANYTHING)
BODIES = (
    st.tuples(OBJECTS, st.lists(OBJECTS, max_size=4)).map(lambda both: {**both[0], "dataValues": both[1]}) | ANYTHING
)


@given(BODIES)
def test_whatever_is_sent_is_taken_or_refused_in_dhis2_s_shape(body: object) -> None:
    headers = {"Content-Type": "application/json"}
    answer = Service().answer("POST", SETS, content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.json()["httpStatusCode"]) in {(status, status) for status in (200, 400, 409)}


# Registrations


def registration(**changed: str) -> Json:
    return {"dataSet": "xa", "period": "2024S1", "organisationUnit": "00001", **changed}


def test_complete_registrations_are_taken_and_not_stored(service: Service) -> None:
    body = {"completeDataSetRegistrations": [registration(), registration(period="2024")]}
    answer = send(service, body, "/api/completeDataSetRegistrations?idScheme=CODE")
    summary = answer.json()["response"]
    assert (answer.status_code, summary["status"], counts(answer)) == (200, "SUCCESS", (0, 0, 2, 0))
    assert "nothing was stored" in summary["description"]
    assert service.log.events == []


@pytest.mark.parametrize(
    ("changed", "code", "about"),
    [
        ({"dataSet": "other"}, "E7600", "other"),
        ({"period": "2024W1"}, "E7611", "2024W1"),
        ({"organisationUnit": "99999"}, "E7612", "99999"),
    ],
)
def test_a_registration_of_what_does_not_exist_is_a_conflict(
    service: Service, changed: dict[str, str], code: str, about: str
) -> None:
    body = {"completeDataSetRegistrations": [registration(), registration(**changed)]}
    assert conflicts(send(service, body, "/api/completeDataSetRegistrations")) == [(code, about, [1])]


@pytest.mark.parametrize("body", [{}, [], {"completeDataSetRegistrations": [1]}])
def test_registrations_that_are_none_are_refused(service: Service, body: object) -> None:
    assert send(service, body, "/api/completeDataSetRegistrations").status_code == 400
