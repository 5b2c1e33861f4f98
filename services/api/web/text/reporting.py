"""Filling a report in, what became of it, and what a unit owes."""

from chitieu.domain.catalogue import Label

TEXTS = {
    "reporting.section": Label("Báo cáo", "Reports"),
    "reporting.path": Label("Đường dẫn", "Where you are"),
    "reporting.days": Label("Số liệu từ {first} đến hết {last}.", "Figures from {first} to {last}."),
    "reporting.due": Label("Hạn nộp: {day}.", "Due by {day}."),
    "reporting.how": Label(
        "Ghi 0 nếu không có; để trống nếu chưa có số liệu. Số lẻ dùng dấu phẩy: 12,5.",
        "Write 0 if there is none; leave empty what you do not know. Decimals follow a comma: 12,5.",
    ),
    "reporting.read_only": Label(
        "Khóa đang dùng chỉ xem được báo cáo này.", "The key you signed in with only reads this report."
    ),
    "reporting.unseen": Label(
        "Khóa đang dùng không xem được báo cáo đã gửi, nên biểu mẫu để trống.",
        "The key you signed in with does not read reports, so the form is empty.",
    ),
    "reporting.form": Label("Số liệu", "Figures"),
    "reporting.value": Label("Kỳ này", "This period"),
    "reporting.total": Label("Cộng", "Total"),
    "reporting.not_applicable": Label("Không áp dụng", "Not applicable"),
    "reporting.problems.one": Label("Có một chỗ cần sửa", "One thing to correct"),
    "reporting.problems.many": Label("Có {count} chỗ cần sửa", "{count} things to correct"),
    "reporting.right": Label("Số liệu hợp lệ, có thể gửi.", "All of it is right: ready to be sent."),
    "reporting.send": Label("Gửi báo cáo", "Send the report"),
    "reporting.correct": Label("Gửi bản sửa", "Send the correction"),
    "reporting.check": Label("Kiểm tra", "Check"),
    "reporting.draft.kept": Label(
        "Bản nháp được giữ trên máy này cho đến khi gửi.", "A draft is kept in this browser until you send."
    ),
    "reporting.draft.restored": Label("Đã điền lại bản nháp chưa gửi.", "Your draft, not sent yet, is filled in."),
    "reporting.draft.discard": Label("Bỏ bản nháp", "Discard the draft"),
    "reporting.outcome.pending": Label("Đã nhận báo cáo, đang tính vào số liệu …", "Accepted. It is being counted …"),
    "reporting.outcome.accepted": Label(
        "Đã tính vào số liệu: bản số {revision}, lúc {moment}.", "Counted: revision {revision}, at {moment}."
    ),
    "reporting.outcome.unchanged": Label(
        "Đã nhận. Giống hệt bản số {revision} đang có, nên không có gì thay đổi.",
        "Accepted. It says the same as revision {revision}, so nothing changes.",
    ),
    "reporting.outcome.duplicate": Label(
        "Lần gửi này đã được tính trước đó: bản số {revision}.",
        "This was sent before, and counted: revision {revision}.",
    ),
    "reporting.outcome.retracted": Label(
        "Đã rút báo cáo lúc {moment}. Đơn vị được coi là chưa báo cáo.",
        "The report was taken back at {moment}. The unit counts as not having reported.",
    ),
    "reporting.outcome.moved": Label(
        "Báo cáo đã được chuyển theo đơn vị.", "The report was moved along with its unit."
    ),
    "reporting.outcome.conflict": Label(
        "Không tính: trong lúc đó đã có bản khác, nay là bản số {revision}. Xin xem lịch sử rồi gửi lại.",
        "Not counted: meanwhile there was another one, now revision {revision}. See the history, then send anew.",
    ),
    "reporting.outcome.key_reused": Label(
        "Không tính: lần gửi này trùng mã với một nội dung khác. Xin gửi lại.",
        "Not counted: this was sent under the name of another content. Please send it anew.",
    ),
    "reporting.history": Label("Lịch sử", "History"),
    "reporting.history.none": Label("Chưa có báo cáo nào.", "Nothing was reported yet."),
    "reporting.revision": Label("Bản số {revision}", "Revision {revision}"),
    "reporting.revision.first": Label("báo cáo lần đầu", "first report"),
    "reporting.revision.corrected": Label("sửa", "corrected"),
    "reporting.revision.retracted": Label("rút", "taken back"),
    "reporting.by": Label("{moment}, khóa {author}", "{moment}, key {author}"),
    "reporting.reason_was": Label("Lý do: {reason}", "Reason: {reason}"),
    "reporting.changes": Label("Thay đổi ({count})", "Changes ({count})"),
    "reporting.no_changes": Label("Không thấy số liệu nào thay đổi.", "No figure is seen to change."),
    "reporting.field": Label("Nội dung", "Item"),
    "reporting.was": Label("Trước", "Before"),
    "reporting.is": Label("Sau", "After"),
    "reporting.retract": Label("Rút báo cáo", "Take the report back"),
    "reporting.retract.what": Label(
        "Sau khi rút, đơn vị được coi là chưa báo cáo cho đến khi gửi lại. Lịch sử vẫn còn.",
        "Until it reports again, the unit counts as not having reported. The history stays.",
    ),
    "reporting.retract.reason": Label("Lý do rút", "Reason"),
    "excel.title": Label("Bằng Excel", "With Excel"),
    "excel.take": Label("Tải mẫu của báo cáo này", "Take this report's template"),
    "excel.file": Label("Tệp đã điền (.xlsx)", "Filled template (.xlsx)"),
    "excel.send": Label("Kiểm tra và gửi tệp", "Check and send the file"),
    "excel.how": Label(
        "Nếu có ô sai thì không trang nào được gửi.", "If a cell is wrong, no sheet of the file is sent."
    ),
    "excel.busy": Label("Đang gửi …", "Sending …"),
    "excel.failed": Label("Chưa gửi được tệp. Xin thử lại.", "The file could not be sent. Please try again."),
    "excel.refused": Label("Chưa gửi: có {count} chỗ cần sửa", "Not sent: {count} things to correct"),
    "excel.sheet": Label("Trang", "Sheet"),
    "excel.cell": Label("Ô", "Cell"),
    "excel.problem": Label("Cần sửa", "To correct"),
    "excel.whole_sheet": Label("cả trang", "whole sheet"),
    "excel.whole_file": Label("cả tệp", "whole file"),
    "excel.sent": Label("Đã nhận {count} báo cáo", "{count} reports accepted"),
    "excel.see": Label("Xem báo cáo", "See the report"),
    "excel.not_now": Label("chưa nhận được, xin gửi lại tệp", "not taken: send the file again"),
    "owed.title": Label("Báo cáo phải nộp", "Reports to send"),
    "owed.period": Label("Kỳ", "Period"),
    "owed.last_day": Label("Hạn nộp", "Due by"),
    "owed.state": Label("Tình trạng", "State"),
    "owed.received": Label("nhận {day}", "received {day}"),
    "owed.none": Label("Đơn vị này không phải lập báo cáo nào.", "Nothing is asked of this unit itself."),
    "owed.below": Label("Đơn vị trực thuộc", "Units below"),
    "owed.find": Label("Mã đơn vị", "Unit code"),
    "owed.show": Label("Xem", "Show"),
}
