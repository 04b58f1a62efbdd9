"use strict";
// The pages live in an iframe that blocks confirm() and alert(), so decisions are taken in dialogs of our own.
for (const button of document.querySelectorAll("[data-decide]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.decide).showModal());
}
for (const form of document.querySelectorAll("dialog form")) {
  const dialog = form.closest("dialog");
  const problem = form.querySelector(".problem");
  const submit = form.querySelector("button.primary");
  form.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    submit.disabled = true;
    try {
      const target = form.dataset.target ?? `runs/${encodeURIComponent(form.dataset.run)}/${form.dataset.verb}`;
      const said = { why: form.elements.why.value };
      if (form.dataset.plan) said.plan = form.dataset.plan;
      if (form.elements.hours) said.hours = form.elements.hours.valueAsNumber;
      const answer = await fetch(`${document.body.dataset.root}/api/${target}?lang=${document.body.dataset.lang}`, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-Baton-Console": "1" },
        body: JSON.stringify(said),
      });
      if (answer.ok) {
        location.reload();
        return;
      }
      const body = await answer.json().catch(() => ({}));
      const told = body.remedy ?? body.detail;
      problem.textContent = typeof told === "string" ? told : `${answer.status} ${answer.statusText}`;
    } catch (error) {
      problem.textContent = String(error);
    }
    problem.hidden = false;
    submit.disabled = false;
  });
}
