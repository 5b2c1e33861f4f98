// Keeps the figures of a page up to date: listens to what changes (server-sent events), fetches the part of the page
// again, and marks what is not as it was. Events carry no figures, so there is nothing to compute here.
(function () {
  "use strict";

  var PAUSE = 1000; // between two fetches, however much comes in
  var AGAIN = 5000; // until the next try, after the server has refused a stream
  var MARKED = 60000;

  var figures, stream, lastId, timer, wanted, busy, marked = {};

  function begin() {
    figures = document.getElementById("figures");
    if (!figures || !figures.dataset.changes || !window.EventSource) return;
    lastId = figures.dataset.since;
    Object.assign(window.Idiomorph.defaults.callbacks, { beforeAttributeUpdated: settles, beforeNodeMorphed: replaces });
    document.addEventListener("visibilitychange", turn);
    window.addEventListener("pagehide", close);
    turn();
  }

  // What is open stays open: that is the reader's to say.
  function settles(name) { return name !== "open"; }

  // What is not the part's: a fetched course (see `charts`), and what a chart has drawn.
  function replaces(here, fresh) {
    if (here.nodeType !== Node.ELEMENT_NODE) return true;
    if (here.matches(".course")) return !here.querySelector("figure, table") || Boolean(fresh.querySelector("figure, table"));
    if (!here.matches("[data-chart]") || !fresh.matches("[data-chart]")) return true;
    if (here.dataset.chart !== fresh.dataset.chart) {
      here.dataset.chart = fresh.dataset.chart;
      here.dispatchEvent(new Event("chart:changed", { bubbles: true }));
    }
    here.setAttribute("aria-label", fresh.getAttribute("aria-label"));
    return false;
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
    var before = told();
    fetched(location.pathname + location.search, "#figures").then(function () {
      mark(before);
      return charts();
    }).catch(function () { wanted = true; }).then(function () {
      setTimeout(function () {
        busy = false;
        if (wanted) fetchAgain();
      }, PAUSE);
    });
  }

  // Only what differs is exchanged: the focus, and what somebody reads, stays where it is.
  function fetched(path, target) {
    return window.htmx.ajax("GET", path, { source: "#figures", target: target, swap: "morph:innerHTML" });
  }

  // Those opened so far, also if closed again: they are not fetched a second time.
  function charts() {
    var some = Array.prototype.filter.call(figures.querySelectorAll("details.over"), function (one) {
      return one.querySelector("figure, table");
    });
    return Promise.all(some.map(function (one) {
      return fetched(one.getAttribute("hx-get"), "#" + one.querySelector(".course").id);
    }));
  }

  function watched() {
    return Array.prototype.slice.call(figures.querySelectorAll("[data-watch]"));
  }

  function told() {
    var found = {};
    watched().forEach(function (one) { found[one.dataset.watch] = one.dataset.told; });
    return found;
  }

  function mark(before) {
    var said = document.getElementById("as-of").dataset, now = Date.now();
    var changed = watched().filter(function (one) { return before[one.dataset.watch] !== one.dataset.told; });
    changed.forEach(function (one) { marked[one.dataset.watch] = now + MARKED; });
    // Those marked before, too: their marks went with what was exchanged.
    watched().forEach(function (one) {
      if (marked[one.dataset.watch] > now) markOne(one, said.fresh, marked[one.dataset.watch] - now);
    });
    if (changed.length) document.getElementById("news").textContent = said.news;
  }

  function markOne(one, word, rest) {
    var fresh = document.createElement("span");
    fresh.className = "fresh";
    fresh.textContent = word;
    one.querySelector(".value").appendChild(fresh);
    one.classList.add("changed");
    setTimeout(function () {
      if (!fresh.isConnected) return;
      one.classList.remove("changed");
      fresh.remove();
    }, rest);
  }

  function say(state) { document.documentElement.dataset.live = state; }

  document.addEventListener("DOMContentLoaded", begin);
})();
