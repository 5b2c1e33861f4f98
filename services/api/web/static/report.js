// A report's form by keyboard: Enter and the arrows go from figure to figure, and never send what is half filled in.
"use strict";
(() => {
  const fields = () => [...document.querySelectorAll("#filling .line > input:not(:disabled)")];
  const steps = { Enter: 1, ArrowDown: 1, ArrowUp: -1 };

  document.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step === undefined || !event.target.matches("#filling .line > input")) return;
    event.preventDefault();
    const all = fields();
    const next = all[all.indexOf(event.target) + step];
    if (next) {
      next.focus();
      next.select();
    } else if (step > 0) {
      document.querySelector("#filling button.main").focus();
    }
  });

  // What is not applicable has no figures: a disabled field is not sent.
  document.addEventListener("change", (event) => {
    const { group } = event.target.dataset;
    if (group) grey(event.target, group);
  });

  function grey(box, group) {
    for (const field of document.querySelectorAll(`#${group} .line > input`)) field.disabled = box.checked;
  }

  function mark() {
    for (const field of document.querySelectorAll("#filling .line > input")) {
      const wrong = document.getElementById(field.id.replace("field-", "wrong-"));
      if (wrong.textContent.trim()) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }

  document.addEventListener("htmx:afterSettle", mark);
  document.addEventListener("chitieu:filled", () => {
    for (const box of document.querySelectorAll("#filling [data-group]")) grey(box, box.dataset.group);
  });
  document.addEventListener("DOMContentLoaded", () => {
    const alert = document.querySelector("#problems .alert");
    if (alert) alert.parentElement.focus();
  });
})();
