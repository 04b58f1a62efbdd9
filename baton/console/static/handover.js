"use strict";
// Everything works without this: it counts what is picked, keeps buttons to what fits it, and saves a round trip.
document.documentElement.classList.add("script");
for (const field of document.querySelectorAll("[data-submits]")) {
  field.addEventListener("change", () => field.form.submit());
}
for (const form of document.querySelectorAll('form[method="post"]')) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    const text = form.elements.text;
    if (button && "needsText" in button.dataset && !text.value.trim()) {
      event.preventDefault();
      form.querySelector(".problem").hidden = false;
      text.focus();
    }
  });
}
const bar = document.querySelector("[data-bar]");
if (bar) {
  const boxes = [...document.querySelectorAll('input[name="item"][data-may]')];
  const all = bar.querySelector("[data-all]");
  const count = bar.querySelector("[data-count]");
  const unpicked = count.textContent;
  const buttons = [...bar.querySelectorAll('button[name="act"]')];
  const tell = () => {
    const picked = boxes.filter((box) => box.checked);
    count.textContent = picked.length ? count.dataset.words.replace("{n}", picked.length) : unpicked;
    bar.classList.toggle("empty", !picked.length);
    all.checked = picked.length > 0 && picked.length === boxes.length;
    all.indeterminate = picked.length > 0 && picked.length < boxes.length;
    for (const button of buttons) {
      button.disabled = !picked.length || !picked.every((box) => box.dataset.may.split(" ").includes(button.value));
    }
    for (const box of boxes) box.closest(".item").classList.toggle("picked", box.checked);
  };
  all.parentElement.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  window.addEventListener("pageshow", tell);
  tell();
}
