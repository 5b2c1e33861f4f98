// Sends a filled template as it is, and shows what became of it, cell by cell.
"use strict";
(() => {
  const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];

  async function send(form, file) {
    const headers = {
      "Accept": "text/html",
      "Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
      "HX-Request": "true",
      "X-CSRF-Token": token(),
    };
    const answer = await fetch(form.action, { method: "POST", headers, body: file, credentials: "same-origin" });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) window.location.assign(elsewhere);
    if (!answer.ok || elsewhere) throw new Error(String(answer.status));
    return answer.text();
  }

  async function submitted(event) {
    const form = event.target.closest("form[data-upload]");
    if (!form) return;
    event.preventDefault();
    const result = form.querySelector("[data-result]");
    const button = form.querySelector("button");
    result.textContent = form.dataset.busy;
    button.disabled = true;
    try {
      result.innerHTML = await send(form, form.querySelector("input[type=file]").files[0]);
    } catch {
      result.textContent = form.dataset.failed;
    } finally {
      button.disabled = false;
    }
  }

  function show() {
    for (const form of document.querySelectorAll("form[data-upload][hidden]")) form.hidden = false;
  }

  document.addEventListener("submit", submitted);
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:afterSettle", show);
})();
