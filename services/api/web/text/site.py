"""What stands around every page, the first page, and signing in."""

from chitieu.domain.catalogue import Label

TEXTS = {
    "site.name": Label("Theo dõi chỉ tiêu", "Target tracker"),
    "site.skip": Label("Đến nội dung chính", "Skip to main content"),
    "site.sections": Label("Các trang", "Sections"),
    "site.home": Label("Trang đầu", "Home"),
    "site.obligations": Label("Ai chưa báo cáo", "Who has not reported"),
    "site.map": Label("Bản đồ", "Map"),
    "site.operator": Label("Vận hành", "Operation"),
    "site.release": Label("Bộ định nghĩa số {number}", "Definitions no. {number}"),
    "site.api": Label("Dành cho lập trình viên: API", "For programmers: the API"),
    "site.time": Label("Giờ Việt Nam", "Time in Viet Nam"),
    "choices.plan": Label("Kế hoạch", "Plan"),
    "sign_in.title": Label("Đăng nhập", "Sign in"),
    "sign_in.intro": Label(
        "Xem tiến độ từng chỉ tiêu đến tận xã, phường; biết đơn vị nào chưa báo cáo.",
        "See every target's progress down to the commune, and who has not reported.",
    ),
    "sign_in.key": Label("Khóa truy cập", "Access key"),
    "sign_in.hint": Label(
        "Khóa bắt đầu bằng «ck_», do người quản trị hệ thống cấp cho đơn vị. Xin dán nguyên cả khóa.",
        "It begins with 'ck_' and comes from whoever runs the system. Paste all of it.",
    ),
    "sign_in.submit": Label("Đăng nhập", "Sign in"),
    "sign_in.wrong": Label(
        "Khóa này không đúng, hoặc đã bị thu hồi. Xin sao chép lại cả khóa, hoặc hỏi người đã cấp khóa.",
        "This key is not right, or was revoked. Copy all of it again, or ask whoever gave it to you.",
    ),
    "sign_in.ended": Label(
        "Phiên làm việc đã hết hoặc khóa đã bị thu hồi. Xin đăng nhập lại.",
        "Your session has ended, or the key was revoked. Please sign in again.",
    ),
    "sign_out": Label("Đăng xuất", "Sign out"),
    "home.where": Label("Xem địa bàn nào?", "Which area?"),
    "home.search": Label("Tìm tỉnh, huyện, xã, trường, cơ quan", "Find a province, district, commune, school, office"),
    "home.search.hint": Label(
        "Gõ một phần tên, không cần dấu («lang son»), hoặc mã đơn vị.",
        "Type part of its name, without marks if you like ('lang son'), or its code.",
    ),
    "home.search.submit": Label("Tìm", "Find"),
    "home.search.nothing": Label(
        "Không có đơn vị nào đang hoạt động khớp với «{q}».", "No unit in force matches '{q}'."
    ),
    "home.own": Label("Xem {unit}", "Show {unit}"),
    "home.title": Label("Chương trình, kế hoạch", "Programmes and plans"),
    "home.area": Label("Địa bàn", "Area"),
    "home.number": Label("Số, ký hiệu", "Number"),
    "home.years": Label("Thời gian", "Years"),
    "home.targets": Label("Số chỉ tiêu", "Targets"),
    "home.plan": Label("Kế hoạch", "Plan"),
    "home.none": Label("Chưa có kế hoạch nào có hiệu lực.", "No plan is in force yet."),
}
