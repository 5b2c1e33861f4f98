"""What a figure is worth yet. The words for states are the domain's."""

from chitieu.domain.catalogue import Label

TEXTS = {
    "figure.provisional": Label("Sơ bộ", "Provisional"),
    "figure.provisional.why": Label(
        "Còn trong hạn báo cáo: số liệu có thể thay đổi.", "Reports may still come in time."
    ),
    "figure.final": Label("Chính thức", "Final"),
}
