"""Who has reported, and the text to send to those who have not."""

from chitieu.domain.catalogue import Label

TEXTS = {
    "rounds.open": Label("Các kỳ gần đây, theo từng biểu mẫu", "The last periods, form by form"),
    "rounds.title": Label("Nộp báo cáo qua các kỳ", "Reports period by period"),
    "rounds.heading": Label("{area}: biểu mẫu × kỳ", "{area}: forms × periods"),
    "rounds.hint": Label(
        "Mỗi ô là số báo cáo đã nhận trên số phải nộp; chọn ô để xem từng đơn vị.",
        "Each cell has the reports received of those that are due; choose one to see every unit.",
    ),
    "rounds.late": Label("{number} quá hạn", "{number} late"),
    "rounds.missing": Label("{number} chưa nộp", "{number} missing"),
    "rounds.not_asked": Label("kỳ này không yêu cầu", "not asked for in this period"),
    "duties.title": Label("Ai chưa báo cáo", "Who has not reported"),
    "duties.title_of": Label("Ai chưa báo cáo: {area}", "Who has not reported: {area}"),
    "duties.nothing": Label(
        "Không kế hoạch nào đang giao báo cáo nộp qua hệ thống này.",
        "No plan asks for reports that are received here.",
    ),
    "duties.none_here": Label(
        "Kỳ này kế hoạch không giao báo cáo nào ở đây.", "The plan asks for no report here in this period."
    ),
    "duties.form": Label("Biểu mẫu", "Form"),
    "duties.every_form": Label("Tất cả biểu mẫu", "All forms"),
    "duties.by_duty": Label("Từng loại báo cáo", "Report by report"),
    "duties.to": Label("Gửi đến: {to}", "Sent to: {to}"),
    "duties.last_day": Label("Hạn cuối {day}", "Last day {day}"),
    "duties.no_deadline": Label("Không nêu thời hạn", "No last day named"),
    "duties.complete": Label("đã nhận đủ", "all received"),
    "duties.awaited": Label("còn chờ {number} đơn vị", "{number} still awaited"),
    "duties.today": Label("hôm nay là hạn cuối", "today is the last day"),
    "duties.left.one": Label("còn {days} ngày", "{days} day left"),
    "duties.left.many": Label("còn {days} ngày", "{days} days left"),
    "duties.over.one": Label("đã quá {days} ngày", "{days} day overdue"),
    "duties.over.many": Label("đã quá {days} ngày", "{days} days overdue"),
    "duties.late_by.one": Label("muộn {days} ngày", "{days} day late"),
    "duties.late_by.many": Label("muộn {days} ngày", "{days} days late"),
    "duties.sent": Label("Đã gửi {received}/{units}", "{received} of {units} sent"),
    "duties.by_area": Label("Theo địa bàn, nơi gửi ít nhất ở trên", "By area, those that sent least first"),
    "duties.by_area.area": Label("Địa bàn", "Area"),
    "duties.by_area.hint": Label(
        "Mỗi ô: số đơn vị đã gửi / số đơn vị phải gửi.", "In each cell: units that have sent it / units that must."
    ),
    "duties.list": Label("Danh sách đơn vị", "Units"),
    "duties.pick.not_sent": Label("Chưa gửi", "Not sent"),
    "duties.pick.late": Label("Quá hạn", "Late"),
    "duties.pick.received": Label("Đã gửi", "Sent"),
    "duties.pick.all": Label("Tất cả", "All"),
    "duties.unit": Label("Đơn vị", "Unit"),
    "duties.report": Label("Báo cáo", "Report"),
    "duties.state": Label("Tình trạng", "State"),
    "duties.days": Label("Còn, đã quá", "Left or over"),
    "duties.received_on": Label("Ngày nhận", "Received on"),
    "duties.contact": Label("Liên hệ qua", "Ask through"),
    "duties.retracted": Label("đã gửi rồi rút lại", "sent and taken back"),
    "duties.empty": Label("Không có đơn vị nào.", "There are none."),
    "duties.more": Label("Xem tiếp", "Show more"),
    "duties.first": Label("Về đầu danh sách", "Back to the beginning"),
    "duties.export": Label("Tải danh sách này", "Download this list"),
    "duties.export.csv": Label("CSV", "CSV"),
    "duties.export.xlsx": Label("Excel", "Excel"),
    "duties.untracked": Label(
        "Kế hoạch còn giao {number} việc báo cáo không nộp qua hệ thống: {names}",
        "The plan has {number} more reporting duties that nothing is received for here: {names}",
    ),
    "duties.as_of": Label("Đã nhận đến {moment}", "Received up to {moment}"),
    "reminder.title": Label("Lời nhắc gửi các đơn vị chưa báo cáo", "A text to those who have not reported"),
    "reminder.hint": Label(
        "Chép nội dung vào thư, Zalo hoặc văn bản; sửa tùy ý trước khi gửi.",
        "Copy it into a letter or a message; change it as you like before sending.",
    ),
    "reminder.text": Label("Nội dung: {subject}", "Text: {subject}"),
    "reminder.copy": Label("Chép nội dung", "Copy the text"),
    "reminder.copied": Label("Đã chép", "Copied"),
    "reminder.mail": Label("Mở thư điện tử", "Open as e-mail"),
    "reminder.subject": Label("Nhắc gửi: {what}, {period}", "Reminder: {what}, {period}"),
    "reminder.over": Label(
        "Đến ngày {today}, còn {number} đơn vị chưa gửi «{what}» kỳ «{period}» (hạn cuối {last_day}, {days}). "
        "Nơi nhận: {to}.",
        "As of {today}, units that have not sent “{what}” for {period}: {number} (last day {last_day}, {days}). "
        "It goes to: {to}.",
    ),
    "reminder.left": Label(
        "Báo cáo «{what}» kỳ «{period}» có hạn cuối {last_day} ({days}); đến ngày {today} còn {number} đơn vị chưa "
        "gửi. Nơi nhận: {to}.",
        "“{what}” for {period} is due by {last_day} ({days}); units that have not sent it as of {today}: {number}. "
        "It goes to: {to}.",
    ),
    "reminder.none": Label(
        "Đến ngày {today}, còn {number} đơn vị chưa gửi «{what}» kỳ «{period}». Nơi nhận: {to}.",
        "As of {today}, units that have not sent “{what}” for {period}: {number}. It goes to: {to}.",
    ),
    "reminder.area": Label("– {area}: {number} đơn vị", "– {area}: {number}"),
    "reminder.please": Label("Đề nghị các đơn vị sớm gửi báo cáo.", "Please send it soon."),
    "reminder.done": Label("Đơn vị đã gửi xin bỏ qua lời nhắc này.", "If you have sent it since, never mind this."),
}
