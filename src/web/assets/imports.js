// Files dropped or chosen are sent one after the other; each says how far it is and what became of it, line by line.
"use strict";
{
  const form = document.getElementById("bring");
  const drop = document.getElementById("drop");
  const list = document.getElementById("brought");
  const input = document.getElementById("files");
  const kind = form.elements.kind;
  const waiting = [];
  let busy = false;

  const fit = () => { for (const field of form.querySelectorAll("[data-for]")) field.hidden = field.dataset.for !== kind.value; };
  kind.addEventListener("change", fit);
  fit();

  function line(name) {
    const item = document.createElement("li");
    const head = document.createElement("div");
    const title = document.createElement("b");
    title.textContent = name;
    const words = document.createElement("span");
    words.textContent = form.dataset.onItsWay;
    head.append(title, words);
    const bar = document.createElement("progress");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", name);
    item.append(head, bar);
    list.prepend(item);
    return { item, words, bar };
  }

  function send(file, address) {
    const shown = line(file.name);
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("POST", address);
      request.setRequestHeader("x-csrf-token", window.quittance.csrf());
      request.setRequestHeader("accept", "application/json");
      request.setRequestHeader("content-type", "application/octet-stream");
      request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) shown.bar.value = (100 * event.loaded) / event.total; });
      request.addEventListener("loadend", () => {
        shown.bar.remove();
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* no answer, or none of ours */ }
        const refused = answer.refused ?? [answer.detail ?? form.dataset.failed];
        shown.words.textContent = answer.line ?? "";
        shown.item.className = refused.length ? "bad" : "good";
        if (refused.length) {
          const reasons = document.createElement("ul");
          for (const sentence of refused.slice(0, 200)) { const row = document.createElement("li"); row.textContent = sentence; reasons.append(row); }
          shown.item.append(reasons);
        }
        if (answer.columns) {
          const link = document.createElement("a");
          link.className = "button small";
          link.href = answer.columns;
          link.textContent = form.dataset.columns;
          shown.item.append(link);
        }
        done();
      });
      request.send(file);
    });
  }

  async function work() {
    if (busy) return;
    busy = true;
    while (waiting.length) { const [file, address] = waiting.shift(); await send(file, address); }
    busy = false;
    await refresh();
  }

  /** The list of what was brought, as it is now. */
  async function refresh() {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) return;
    const now = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("inputs");
    if (now) document.getElementById("inputs").replaceWith(document.adoptNode(now));
  }

  function bring(files) {
    for (const file of files) {
      const query = new URLSearchParams({ name: file.name });
      if (kind.value === "statement") for (const name of ["account", "entity", "profile"]) if (form.elements[name]?.value) query.set(name, form.elements[name].value);
      waiting.push([file, `/imports/${kind.value}?${query}`]);
    }
    work();
  }

  input.addEventListener("change", () => { bring(input.files); input.value = ""; });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
  drop.addEventListener("drop", (event) => bring(event.dataTransfer.files));
  form.addEventListener("submit", (event) => event.preventDefault());
}
