"""The map and the matrix."""

from chitieu.domain.catalogue import Label

TEXTS = {
    "map.title": Label("Bản đồ và bảng so sánh", "Map and matrix"),
    "map.title_of": Label("So sánh các đơn vị: {area}", "Units side by side: {area}"),
    "map.nothing": Label("Chưa có kế hoạch nào có chỉ tiêu.", "No plan has a target yet."),
    "map.target": Label("Chỉ tiêu", "Target"),
    "map.states": Label("Số đơn vị theo tình trạng", "Units by state"),
    "map.provinces": Label("Bản đồ các tỉnh, thành phố", "Map of the provinces"),
    "map.hint": Label(
        "Mỗi ô là một tỉnh, thành phố, xếp theo vị trí; chọn ô để xem các đơn vị trong tỉnh. Số liệu của Hoàng Sa nằm "
        "trong thành phố Đà Nẵng, của Trường Sa nằm trong tỉnh Khánh Hòa.",
        "Each tile is a province in its place; choose one to see the units in it. Figures of Hoàng Sa (the Paracel "
        "Islands) are part of Đà Nẵng's, those of Trường Sa (the Spratly Islands) of Khánh Hòa's.",
    ),
    "map.keys": Label(
        "Dùng các phím mũi tên để đi giữa các ô; bảng bên cạnh có cùng số liệu.",
        "Arrow keys go from tile to tile; the table beside it says the same.",
    ),
    "map.skip": Label("Bỏ qua bản đồ, đến bảng", "Skip the map to the table"),
    "map.tile": Label("{name}: {state}, {value}", "{name}: {state}, {value}"),
    "map.tile.not_judged": Label("{name}: không đánh giá ở kỳ này", "{name}: not judged in this period"),
    "map.islands": Label("Quần đảo {name}", "{name} islands"),
    "map.matrix": Label("Đơn vị × chỉ tiêu ({number} đơn vị)", "Units × targets ({number} units)"),
    "map.order": Label(
        "Xếp theo phần thiếu ở «{target}», nhiều nhất ở trên; chọn tên chỉ tiêu ở đầu cột để xếp lại.",
        "In the order of what each lacks in “{target}”, the most first; choose another at the head of its column.",
    ),
    "map.area": Label("Đơn vị", "Unit"),
    "map.none_below": Label(
        "Không có đơn vị trực thuộc nào được đánh giá ở kỳ này.", "No unit below is judged in this period."
    ),
    "map.to_area": Label("Trang của {area}", "Page of {area}"),
}
