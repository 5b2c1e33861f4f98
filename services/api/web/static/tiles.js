// Arrow keys go from a tile of the map to the nearest one in that direction, Home and End to the first and the last. Tiles
// stay plain links: Tab goes through them as through any others.
(function () {
  "use strict";

  var WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function middle(tile) {
    var box = tile.getBoundingClientRect();
    return { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, width: box.width, height: box.height };
  }

  // The nearest that lies that way: how far along it, and twice how far aside.
  function nearest(tiles, from, way) {
    var here = middle(from), found = null, least = Infinity;
    tiles.forEach(function (tile) {
      var there = middle(tile), x = (there.x - here.x) / here.width, y = (there.y - here.y) / here.height;
      var along = x * way[0] + y * way[1], aside = Math.abs(x * way[1]) + Math.abs(y * way[0]);
      if (along > 0.5 && along + 2 * aside < least) {
        least = along + 2 * aside;
        found = tile;
      }
    });
    return found;
  }

  document.addEventListener("keydown", function (event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    var from = event.target.closest && event.target.closest("a.tile");
    if (!from) return;
    var tiles = Array.prototype.slice.call(document.querySelectorAll("a.tile"));
    var to = event.key === "Home" ? tiles[0] : event.key === "End" ? tiles[tiles.length - 1]
      : WAYS[event.key] ? nearest(tiles, from, WAYS[event.key]) : null;
    if (!to && !WAYS[event.key]) return;
    event.preventDefault();
    if (to) to.focus();
  });
})();
