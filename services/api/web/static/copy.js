// A button with `data-copy` copies the text of the field it names; without a clipboard it marks the text instead.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    text.focus();
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
      button.parentElement.querySelector("[role=status]").textContent = button.dataset.copied;
    } catch {
      // The text is marked: the keyboard copies it.
    }
  });
}
