"""The operator's page over HTTP: for whom it is, and what it says where the fold runs here or elsewhere."""

from datetime import UTC, datetime
from html import unescape

import pytest

from chitieu.adapters.http import Checks, create_app
from chitieu.adapters.metrics import Metrics
from chitieu.domain.access import AccessKey, digest, presented
from services.api.app import router
from services.api.context import Context
from services.api.queries import Progress
from services.api.vitals import vitals
from services.api.web.problem_pages import problem_page
from tests.contract.test_api_http import FixedClock, TableReads
from tests.contract.test_area_http import shown
from tests.contract.test_web_http import Browser
from tests.unit.small_release import NATION

SEEN = datetime(2024, 12, 26, 2, 59, 58, tzinfo=UTC)
KEY = presented("admin", "s")


class ReadsWithProgress(TableReads):
    async def progress(self) -> Progress:
        return self.at


def folding() -> Metrics:
    """What the process measures that folds: a message behind in one partition, two that could not be read."""
    metrics = Metrics()
    for partition, records in (("0", 1041), ("1", 0)):
        metrics.set("chitieu_lag_records", records, partition=partition)
        metrics.set("chitieu_lag_seconds", 0.34 if records else 0, partition=partition)
        metrics.set("chitieu_progress_timestamp_seconds", SEEN.timestamp(), partition=partition)
    for seconds in [0.15] * 99 + [0.4]:
        metrics.observe("chitieu_freshness_seconds", seconds)
    metrics.set("chitieu_freshness_timestamp_seconds", SEEN.timestamp())
    metrics.count("chitieu_dead_letters_total", 2, reason="undecodable")
    metrics.count("chitieu_flush_failures_total", 3)
    return metrics


def browser(metrics: Metrics, checks: Checks | None = None) -> Browser:
    found = Browser(reads=ReadsWithProgress(at=Progress({0: 4711, 1: 12}, SEEN)))
    found.registry.keys.add(AccessKey("admin", digest("s"), NATION, frozenset({"admin"})))
    context = Context(found.reads, found.registry, FixedClock())
    found._app = create_app("api", [router(context)], metrics, checks or {}, problem_page=problem_page(context))
    assert found.sign_in(KEY).status_code == 303
    return found


def test_it_says_how_far_behind_and_how_fresh_the_figures_are() -> None:
    text = shown(browser(folding()).ask("/operator"))
    assert "Tình trạng Sẵn sàng" in text and "Đã cộng đến 09:59:58" in text
    assert "Còn chờ cộng 1.041 tin trong nhật ký chưa cộng" in text
    assert "Độ tươi ≤ 0,2 giây" in text and "100 lần, gần nhất 09:59:58" in text
    assert "Tin không đọc được 2" in text and "undecodable 2" in text
    assert "Lần ghi bị lỗi 3" in text
    assert "0 4.711 1.041 0,3 09:59:58 1 12 0 0,0 09:59:58" in text


def test_it_names_versions_and_leads_to_the_metrics() -> None:
    page = browser(folding()).ask("/operator")
    assert "Bộ định nghĩa 7 (1 kế hoạch, 2 biểu mẫu, 10 đơn vị)" in shown(page)
    assert "Python 3." in shown(page) and 'href="/metrics"' in page.text and 'href="/readyz"' in page.text


def test_where_the_fold_runs_elsewhere_it_says_who_measures_it_and_shows_no_zeros() -> None:
    text = shown(browser(Metrics()).ask("/operator"))
    assert text.count("đo ở tiến trình aggregate") == 4
    assert "Đã cộng đến 09:59:58" in text and "0 4.711 1 12" in text and "Tin không đọc được 0" not in text


def test_what_is_waited_for_is_named() -> None:
    checks = {"clickhouse": lambda: False, "registry": lambda: True}
    assert "Đang chờ: clickhouse" in shown(browser(folding(), checks).ask("/operator"))


def test_it_speaks_english_too() -> None:
    text = shown(browser(folding()).ask("/operator?lang=en"))
    assert "Waiting to be counted 1,041" in text and "≤ 0.2 s" in text and "Dead letters 2" in text


def test_freshness_beyond_the_last_bound_is_said_to_be() -> None:
    metrics = folding()
    for _ in range(100):
        metrics.observe("chitieu_freshness_seconds", 60)
    assert vitals(metrics, {}).freshness is not None
    assert "Độ tươi hơn 10 giây" in shown(browser(metrics).ask("/operator"))


@pytest.mark.parametrize("key", ["province", "nation", "writer"])
def test_it_is_for_keys_with_the_scope_admin_only(key: str) -> None:
    found = Browser()
    found.sign_in(presented(key, "s"))
    answer = found.ask("/operator")
    assert answer.status_code == 403 and "admin" in unescape(answer.text)
    assert Browser().ask("/operator").headers["location"] == "/sign-in?next=%2Foperator"


def test_pages_are_offered_to_those_who_may_see_them() -> None:
    assert 'href="/map"' not in browser(folding()).ask("/operator").text
    found = Browser()
    found.sign_in()
    page = found.ask("/").text
    assert 'href="/map"' in page and 'href="/obligations"' in page and 'href="/operator"' not in page
