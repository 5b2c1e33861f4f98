// Keeps the figures of a page up to date: listens to what changes (server-sent events), fetches the part of the page
// again, and marks what is not as it was. Events carry no figures, so there is nothing to compute here.
(function () {
  "use strict";

  var PAUSE = 1000; // between two fetches, however much comes in
  var AGAIN = 5000; // until the next try, after the server has refused a stream
  var MARKED = 60000;

  var figures, stream, lastId, timer, wanted, busy;

  function begin() {
    figures = document.getElementById("figures");
    if (!figures || !figures.dataset.changes || !window.EventSource) return;
    lastId = figures.dataset.since;
    // While the part is exchanged the browser would hold on to what stands below it.
    var height = 0;
    figures.addEventListener("htmx:beforeSwap", function () { height = window.scrollY; });
    figures.addEventListener("htmx:afterSwap", function () { window.scrollTo(0, height); });
    document.addEventListener("visibilitychange", turn);
    window.addEventListener("pagehide", close);
    turn();
  }

  // A page in the background holds no connection: browsers have few for each site.
  function turn() {
    if (document.hidden) close();
    else if (!stream) open();
  }

  function open() {
    stream = new EventSource(figures.dataset.changes + "&lastEventId=" + encodeURIComponent(lastId));
    stream.onopen = function () { say("on"); };
    stream.onerror = function () {
      say("off");
      if (stream.readyState !== EventSource.CLOSED) return;
      close();
      setTimeout(turn, AGAIN);
    };
    stream.addEventListener("figure", function (event) { heard(event, here(JSON.parse(event.data).changed)); });
    stream.addEventListener("state", function (event) { heard(event, true); });
    stream.addEventListener("obligation", function (event) { heard(event, true); });
    stream.addEventListener("start", function (event) { heard(event, true); });
    stream.addEventListener("reset", function (event) { heard(event, true); });
  }

  function close() {
    if (stream) stream.close();
    stream = null;
  }

  // A change below an area is a change of the area.
  function here(changed) {
    return changed.some(function (one) { return !one.areas || one.areas.indexOf(figures.dataset.area) >= 0; });
  }

  function heard(event, concerns) {
    lastId = event.lastEventId;
    if (concerns) wanted = true;
    if (wanted && !timer && !busy) timer = setTimeout(fetchAgain, 50);
  }

  function fetchAgain() {
    timer = null;
    wanted = false;
    busy = true;
    var before = told(), open = opened();
    window.htmx.ajax("GET", location.pathname + location.search, { target: "#figures", swap: "innerHTML" }).then(function () {
      open.forEach(function (id) { var one = document.getElementById(id); if (one) one.open = true; });
      mark(before);
    }).catch(function () { wanted = true; }).then(function () {
      setTimeout(function () {
        busy = false;
        if (wanted) fetchAgain();
      }, PAUSE);
    });
  }

  function watched() {
    return Array.prototype.slice.call(figures.querySelectorAll("[data-watch]"));
  }

  function told() {
    var found = {};
    watched().forEach(function (one) { found[one.dataset.watch] = one.dataset.told; });
    return found;
  }

  function opened() {
    return Array.prototype.map.call(figures.querySelectorAll("details[open][id]"), function (one) { return one.id; });
  }

  function mark(before) {
    var said = document.getElementById("as-of").dataset;
    var changed = watched().filter(function (one) { return before[one.dataset.watch] !== one.dataset.told; });
    changed.forEach(function (one) { markOne(one, said.fresh); });
    if (changed.length) document.getElementById("news").textContent = said.news;
  }

  function markOne(one, word) {
    var fresh = document.createElement("span");
    fresh.className = "fresh";
    fresh.textContent = word;
    one.querySelector(".value").appendChild(fresh);
    one.classList.add("changed");
    setTimeout(function () {
      one.classList.remove("changed");
      fresh.remove();
    }, MARKED);
  }

  function say(state) { document.documentElement.dataset.live = state; }

  document.addEventListener("DOMContentLoaded", begin);
})();
