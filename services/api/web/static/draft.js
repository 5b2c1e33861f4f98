// What was typed and not sent yet stays in this browser, by key, form, period and unit, until the report is counted.
"use strict";
(() => {
  const filling = () => document.getElementById("filling");
  const place = (form) => `chitieu-draft/${form.dataset.draft}`;
  const kept = (control) => control.name && control.name !== "csrf";
  let served = null;

  function said(form) {
    const values = {};
    for (const control of form.elements) {
      if (kept(control)) values[control.name] = control.type === "checkbox" ? control.checked : control.value;
    }
    return values;
  }

  function fill(form, values) {
    for (const control of form.elements) {
      if (!kept(control) || !(control.name in values)) continue;
      if (control.type === "checkbox") control.checked = values[control.name];
      else control.value = values[control.name];
    }
    document.dispatchEvent(new Event("chitieu:filled"));
  }

  function store(action) {
    // A browser may forbid keeping anything: then there is no draft.
    try { return action(window.localStorage); } catch { return null; }
  }

  function keep() {
    const form = filling();
    store((storage) => storage.setItem(place(form), JSON.stringify(said(form))));
  }

  function open() {
    const form = filling();
    if (!form || form.dataset.opened) return;
    form.dataset.opened = "yes";
    served = said(form);
    const outcome = document.getElementById("outcome")?.dataset.outcome;
    if (outcome && !["conflict", "key_reused"].includes(outcome)) store((storage) => storage.removeItem(place(form)));
    // What was just refused stands in the form, newer than any draft.
    if (document.querySelector("#problems .alert")) { keep(); return; }
    const text = store((storage) => storage.getItem(place(form)));
    if (text === null || text === JSON.stringify(served)) return;
    fill(form, JSON.parse(text));
    document.getElementById("draft").hidden = false;
  }

  document.addEventListener("input", (event) => { if (event.target.form && event.target.form === filling()) keep(); });
  document.addEventListener("change", (event) => { if (event.target.form && event.target.form === filling()) keep(); });
  document.addEventListener("click", (event) => {
    if (event.target.id !== "discard") return;
    const form = filling();
    store((storage) => storage.removeItem(place(form)));
    fill(form, served);
    document.getElementById("draft").hidden = true;
    form.querySelector(".line > input").focus();
    form.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("DOMContentLoaded", open);
  document.addEventListener("htmx:afterSettle", open);
})();
