// What would be read is shown again after every change; keyboard focus stays where it is. Without this the button does the same.
"use strict";
{
  const form = document.getElementById("columns");
  const seen = () => document.getElementById("seen");
  let running = null;
  let timer = 0;

  async function look() {
    running?.abort();
    running = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "preview");
    seen().setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: running.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("seen");
      if (!fresh) throw new Error(page.querySelector("main")?.textContent.trim() || form.dataset.failed);
      seen().replaceWith(document.adoptNode(fresh));
      // The rows and the names of the columns change with the header alone.
      const table = page.querySelector("table.columns");
      const own = form.querySelector("table.columns");
      own.tBodies[0].replaceWith(document.adoptNode(table.tBodies[0]));
      const names = table.querySelectorAll("th label");
      own.querySelectorAll("th label").forEach((label, at) => { label.textContent = names[at]?.textContent ?? ""; });
    } catch (error) {
      if (error.name === "AbortError") return;
      seen().removeAttribute("aria-busy");
      window.quittance.toast(form.dataset.failed);
    }
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "name" || event.target.name === "entity") return;
    if (event.target.tagName === "SELECT") event.target.toggleAttribute("data-set", event.target.value !== "");
    clearTimeout(timer);
    timer = setTimeout(look, 200);
  });
}
