"""Where a report is filled in."""

from urllib.parse import quote, urlencode

from chitieu.domain.address import Address


def report_at(form: str, period: str, unit: str) -> str:
    return "/r/" + "/".join(quote(one, safe="@") for one in (form, period, unit))


def report_address(address: Address, **asked: str) -> str:
    """With what was sent just now, if anything was."""
    place = report_at(address.form.id, str(address.period), address.unit.id)
    return place + (f"?{urlencode(asked)}" if asked else "")
