"""A plan's page and two plans side by side, over HTTP; and the same as JSON."""

from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any

import pytest

from chitieu.domain.plan import Comparator
from tests.contract.test_area_http import shown
from tests.contract.test_web_http import Browser, signed_in
from tests.unit.small_release import CLAUSE, PLAN, RELEASE, target

HOSTILE = "<script>alert(1)</script>"
# A district's plan below the province's: stricter in one, laxer in another, not comparable in a third.
DISTRICT = replace(
    PLAN,
    id="huu-lung",
    label=replace(PLAN.label, vi="Kế hoạch của huyện", en="The district's plan"),
    number="",
    issued="2021-09",
    parent="lang-son",
    parent_basis=CLAUSE,
    area="201",
    last=date(2025, 12, 31),
    targets={
        one.id: one
        for one in (
            target("informed-most", "informed_rate", Comparator.AT_LEAST, 90, due=date(2025, 12, 31)),
            target("labour-some", "labour_rate", Comparator.AT_MOST, 5, due=date(2024, 12, 31)),
        )
    },
)


def browser() -> Browser:
    found = signed_in()
    found.registry.release = replace(RELEASE, plans={PLAN.id: PLAN, DISTRICT.id: DISTRICT})
    return found


def told(path: str) -> str:
    return shown(browser().ask(path))


def test_targets_stand_with_what_is_promised_by_when_and_where_it_says_so() -> None:
    text = told("/plans/lang-son")
    assert "Chỉ tiêu (5)" in text
    assert "informed Nguyên văn · II.2 «90% …» II.2 · đúng nguyên văn Phải đạt ≥ 80% Thời hạn 31/12/2025" in text
    assert "labour-low" in text and "< 1%" in text and "duy trì = 0%" in text and "giảm dần" in text
    assert "chỉ đánh giá ở địa bàn của kế hoạch" in text


def test_duties_stand_with_their_form_and_deadline() -> None:
    text = told("/plans/lang-son")
    assert "chậm nhất ngày 25/12 năm Báo cáo xã Sở" in text
    assert "trước ngày 5/7 6 tháng Báo cáo xã Sở" in text
    assert "không nêu năm Báo cáo huyện Sở" in text
    assert "không nêu một lần hoặc khi phát sinh không nộp qua hệ thống Sở" in text


def test_tasks_stand_by_their_owners_with_what_has_become_of_them() -> None:
    text = told("/plans/lang-son")
    assert "Nhiệm vụ (1) chưa báo cáo 1 Sở Lao động 90% … II.2 chưa báo cáo" in text


def test_plans_above_and_below_are_named_and_led_to() -> None:
    assert "Được cụ thể hóa bởi Kế hoạch của huyện So sánh chỉ tiêu Kế hoạch của huyện" in told("/plans/lang-son")
    page = browser().ask("/plans/huu-lung")
    assert "Thực hiện kế hoạch cấp trên 187/KH-UBND · Kế hoạch của tỉnh" in shown(page)
    assert 'href="/plans/lang-son"' in page.text and 'href="/plans/huu-lung/compare?with=lang-son"' in page.text


def test_what_the_document_leaves_blank_is_said_to_be() -> None:
    text = told("/plans/huu-lung")
    assert "Số, ký hiệu không đọc được" in text and "Ban hành 2021-09" in text


def test_two_plans_are_compared_target_by_target() -> None:
    text = told("/plans/lang-son/compare?with=huu-lung")
    assert "«Kế hoạch của huyện» đặt mức cao hơn" in text  # 90 of 80
    assert "«187/KH-UBND» đặt mức cao hơn" in text  # below 1 of at most 5
    assert "Thời hạn khác nhau: 31/12/2025; 31/12/2024." in text
    assert "Không so sánh được" in text and "mức giảm được so với" in text
    assert "Chỉ «187/KH-UBND» có chỉ tiêu này." in text


def test_the_comparison_is_there_for_programs_too() -> None:
    answer = browser().ask("/v1/plans/lang-son/comparison?with=huu-lung").json()
    assert (answer["first"]["id"], answer["second"]["id"]) == ("lang-son", "huu-lung")
    found = {
        (one["first"], one["second"]): (one["comparable"], one["stricter"], [d["code"] for d in one["differences"]])
        for group in answer["groups"]
        for one in group["verdicts"]
    }
    assert found == {
        ("labour-low", "labour-some"): (True, "first", ["due"]),
        ("labour-none", "labour-some"): (True, "first", ["every_period", "due"]),
        ("labour-less", "labour-some"): (False, None, ["decrease"]),
        ("informed", "informed-most"): (True, "second", []),
    }
    alone = [[one["id"] for one in group["first"]] for group in answer["groups"] if not group["second"]]
    assert alone == [["trained"]]


def test_both_pages_speak_english() -> None:
    text = told("/plans/lang-son?lang=en")
    assert "by 25 Dec" in text and "before 5 Jul" in text and "nobody has reported on it" in text
    text = told("/plans/lang-son/compare?with=huu-lung&lang=en")
    assert "“The district&#39;s plan” asks more" in text or "“The district's plan” asks more" in text
    assert "Not comparable" in text


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("/plans/lang?", 404, "lang-son"),
        ("/plans/%3Cscript%3Ealert(1)%3C%2Fscript%3E?", 404, ""),
        (f"/plans/lang-son/compare?with={HOSTILE}", 404, HOSTILE),
        ("/plans/nothing/compare?with=lang-son", 404, "nothing"),
        ("/plans/lang-son/compare?", 400, "with"),
        ("/plans/lang-son?plan=x", 400, "plan"),
    ],
)
def test_what_does_not_exist_is_told(path: str, status: int, named: str, language: str) -> None:
    answer = browser().ask(f"{path}&lang={language}")
    assert answer.status_code == status and named in unescape(answer.text)
    assert HOSTILE not in answer.text


@pytest.mark.parametrize("path", ["/plans/huu-lung", "/plans/lang-son/compare?with=huu-lung"])
def test_words_of_a_plan_are_text_and_never_markup(path: str) -> None:
    def hostile(one: Any, **more: Any) -> Any:
        label = replace(one.label, vi=HOSTILE, en=HOSTILE)
        return replace(one, label=label, clause=replace(CLAUSE, words=HOSTILE, note=HOSTILE), **more)

    found = browser()
    targets = {id_: hostile(one) for id_, one in DISTRICT.targets.items()}
    named = replace(DISTRICT.label, vi=HOSTILE, en=HOSTILE)
    plan = replace(DISTRICT, label=named, number=HOSTILE, issuer=HOSTILE, note=HOSTILE, targets=targets)
    found.registry.release = replace(RELEASE, plans={PLAN.id: PLAN, plan.id: plan})
    page = found.ask(path)
    assert page.status_code == 200 and HOSTILE not in page.text and HOSTILE in unescape(page.text)


def test_pages_of_plans_are_for_whoever_is_signed_in() -> None:
    for path in ("/plans/lang-son", "/plans/lang-son/compare?with=huu-lung"):
        assert Browser().ask(path).status_code == 303
