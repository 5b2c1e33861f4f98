"""One tree of errors and one table of messages.

Every problem a person can cause has a stable code, a sentence in Vietnamese and one in English. The HTTP
status of a code is decided once, in `chitieu.contracts.problems`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chitieu.domain.catalogue import Label

# code -> (Vietnamese, English); {names} are filled from Problem.params: a Label says itself in the language spoken.
MESSAGES: dict[str, tuple[str, str]] = {
    # the report's address
    "unknown_form": (
        "Không có biểu mẫu «{form}». Gần nhất: {nearest}.",
        "There is no form '{form}'. Nearest: {nearest}.",
    ),
    "unknown_form_version": (
        "Biểu mẫu «{form}» không có phiên bản {version}.",
        "Form '{form}' has no version {version}.",
    ),
    "unknown_period": (
        "«{period}» không phải là kỳ báo cáo. Gần nhất: {nearest}.",
        "'{period}' is not a reporting period. Nearest: {nearest}.",
    ),
    "unknown_unit": (
        "Không có đơn vị «{unit}» vào ngày {date}.",
        "There is no unit '{unit}' in force on {date}.",
    ),
    "unit_not_in_force": (
        "Đơn vị «{unit}» không còn (hoặc chưa) hoạt động vào ngày cuối kỳ {date}.",
        "Unit '{unit}' is not in force on the period's last day, {date}.",
    ),
    "unit_does_not_report": (
        "Đơn vị «{unit}» không lập biểu mẫu «{form}».",
        "Unit '{unit}' does not report form '{form}'.",
    ),
    "period_not_collected": (
        "Biểu mẫu «{form}» không thu thập theo kỳ «{period}».",
        "Form '{form}' is not collected for period '{period}'.",
    ),
    "period_outside_plan": (
        "Kỳ «{period}» nằm ngoài thời gian thực hiện ({first} – {last}).",
        "Period '{period}' lies outside the time in which the form is collected ({first} – {last}).",
    ),
    "period_not_open": (
        "Kỳ «{period}» chưa mở: nhận báo cáo từ ngày {opens}.",
        "Period '{period}' is not open yet: reports are taken from {opens}.",
    ),
    # the report's body
    "not_json": ("Nội dung không phải là JSON hợp lệ: {detail}.", "The body is not valid JSON: {detail}."),
    "not_an_object": ("Phải là một đối tượng JSON.", "This must be a JSON object."),
    "not_an_array": ("Phải là một mảng JSON.", "This must be a JSON array."),
    "not_a_string": ("Phải là một chuỗi ký tự.", "This must be a string."),
    "missing_member": ("Thiếu mục «{member}».", "The member '{member}' is missing."),
    "too_long": ("Dài quá {limit} ký tự.", "This is longer than {limit} characters."),
    "unknown_member": ("Không có mục «{member}».", "There is no member '{member}'."),
    "repeated_member": ("Mục «{member}» xuất hiện hai lần.", "The member '{member}' appears twice."),
    "unknown_field": (
        "Biểu mẫu không có trường «{field}».",
        "The form has no field '{field}'.",
    ),
    "retired_field": ("Trường «{field}» đã bỏ.", "The field '{field}' is retired."),
    "wrong_type": (
        'Giá trị phải là số (ví dụ 1234 hoặc "1.234,5") hoặc "n/a".',
        'The value must be a number (for example 1234 or "1.234,5") or "n/a".',
    ),
    "too_precise": (
        "Giá trị chỉ được có tối đa {scale} chữ số thập phân.",
        "The value may have at most {scale} decimal places.",
    ),
    "negative": ("Giá trị không được âm.", "The value must not be negative."),
    "above_maximum": ("Giá trị lớn hơn mức tối đa {maximum}.", "The value is above the maximum {maximum}."),
    "part_above_whole": (
        "Phần «{part}» ({part_value}) lớn hơn tổng «{whole}» ({whole_value}).",
        "The part '{part}' ({part_value}) is larger than the whole '{whole}' ({whole_value}).",
    ),
    "numerator_above_denominator": (
        "Chỉ tiêu «{indicator}»: tử số {numerator} lớn hơn mẫu số {denominator}.",
        "Indicator '{indicator}': the numerator {numerator} is above the denominator {denominator}.",
    ),
    "options_do_not_sum": (
        "Tổng các phân tổ của «{element}» là {sum}, khác với tổng đã ghi {total}.",
        "The options of '{element}' sum to {sum}, not to the given total {total}.",
    ),
    "options_incomplete": (
        "«{element}» cần đủ các phân tổ; còn thiếu: {missing}.",
        "'{element}' needs all of its options; missing: {missing}.",
    ),
    # a report as data values of DHIS2
    "unknown_element": ("Không có phần tử dữ liệu «{element}».", "There is no data element '{element}'."),
    "unknown_attribute": (
        "Không có tổ hợp thuộc tính «{attribute}»; chỉ có «default».",
        "There is no attribute option combo '{attribute}', only 'default'.",
    ),
    "foreign_element": (
        "Phần tử «{element}» không thuộc biểu mẫu «{form}».",
        "Data element '{element}' is not part of form '{form}'.",
    ),
    "no_value": ("Phần tử «{element}» không có giá trị.", "Data element '{element}' has no value."),
    "part_of_report": (
        "Chỉ rút được cả báo cáo; còn thiếu: {missing}.",
        "A report is taken back as a whole; missing: {missing}.",
    ),
    "partial_over_report": (
        "Đã từng có báo cáo, và lần gửi này thiếu: {missing}. Ghi đủ mọi trường; trường nào bỏ trống thì ghi deleted.",
        "There has been a report before, and this one leaves out: {missing}. Send every field, those without a figure "
        "as deleted.",
    ),
    "already_reported": (
        "Đã từng có báo cáo; importStrategy CREATE không thay thế.",
        "There has been a report before; importStrategy CREATE does not replace it.",
    ),
    "undecided": (
        "Chưa biết có được tính hay không; xin gửi lại nguyên văn sau.",
        "It is not known yet whether this counts; send the same again later.",
    ),
    "not_atomic": (
        "Chỉ biết có ghi được hay không sau khi đã ghi các báo cáo khác: gửi riêng, hoặc bỏ atomic.",
        "Whether this may be written is known only when other reports have been: send it alone, or without atomic.",
    ),
    "not_one_of": ("Phải là một trong: {choices}.", "This must be one of: {choices}."),
    "not_a_link": (
        "Phải là địa chỉ http:// hoặc https:// đầy đủ, không kèm tên và mật khẩu.",
        "This must be a whole http:// or https:// address, without a user and password.",
    ),
    "empty_text": ("Cần ghi nội dung.", "This must not be empty."),
    "too_many_items": ("Quá {limit} mục.", "There are more than {limit} items."),
    "empty_report": ("Báo cáo không có giá trị nào.", "The report has no value."),
    "reason_required": ("Cần nêu lý do.", "A reason is required."),
    # the request
    "unauthenticated": ("Cần khóa truy cập hợp lệ.", "A valid access key is required."),
    "forbidden_scope": ("Khóa truy cập không có quyền «{scope}».", "The access key lacks the scope '{scope}'."),
    "forbidden_unit": (
        "Khóa truy cập không bao gồm đơn vị «{unit}».",
        "The access key does not cover unit '{unit}'.",
    ),
    "foreign_form": (
        "Biểu mẫu này không được gửi từ trang đang mở, hoặc đã quá hạn. Xin mở lại trang rồi gửi lại.",
        "This form did not come from the page that is open, or is out of date. Open the page again and send it anew.",
    ),
    "invalid_header": ("Tiêu đề {header} không hợp lệ: {detail}.", "The header {header} is not valid: {detail}."),
    "invalid_parameter": (
        "Tham số «{parameter}» không hợp lệ: {detail}.",
        "The parameter '{parameter}' is not valid: {detail}.",
    ),
    "unknown_parameter": (
        "Ở đây không có tham số «{parameter}». Gần nhất: {nearest}.",
        "There is no parameter '{parameter}' here. Nearest: {nearest}.",
    ),
    "too_much": (
        "Truy vấn phải đọc {cells} ô số liệu, quá {limit}. Xin thu hẹp: {narrow}.",
        "This would read {cells} cells, more than {limit}. Narrow it: {narrow}.",
    ),
    "missing_parameter": ("Thiếu tham số «{parameter}».", "The parameter '{parameter}' is missing."),
    "body_too_large": ("Nội dung vượt quá {limit} byte.", "The body is larger than {limit} bytes."),
    "too_many_lines": ("Quá {limit} báo cáo trong một lần gửi.", "More than {limit} reports in one request."),
    "too_many_values": (
        "Quá {limit} giá trị trong một lần gửi.",
        "More than {limit} data values in one request.",
    ),
    "too_deep": ("Dữ liệu lồng nhau quá {limit} cấp.", "The data is nested deeper than {limit} levels."),
    "unsupported_media_type": ("Không hỗ trợ kiểu nội dung «{type}».", "The content type '{type}' is not supported."),
    "not_found": ("Không tìm thấy {what} «{id}».", "There is no {what} '{id}'."),
    "unknown_plan": (
        "Không có kế hoạch «{plan}». Gần nhất: {nearest}.",
        "There is no plan '{plan}'. Nearest: {nearest}.",
    ),
    "unknown_task": (
        "Kế hoạch «{plan}» không có nhiệm vụ «{task}». Gần nhất: {nearest}.",
        "Plan '{plan}' has no task '{task}'. Nearest: {nearest}.",
    ),
    "unknown_indicator": (
        "Không có chỉ tiêu «{indicator}». Gần nhất: {nearest}.",
        "There is no indicator '{indicator}'. Nearest: {nearest}.",
    ),
    "unknown_area": (
        "Không có đơn vị «{area}». Gần nhất: {nearest}.",
        "There is no unit '{area}'. Nearest: {nearest}.",
    ),
    "area_outside_plan": (
        "Đơn vị «{unit}» không thuộc địa bàn «{area}» của kế hoạch «{plan}».",
        "Unit '{unit}' does not lie in '{area}', the area of plan '{plan}'.",
    ),
    "period_not_judged": (
        "Kế hoạch «{plan}» không yêu cầu gì ở kỳ «{period}» tại đây. Gần nhất: {nearest}.",
        "Plan '{plan}' asks for nothing in period '{period}' here. Nearest: {nearest}.",
    ),
    "unknown_target": (
        "Kế hoạch «{plan}» không có mục tiêu «{target}» được đánh giá ở đây. Gần nhất: {nearest}.",
        "Plan '{plan}' has no target '{target}' that is judged here. Nearest: {nearest}.",
    ),
    "target_required": (
        "Cần nêu mục tiêu (target) để sắp xếp: {targets}.",
        "Name the target to sort by: {targets}.",
    ),
    # a question in the manner of DHIS2's analytics
    "missing_data_dimension": (
        "Thiếu dimension=dx:… (phần tử, chỉ tiêu).",
        "At least one data element or indicator is needed: dimension=dx:…",
    ),
    "missing_period_dimension": (
        "Thiếu kỳ: dimension=pe:… hoặc filter=pe:….",
        "At least one period is needed, as dimension=pe:… or filter=pe:….",
    ),
    "repeated_dimension": (
        "Chiều «{dimension}» xuất hiện hai lần.",
        "The dimension '{dimension}' is given more than once.",
    ),
    "unknown_dimension": (
        "Không có chiều «{dimension}»; có: dx, pe, ou, và filter=series.",
        "There is no dimension '{dimension}', only dx, pe, ou, and filter=series.",
    ),
    "unknown_item": (
        "Chiều «{dimension}» không có mục «{item}». Gần nhất: {nearest}.",
        "The dimension '{dimension}' has no item '{item}'. Nearest: {nearest}.",
    ),
    "several_in_filter": (
        "filter={dimension} phải cho đúng một mục, không phải {count}: dùng dimension={dimension}.",
        "filter={dimension} must mean exactly one item, not {count}: make it dimension={dimension}.",
    ),
    "too_many_rows": (
        "Tối đa {limit} dòng, câu hỏi này có {rows}. Thu hẹp: {counts}.",
        "At most {limit} rows, and this asks for {rows}. Narrow {counts}.",
    ),
    "not_acceptable": (
        "Không có dạng «{format}» ở đây; có: {formats}.",
        "The format '{format}' is not to be had here; there are: {formats}.",
    ),
    "method_not_allowed": ("Phương thức không được hỗ trợ ở đây.", "The method is not allowed here."),
    "conflict": (
        "{unmet}; bản sửa đổi hiện hành: {revision}.",
        "{unmet}; current revision: {revision}.",
    ),
    "key_reused": (
        "Idempotency-Key này đã được dùng cho một nội dung khác.",
        "This Idempotency-Key was used before for another content.",
    ),
    # a file
    "unreadable_file": ("Không đọc được tệp «{file}»: {detail}.", "The file '{file}' cannot be read: {detail}."),
    "not_a_template": (
        "Tệp không phải là mẫu báo cáo tải từ hệ thống, hoặc phần ẩn của mẫu đã bị sửa; hãy tải mẫu mới.",
        "This is no report template of ours, or its hidden part was changed: take a new template.",
    ),
    "template_changed": (
        "Mẫu đã bị sửa: ô này không còn ở dòng «{field}»; hãy tải mẫu mới.",
        "The template was changed: this cell no longer stands in the line '{field}'; take a new template.",
    ),
    "formula_in_cell": (
        "Ô này chứa công thức; hãy ghi số.",
        "This cell holds a formula: write the number itself.",
    ),
    "too_many_requests": (
        "Đang xử lý quá nhiều yêu cầu cùng lúc; xin gửi lại sau.",
        "Too many requests are under way at once; send this one again later.",
    ),
    "quota_spent": (
        "Khóa truy cập này được gửi {limit} yêu cầu trong {seconds} giây; hãy gửi lại sau {wait} giây.",
        "This access key may send {limit} requests in {seconds} seconds; send this one again in {wait} seconds.",
    ),
    "unavailable": ("Hệ thống tạm thời chưa nhận được: {detail}.", "The service cannot take this now: {detail}."),
    "internal": ("Lỗi hệ thống; đã được ghi lại.", "Something failed on our side; it has been logged."),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of a workbook ("E12"), or a whole sheet of it."""

    sheet: str
    cell: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (a JSON pointer, RFC 6901, '' for the whole), what, and with which values.

    `place` says where in a workbook, if that is what was sent.
    """

    code: str
    pointer: str = ""
    params: dict[str, object] = field(default_factory=dict)
    place: Place | None = None

    @property
    def vi(self) -> str:
        said = {name: param.vi if isinstance(param, Label) else param for name, param in self.params.items()}
        return MESSAGES[self.code][0].format_map(said)

    @property
    def en(self) -> str:
        said = {name: param.en if isinstance(param, Label) else param for name, param in self.params.items()}
        return MESSAGES[self.code][1].format_map(said)


# What may not be found.
REPORT = Label("báo cáo", "report")
SUBMISSION = Label("lần gửi", "submission")
RESOURCE = Label("địa chỉ", "resource")


def conflict(replaces: int | None, revision: int) -> Problem:
    """What was named (0: that there is no report yet; None: nothing, by a retry) is not the revision in force."""
    unmet = Label(f"Bản sửa đổi {replaces} không phải là bản hiện hành", f"Revision {replaces} is not the current one")
    if not replaces:
        unmet = Label("Đã từng có báo cáo", "There has been a report before")
    current = revision or Label("chưa có", "none")
    return Problem("conflict", "", {"unmet": unmet, "revision": current})


class ChitieuError(Exception):
    """Root of what the system says no to. Carries at least one problem; the first one names the error."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(p.en for p in problems))
        self.problems: Sequence[Problem] = problems

    @classmethod
    def of(cls, code: str, pointer: str = "", **params: object) -> "ChitieuError":
        return cls(Problem(code, pointer, params))


class InvalidReport(ChitieuError):
    """A report that its form refuses; every problem at once."""


class InvalidRequest(ChitieuError):
    """A request that cannot be read."""


class NotFound(ChitieuError):
    """Something named in a request does not exist."""


class Refused(ChitieuError):
    """The caller may not do this."""


class Unavailable(ChitieuError):
    """A dependency is away; the same request may succeed later."""


def not_found(what: Label, id_: str) -> ChitieuError:
    """A NotFound."""
    return NotFound.of("not_found", what=what, id=id_)


def registry_unread() -> ChitieuError:
    """An Unavailable: before the definitions and keys in force are known, nobody is told that something is unknown."""
    return Unavailable.of("unavailable", detail=Label("chưa đọc xong sổ đăng ký", "the registry is not read yet"))


def tasks_unread() -> ChitieuError:
    """An Unavailable: before all of it is read, nobody is told that nothing was said of a task."""
    return Unavailable.of("unavailable", detail=Label("chưa đọc xong các nhiệm vụ", "the tasks are not read yet"))


class Corruption(Exception):
    """Stored state contradicts the log. Never answered, never skipped: the process stops and says so."""
