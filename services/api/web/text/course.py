"""How a target's figures have moved, what is sure of them, and its chart."""

from chitieu.domain.catalogue import Label

TEXTS = {
    "change.more": Label("Tăng {amount} so với {period}", "Up {amount} on {period}"),
    "change.less": Label("Giảm {amount} so với {period}", "Down {amount} on {period}"),
    "change.none": Label("Không đổi so với {period}", "Unchanged from {period}"),
    "change.withheld": Label("So với {period}: không hiển thị", "Against {period}: withheld"),
    "change.points": Label("{number} điểm %", "{number} points"),
    "certain.met": Label("Đạt dù các đơn vị còn lại báo cáo thế nào", "Met whatever the others report"),
    "certain.not_met": Label("Không đạt dù các đơn vị còn lại báo cáo thế nào", "Not met whatever the others report"),
    "certain.range": Label("Còn có thể từ {low} đến {high}", "May still become {low} to {high}"),
    "corrected.once": Label("Báo cáo muộn hoặc đính chính lúc {moment}", "Reported late or corrected {moment}"),
    "corrected.often": Label(
        "{number} báo cáo muộn hoặc đính chính, gần nhất lúc {moment}",
        "{number} late reports or corrections, last {moment}",
    ),
    "corrected.what": Label("Thay đổi sau khi số liệu đã chính thức.", "Changes after the figure was final."),
    "corrected.unit": Label("({unit}).", "({unit})."),
    "corrected.reason": Label("Lý do: {reason}", "Reason: {reason}"),
    "course.open": Label("Diễn biến qua các kỳ", "Over time"),
    "course.page": Label("Xem biểu đồ và bảng số liệu", "See the chart and its table"),
    "course.back": Label("Về {unit}", "Back to {unit}"),
    "course.nothing": Label("Chưa có số liệu của kỳ nào để vẽ.", "There are no figures of any period to draw yet."),
    "course.figure": Label("Biểu đồ: {target}, {unit}.", "Chart: {target}, {unit}."),
    "course.one": Label("{period}: {value}.", "{period}: {value}."),
    "course.from_to": Label(
        "Từ {first} ({from_value}) đến {last} ({to_value}).", "From {first} ({from_value}) to {last} ({to_value})."
    ),
    "course.promised": Label("Phải đạt {bound}.", "Promised: {bound}."),
    "course.range": Label(
        "Vạch đứng: giá trị còn có thể nhận khi các đơn vị còn lại báo cáo; mũi tên: còn có thể cao hơn nữa.",
        "Upright strokes: what the value may still become when the others report; with an arrow, even more.",
    ),
    "course.at_least": Label("ít nhất {low}", "at least {low}"),
    "course.table": Label("Bảng số liệu của biểu đồ", "The chart as a table"),
    "course.period": Label("Kỳ", "Period"),
    "course.actual": Label("Thực hiện", "Actual"),
    "course.few": Label("Chưa đủ báo cáo để đánh giá", "Too few reports to judge by"),
    "course.path": Label("Lộ trình", "Path"),
    "course.bound": Label("Mức phải đạt", "Bound"),
    "course.possible": Label("Còn có thể", "May still become"),
    "course.state": Label("Tình trạng", "State"),
    "course.coverage": Label("Đã báo cáo", "Reported"),
}
