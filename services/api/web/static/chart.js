// Draws the charts of a page, and of what comes into it: from the numbers that stand with each of them. The library is
// fetched when the first chart is there, so that a page whose charts nobody opens does without it.
(function () {
  "use strict";

  var HEIGHT = 260;
  var INK = "#1a2430", ACTUAL = "#0b4f86", SOFT = "#556170", GRID = "#e6eaef", RANGE = "#8f4a00";
  var FONT = '12px "Be Vietnam Pro", "Segoe UI", "Noto Sans", Arial, sans-serif';
  var LINES = ["actual", "few", "path", "bound", "low", "high"], LOW = 1 + LINES.indexOf("low");
  var library, drawn = new WeakMap();
  var sizes = new ResizeObserver(function (some) {
    some.forEach(function (one) {
      if (one.target.clientWidth) drawn.get(one.target).setSize({ width: one.target.clientWidth, height: HEIGHT });
    });
  });

  function begin(root) {
    Array.prototype.forEach.call(root.querySelectorAll("[data-chart]:empty"), function (place) {
      fetched(place).then(function () { if (!place.firstChild) draw(place); });
    });
  }

  function fetched(place) {
    library = library || new Promise(function (done, failed) {
      var style = document.createElement("link"), script = document.createElement("script");
      style.rel = "stylesheet";
      style.href = place.dataset.style;
      script.src = place.dataset.draws;
      script.onload = done;
      script.onerror = failed;
      document.head.appendChild(style);
      document.head.appendChild(script);
    });
    return library;
  }

  function draw(place) {
    var told = JSON.parse(place.dataset.chart);
    var data = [told.at.map(function (_, at) { return at; })].concat(
      LINES.map(function (line) { return told[line].map(number); }));
    var chart = new window.uPlot(options(told, place), data, place);
    drawn.set(place, chart);
    sizes.observe(place);
  }

  function drawAgain(place) {
    if (!drawn.has(place)) return;
    drawn.get(place).destroy();
    draw(place);
  }

  function number(text) { return text === null ? null : Number(text); }

  function options(told, place) {
    var last = told.at.length - 1;
    return {
      width: place.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-0.4, last + 0.4] }, y: { range: room } },
      axes: [axis({ incrs: [1, 2, 3, 4, 6, 12], space: 64, grid: { show: false }, values: function (_, some) {
        return some.map(function (at) { return told.at[at] || ""; });
      } }), axis({ size: 64, values: function (_, some) {
        return some.map(function (value) { return written(value, told.percent); });
      } })],
      series: [{}, line({ stroke: ACTUAL, width: 2.5, points: { show: true, size: 8, fill: ACTUAL } }),
        line({ stroke: ACTUAL, paths: nothing, points: { show: true, size: 9, width: 2, fill: "#fff" } }),
        line({ stroke: SOFT, dash: [6, 4], spanGaps: true }), line({ stroke: INK, width: 1.5 }), hidden(), hidden()],
      hooks: { draw: [function (chart) { ranges(chart, told.beyond); }] }
    };
  }

  function axis(more) { return Object.assign({ stroke: SOFT, font: FONT, grid: { stroke: GRID }, ticks: { show: false } }, more); }

  function line(more) { return Object.assign({ width: 2, points: { show: false } }, more); }

  // Counts towards the height of the scale; drawn by `ranges`.
  function hidden() { return line({ paths: nothing }); }

  function nothing() { return null; }

  // Some air above and below; no less than 0, since nothing counted is.
  function room(_, least, most) {
    var air = (most - least) * 0.1 || 1;
    return [Math.max(least - air, Math.min(least, 0)), most + air];
  }

  function written(value, percent) {
    if (percent && value > 100) return "";
    return value.toLocaleString(document.documentElement.lang) + (percent ? "%" : "");
  }

  // An arrow instead of an end where the range goes on above the chart.
  function ranges(chart, beyond) {
    var on = chart.ctx, ratio = window.devicePixelRatio || 1, half = 6 * ratio;
    on.save();
    on.strokeStyle = RANGE;
    on.lineWidth = 2 * ratio;
    on.beginPath();
    chart.data[LOW].forEach(function (low, at) {
      if (low === null) return;
      var x = chart.valToPos(at, "x", true);
      var from = chart.valToPos(low, "y", true), to = chart.valToPos(chart.data[LOW + 1][at], "y", true);
      on.moveTo(x, from);
      on.lineTo(x, to);
      on.moveTo(x - half, from);
      on.lineTo(x + half, from);
      var tip = beyond[at] ? half : 0;
      on.moveTo(x - half, to + tip);
      on.lineTo(x, to);
      on.lineTo(x + half, to + tip);
    });
    on.stroke();
    on.restore();
  }

  document.addEventListener("DOMContentLoaded", function () { begin(document); });
  document.addEventListener("htmx:afterSettle", function () { begin(document); });
  document.addEventListener("chart:changed", function (event) { drawAgain(event.target); });
  // On paper there is nothing to open.
  window.addEventListener("beforeprint", function () {
    Array.prototype.forEach.call(document.querySelectorAll(".as-table"), function (one) { one.open = true; });
  });
})();
