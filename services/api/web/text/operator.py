"""How the system is."""

from chitieu.domain.catalogue import Label

TEXTS = {
    "operator.title": Label("Vận hành hệ thống", "Operation"),
    "operator.ready": Label("Tình trạng", "State"),
    "operator.ready.yes": Label("Sẵn sàng", "Ready"),
    "operator.ready.no": Label("Đang chờ: {names}", "Waiting for: {names}"),
    "operator.counted": Label("Đã cộng đến", "Counted up to"),
    "operator.counted.hint": Label("thời điểm nhận báo cáo mới nhất đã cộng", "when the newest report counted came in"),
    "operator.lag": Label("Còn chờ cộng", "Waiting to be counted"),
    "operator.lag.hint": Label("tin trong nhật ký chưa cộng", "messages in the log not folded yet"),
    "operator.freshness": Label("Độ tươi", "Freshness"),
    "operator.freshness.within": Label("≤ {seconds} giây", "≤ {seconds} s"),
    "operator.freshness.over": Label("hơn {seconds} giây", "over {seconds} s"),
    "operator.freshness.hint": Label(
        "99% số lần thử từ khi nhận đến khi hiện; {canaries} lần, gần nhất {moment}",
        "99% of probes, from receipt to visibility; {canaries} probes, the last at {moment}",
    ),
    "operator.freshness.none": Label("chưa có lần thử nào", "no probe seen yet"),
    "operator.dead": Label("Tin không đọc được", "Dead letters"),
    "operator.dead.hint": Label(
        "từ khi tiến trình này khởi động; xem bằng: {command}", "since this process started; look with: {command}"
    ),
    "operator.dead.reasons": Label("Vì sao không đọc được", "Why they could not be read"),
    "operator.dead.reason": Label("Lý do", "Reason"),
    "operator.dead.messages": Label("Số tin", "Messages"),
    "operator.flushes": Label("Lần ghi bị lỗi", "Failed flushes"),
    "operator.flushes.hint": Label("đã thử ghi lại", "they were tried again"),
    "operator.elsewhere": Label("đo ở tiến trình aggregate", "measured by aggregate"),
    "operator.elsewhere.hint": Label(
        "xem /metrics của tiến trình đó hoặc bảng theo dõi", "see that process's /metrics, or the dashboard"
    ),
    "operator.partitions": Label("Từng phần của nhật ký", "The log, partition by partition"),
    "operator.partition": Label("Phần", "Partition"),
    "operator.position": Label("Vị trí đọc tiếp", "Position read next"),
    "operator.waiting": Label("Tin còn chờ", "Waiting"),
    "operator.age": Label("Chậm (giây)", "Behind (s)"),
    "operator.moved": Label("Tiến lên lúc", "Last moved"),
    "operator.versions": Label("Phiên bản", "Versions"),
    "operator.release": Label("Bộ định nghĩa", "Definitions"),
    "operator.release.plans": Label(
        "{plans} kế hoạch, {forms} biểu mẫu, {units} đơn vị", "{plans} plans, {forms} forms, {units} units"
    ),
    "operator.keys": Label("Khóa đang dùng", "Keys in force"),
    "operator.links": Label("Số đo cho máy theo dõi", "For monitoring"),
    "operator.link.metrics": Label("Số đo (Prometheus)", "Metrics (Prometheus)"),
    "operator.link.ready": Label("Sẵn sàng hay chưa", "Readiness"),
    "operator.link.live": Label("Còn chạy hay không", "Liveness"),
}
