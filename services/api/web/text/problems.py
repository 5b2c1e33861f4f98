"""What to do about a problem, by its kind. What is wrong is said by the problem itself."""

from chitieu.domain.catalogue import Label

TEXTS = {
    "problem.title.address": Label("Địa chỉ chưa đúng", "Something in the address is not right"),
    "problem.title.refused": Label("Không có quyền xem", "This is not open to you"),
    "problem.title.missing": Label("Không tìm thấy", "Not found"),
    "problem.title.content": Label("Nội dung gửi lên chưa đúng", "What was sent is not right"),
    "problem.title.later": Label("Xin thử lại sau ít giây", "Please try again in a moment"),
    "problem.title.ours": Label("Hệ thống gặp lỗi", "Something failed on our side"),
    "problem.do.address": Label(
        "Xin kiểm tra lại địa chỉ, hoặc bắt đầu lại từ trang đầu.",
        "Check the address, or start again from the first page.",
    ),
    "problem.do.refused": Label(
        "Xin đăng nhập bằng khóa khác, hoặc hỏi người đã cấp khóa về quyền của khóa này.",
        "Sign in with another key, or ask whoever gave you this one what it is for.",
    ),
    "problem.do.missing": Label(
        "Có thể đơn vị đã sáp nhập hoặc đổi mã, hoặc địa chỉ bị thiếu. Xin tìm lại từ trang đầu.",
        "The unit may have been merged or got another code, or the address is cut. Look for it from the first page.",
    ),
    "problem.do.content": Label("Xin quay lại, sửa và gửi lại.", "Go back, correct it and send it again."),
    "problem.do.later": Label(
        "Dữ liệu vẫn an toàn. Trang sẽ hiện ra ngay khi hệ thống sẵn sàng.",
        "Nothing is lost. The page will be there as soon as the system is ready.",
    ),
    "problem.do.ours": Label(
        "Lỗi đã được ghi lại. Nếu gặp lại, xin báo người quản trị kèm thời điểm này: {when}.",
        "It has been logged. If it happens again, tell whoever runs the system, with this time: {when}.",
    ),
    "problem.again": Label("Thử lại", "Try again"),
    "problem.home": Label("Về trang đầu", "To the first page"),
    "problem.back_to_sign_in": Label("Đăng nhập bằng khóa khác", "Sign in with another key"),
}
