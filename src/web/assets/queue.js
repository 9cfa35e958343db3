// The queue by keyboard. Every action here presses a link or a button that is on the page, so nothing can be done by key that
// cannot be done by hand; what a key does is named in the key map the page carries.
"use strict";
(() => {
  const { csrf, toast } = window.quittance;
  let desk, keys, off, cursor = -1, anchor = -1, pending = "", ahead = null, beat = null, busy = false;
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const rows = () => all("#rows tbody tr");
  const place = () => desk.dataset.page;

  // ---- moving between pages without losing what is loaded ----

  /** The page at an address: from what was loaded ahead, or now. */
  async function fetched(address) {
    const known = ahead && ahead.address === address ? ahead.page : null;
    ahead = null;
    const page = known ? await known.catch(() => null) : null;
    return page || fetch(address, { headers: { accept: "text/html" } });
  }

  /** Shows the page at an address in place of this one. */
  async function visit(address, { push = true } = {}) {
    if (busy) return;
    if (place() === "other") { location.assign(address); return; }
    busy = true;
    try {
      const answer = await fetched(address);
      const text = await answer.text();
      const next = new DOMParser().parseFromString(text, "text/html");
      const page = $(".page", next);
      // Signed out, or a page of another kind: the browser goes there itself.
      if (!answer.ok || !page || !$("#desk", next)) { location.assign(answer.url || address); return; }
      for (const dialog of all("dialog[open]")) dialog.close();
      $(".page").replaceWith(document.adoptNode(page));
      document.body.className = next.body.className;
      document.title = next.title;
      if (push) history.pushState({}, "", answer.url || address);
      scrollTo(0, 0);
      begin();
      $("#main").focus({ preventScroll: true });
    } finally { busy = false; }
  }

  addEventListener("popstate", () => { if (desk) visit(location.href, { push: false }); });

  function loadAhead() {
    const address = desk.dataset.next;
    if (!address) return;
    ahead = { address: new URL(address, location).href, page: fetch(address, { headers: { accept: "text/html", purpose: "prefetch" } }) };
    ahead.page.catch(() => {});
  }

  // ---- acting ----

  /** Sends a form as a script; shows what was done with a way back, and goes on. */
  async function act(form, button) {
    if (busy) return;
    busy = true;
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.set(button.name, button.value);
    let done;
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "x-csrf-token": csrf(), accept: "application/json" } });
      const json = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
      if (!answer.ok) {
        if (json.type === "urn:quittance:problem:step-up") { location.assign("/step-up?next=" + encodeURIComponent(location.pathname + location.search)); return; }
        refused(form, json.detail || answer.statusText);
        if (answer.status === 409) { busy = false; await visit(location.href, { push: false }); }
        return;
      }
      done = json;
    } catch { refused(form, document.body.dataset.unreachable); return; } finally { busy = false; }
    sent(form);
    const what = done.undo ? { decision: done.undo } : done.batch ? { batch: done.batch } : null;
    const next = new URL(done.next, location).href;
    await visit(next);
    if (what) offer(done.notice, what); else toast(done.notice);
  }

  /** Says why something was not taken: where it was asked for, in a dialog too, behind which nothing is read. */
  function refused(form, words) {
    const dialog = form.closest?.("dialog[open]");
    if (!dialog) { toast(words); return; }
    let box = $(".refusal", dialog);
    if (!box) { box = document.createElement("p"); box.className = "notice bad refusal"; box.setAttribute("role", "alert"); form.prepend(box); }
    box.textContent = words;
  }

  // ---- undoing ----

  /** What can be undone, by its message: each undoes what it tells of, and goes once that is undone. */
  const offers = new Map();
  const named = (what) => JSON.stringify(what);

  function offer(words, what) {
    remember(what);
    offers.set(named(what), toast(words, { label: desk.dataset.undoLabel, run: () => undo(what) }));
  }

  function remember(what) { sessionStorage.setItem("undo", named(what)); }

  /** What was done last from this browser, or decided on the page. */
  function last() {
    try { const kept = JSON.parse(sessionStorage.getItem("undo")); if (kept) return kept; } catch { /* not ours: as if nothing were kept */ }
    const decision = desk.dataset.did || desk.dataset.decided;
    return decision ? { decision } : null;
  }

  async function undo(what = last()) {
    if (!what) return;
    if (sessionStorage.getItem("undo") === named(what)) sessionStorage.removeItem("undo");
    offers.get(named(what))?.remove();
    offers.delete(named(what));
    const form = document.createElement("form");
    form.action = "/queue/undo";
    const add = (name, value) => { const field = document.createElement("input"); field.name = name; field.value = value; form.append(field); };
    for (const [name, value] of Object.entries(what)) add(name, value);
    add("query", desk.dataset.question || "");
    await act(form);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "split") gatherSplit(form);
    if (form.id === "group") gatherGroup(form);
    if (!form.matches("form[data-act]")) return;
    event.preventDefault();
    act(form, event.submitter);
  }, true);

  // ---- the list ----

  function point(at, { range = false } = {}) {
    const list = rows();
    if (!list.length) return;
    const to = Math.max(0, Math.min(list.length - 1, at));
    if (range) { if (anchor < 0) anchor = Math.max(cursor, 0); for (let i = Math.min(anchor, to); i <= Math.max(anchor, to); i++) pick(list[i], true); }
    cursor = to;
    list.forEach((row, i) => { if (i === cursor) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current"); });
    list[cursor].scrollIntoView({ block: "nearest" });
    sessionStorage.setItem("at", list[cursor].dataset.case);
  }

  function pick(row, on) {
    const box = row && $("input[type=checkbox]", row);
    if (!box) return;
    box.checked = on === undefined ? !box.checked : on;
    row.setAttribute("aria-selected", box.checked ? "true" : "false");
    counted();
  }

  function counted() {
    const bar = $("#group-bar");
    if (!bar) return;
    const count = all("#rows input:checked").length;
    bar.hidden = count === 0;
    $("#group-count").textContent = count;
  }

  function gatherGroup() {
    const chosen = all("#rows tr").filter((row) => $("input:checked", row));
    $("#group-cases").value = chosen.map((row) => `${row.dataset.case}.${row.dataset.version}`).join(",");
  }

  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.matches("[data-submit]")) target.form.requestSubmit();
    if (target.matches("#rows input[type=checkbox]")) pick(target.closest("tr"), target.checked);
    if (target.matches('#decide input[name="candidate"]')) choose(target.value);
  });

  document.addEventListener("click", (event) => {
    const box = event.target.closest("#rows input[type=checkbox]");
    if (box) {
      const at = rows().indexOf(box.closest("tr"));
      if (event.shiftKey && anchor >= 0) point(at, { range: true });
      anchor = at;
      return;
    }
    const link = event.target.closest("#rows a.row-link, #go-next, #go-previous, #back, .pager a[rel=next]");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      visit(link.id === "back" ? cameFrom(link.href) : link.href);
    }
  });

  /** The list a case was opened from: the page of it too, where it is the list the link leads to. */
  function cameFrom(address) {
    const of = (href) => { const question = new URL(href, location).searchParams; for (const own of ["after", "did", "batch"]) question.delete(own); question.sort(); return question.toString(); };
    const kept = sessionStorage.getItem("list");
    return kept && of(kept) === of(address) ? kept : address;
  }

  // ---- the case ----

  function choose(rank) {
    for (const answer of all(".answer")) {
      const on = answer.dataset.rank === String(rank);
      answer.classList.toggle("on", on);
      const radio = $('input[name="candidate"]', answer);
      if (on && radio && !radio.disabled) radio.checked = true;
      if (on) answer.scrollIntoView({ block: "nearest" });
    }
  }

  /** Amounts typed beside items become lines; those written by hand stay. */
  function gatherSplit(form) {
    const lines = $('[name="lines"]', form);
    const typed = all("[data-item]", form).map((row) => [row.dataset.item, $("input", row).value.trim()]).filter(([, amount]) => amount);
    const own = lines.value.split("\n").filter((line) => line.trim() && !typed.some(([item]) => line.startsWith(item + "=")));
    lines.value = [...typed.map(([item, amount]) => `${item}=${amount}`), ...own].join("\n");
  }

  /** Value and word light up together. */
  function light(event) {
    const at = event.target.closest?.("[data-claim], .value[data-value]");
    for (const lit of all(".lit")) lit.classList.remove("lit");
    if (!at) return;
    if (at.dataset.claim !== undefined) {
      const doc = at.closest("[data-doc]");
      for (const same of all(`[data-claim="${at.dataset.claim}"]`, doc)) same.classList.add("lit");
      const box = $(`rect[data-claim="${at.dataset.claim}"]`, doc);
      if (box && at.tagName === "LI" && event.type === "focusin") box.scrollIntoView({ block: "nearest" });
    } else {
      const plain = (text) => text.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();
      const value = plain(at.dataset.value);
      for (const claim of all(".claims li")) {
        if (value.length < 3 || !plain($("b", claim).textContent).includes(value)) continue;
        for (const same of all(`[data-claim="${claim.dataset.claim}"]`, claim.closest("[data-doc]"))) same.classList.add("lit");
      }
    }
  }
  for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, light);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (!button) return;
    const doc = button.closest("[data-doc]");
    const steps = ["", "zoom-2", "zoom-3", "zoom-4"];
    const now = steps.findIndex((step) => step && doc.classList.contains(step));
    const to = Math.max(0, Math.min(steps.length - 1, (now < 0 ? 0 : now) + (button.dataset.zoom === "in" ? 1 : -1)));
    for (const step of steps) if (step) doc.classList.toggle(step, step === steps[to]);
  });

  async function heartbeat() {
    if (document.hidden || place() !== "case") return;
    const { case: id, version } = desk.dataset;
    const answer = await fetch(`/queue/${id}/seen`, { method: "POST", headers: { "x-csrf-token": csrf(), accept: "application/json" } }).catch(() => null);
    if (!answer || !answer.ok || desk.dataset.case !== id) return;
    const said = await answer.json();
    const badge = $("#present");
    if (badge) { badge.hidden = !said.present; badge.textContent = said.present || ""; }
    if (String(said.version) !== version && !desk.dataset.told) { desk.dataset.told = "yes"; toast(desk.dataset.staleLabel, { label: "↻", run: () => visit(location.href, { push: false }) }); }
  }

  // ---- what is being written ----

  /** Where the unsaved words of a field of this case are kept while one looks at others. */
  const written = (form, field) => `written:${desk.dataset.case}:${form.id}:${field}`;

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-keep]");
    if (!form || place() !== "case") return;
    const field = $("textarea", form);
    // A draft's field gets its words from what is shown; that happens first.
    queueMicrotask(() => sessionStorage.setItem(written(form, field.name), field.value));
  });

  /** What had been written comes back. */
  function restore() {
    for (const form of all("form[data-keep]")) {
      const field = $("textarea", form);
      const words = sessionStorage.getItem(written(form, field.name));
      if (words === null || words === field.value) continue;
      field.value = words;
      field.dispatchEvent(new CustomEvent("restored", { bubbles: true }));
    }
  }

  /** It has arrived: there is nothing left to keep. */
  function sent(form) {
    if (form.matches?.("form[data-keep]")) sessionStorage.removeItem(written(form, $("textarea", form).name));
  }

  // ---- keys ----

  const press = (selector) => { const target = $(selector); if (target && !target.disabled) { target.click(); return true; } return false; };
  const open = (id, focus) => { const dialog = document.getElementById(id); if (!dialog) return false; if (!dialog.open) dialog.showModal(); if (focus) $(focus, dialog)?.focus(); return true; };
  const go = (address) => { location.assign(address); return true; };

  const actions = {
    down: () => {
      if (place() !== "list") return press("#go-next");
      if (cursor >= 0 && cursor === rows().length - 1 && press(".pager a[rel=next]")) return true;
      point(cursor + 1);
      return true;
    },
    up: () => (place() === "list" ? (point(cursor < 0 ? 0 : cursor - 1), true) : press("#go-previous")),
    open: () => { const row = rows()[Math.max(cursor, 0)]; if (!row) return false; visit(new URL(row.dataset.link, location).href); return true; },
    select: () => { if (cursor < 0) point(0); pick(rows()[cursor]); anchor = cursor; return true; },
    "select-range": () => { point(cursor < 0 ? 0 : cursor, { range: true }); return true; },
    approve: () => press("#do-approve") || press("#do-close"),
    confirm: () => {
      const dialog = $("dialog[open]");
      if (dialog) return press("dialog[open] form[data-act] .button.primary");
      // What has the focus is meant, and a decision only where nothing else is being written.
      const form = document.activeElement?.closest?.("form[data-act]");
      if (form && form.id !== "decide") { form.requestSubmit(); return true; }
      if (typing(document.activeElement)) return false;
      return place() === "list" ? press("#group-bar:not([hidden]) [value=candidate]") : press("#do-approve") || press("#do-close");
    },
    reject: () => press("#do-reject"),
    split: () => press("#do-split"),
    keep: () => press("#do-keep"),
    take: () => press("#take button"),
    assign: () => open("assign-dialog"),
    snooze: () => open("snooze-dialog"),
    note: () => { const field = $("#note"); field?.focus(); return Boolean(field); },
    original: () => { const link = $("[data-original]"); if (link) window.open(link.href, "_blank", "noopener"); return Boolean(link); },
    undo: () => { undo(); return true; },
    back: () => press("#back"),
    clear: () => { for (const row of rows()) pick(row, false); anchor = -1; return true; },
    search: () => { const field = $("#search"); if (field) { field.focus(); field.select(); } else openPalette(); return true; },
    palette: () => { openPalette(); return true; },
    sheet: () => open("sheet"),
    "go-start": () => go("/"), "go-queue": () => go("/queue"), "go-customers": () => go("/customers"), "go-evidence": () => go("/evidence"),
    "go-imports": () => go("/imports"), "go-policy": () => go("/policy"), "go-audit": () => go("/audit"), "go-users": () => go("/users"),
  };
  for (let rank = 1; rank <= 5; rank++) actions[`candidate-${rank}`] = () => { if (!$(`.answer[data-rank="${rank}"]`)) return false; choose(rank); return true; };

  const here = (key) => key.place === "everywhere" || key.place === place();
  const typing = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (!desk || event.isComposing || event.altKey) return;
    const mod = event.ctrlKey || event.metaKey;
    const pressed = (mod ? "Mod+" : "") + event.key;
    const find = (name) => keys.find((key) => key.key === name && here(key));
    // A key that is held goes through the cases; it decides nothing.
    const run = (key) => { if (event.repeat && !["down", "up"].includes(key.action)) { event.preventDefault(); return; } pending = ""; document.documentElement.dataset.lastKey = key.action; if (actions[key.action]?.()) event.preventDefault(); };
    if (mod) { const key = find(pressed); if (key) { event.preventDefault(); run(key); } return; }
    if (off) return;
    if (typing(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
    if ($("dialog[open]")) return;
    if (event.key === "Escape" && place() === "list" && $("#rows input:checked")) { actions.clear(); return; }
    // Enter and space belong to the button or link that has the focus.
    if ((event.key === "Enter" || event.key === " ") && event.target.closest("a, button, summary")) return;
    if (pending) { const key = find(`${pending} ${event.key}`); pending = ""; if (key) { run(key); return; } }
    if (keys.some((key) => key.key.startsWith(event.key + " ") && here(key))) { pending = event.key; setTimeout(() => { pending = ""; }, 1500); event.preventDefault(); return; }
    const key = find(event.key);
    if (key) run(key);
  });

  // ---- the palette ----

  function openPalette() {
    const dialog = $("#palette");
    if (!dialog) return;
    if (!dialog.open) dialog.showModal();
    const field = $("#palette-input");
    field.value = "";
    fill("");
    field.focus();
  }

  let palette = [], chosen = 0, asked = 0;

  function commands() {
    return keys.filter((key) => here(key) && !["down", "up", "palette"].includes(key.action)).map((key) => {
      const words = $(`#sheet [data-action="${key.action}"] dt`)?.textContent || key.action;
      return { words, hint: $(`#sheet [data-action="${key.action}"] kbd`)?.textContent || "", run: () => actions[key.action]?.() };
    });
  }

  async function fill(text) {
    const turn = ++asked;
    const folded = text.trim().toLowerCase();
    palette = commands().filter((command) => command.words.toLowerCase().includes(folded));
    draw();
    if (folded.length < 2) return;
    const answer = await fetch(`/api/v1/cases?limit=8&state=all&q=${encodeURIComponent(text)}`, { headers: { accept: "application/json" } }).catch(() => null);
    if (!answer || !answer.ok || turn !== asked) return;
    const found = await answer.json();
    palette = [...found.cases.map((one) => ({ words: one.headline, hint: `#${one.id}`, run: () => visit(new URL(`/queue/${one.id}`, location).href) })), ...palette];
    draw();
  }

  function draw() {
    const list = $("#palette-list");
    chosen = Math.max(0, Math.min(chosen, palette.length - 1));
    list.replaceChildren(...palette.slice(0, 14).map((one, at) => {
      const line = document.createElement("li");
      line.role = "option";
      line.id = `palette-${at}`;
      line.ariaSelected = at === chosen ? "true" : "false";
      const words = document.createElement("span"); words.textContent = one.words;
      const hint = document.createElement("kbd"); hint.textContent = one.hint;
      line.append(words, hint);
      line.addEventListener("click", () => { $("#palette").close(); one.run(); });
      return line;
    }));
    $("#palette-input").setAttribute("aria-activedescendant", palette.length ? `palette-${chosen}` : "");
  }

  document.addEventListener("input", (event) => { if (event.target.id === "palette-input") { chosen = 0; fill(event.target.value); } });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "palette-input") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); chosen += step; draw(); }
    if (event.key === "Enter") { event.preventDefault(); const one = palette[chosen]; $("#palette").close(); one?.run(); }
  });

  // ---- beginning ----

  function begin() {
    desk = $("#desk");
    if (!desk) return;
    keys = JSON.parse(desk.dataset.keys || "[]");
    off = desk.dataset.keysOff !== undefined;
    pending = ""; cursor = -1; anchor = -1; ahead = null;
    clearInterval(beat);
    if (place() === "list") {
      sessionStorage.setItem("list", location.href);
      const at = rows().findIndex((row) => row.dataset.case === sessionStorage.getItem("at"));
      if (at >= 0) point(at); else if (location.search.includes("after=")) point(0);
      counted();
    }
    if (place() === "case") {
      sessionStorage.setItem("at", desk.dataset.case);
      restore();
      beat = setInterval(heartbeat, 20000);
      heartbeat();
      loadAhead();
    }
    const said = desk.dataset.did || desk.dataset.batch;
    if (said) {
      offer(desk.dataset.didLabel, desk.dataset.did ? { decision: desk.dataset.did } : { batch: desk.dataset.batch });
    }
    document.documentElement.dataset.ready = `${place()}-${desk.dataset.case || ""}`;
  }

  /** Keys, sheet and palette on the pages that are none of the queue's. */
  async function elsewhere() {
    const answer = await fetch("/queue/keys/sheet", { headers: { accept: "text/html" } }).catch(() => null);
    if (!answer || !answer.ok || answer.redirected || $("#desk")) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    const sheet = $("#desk", part);
    if (sheet) { document.body.append(document.adoptNode(sheet)); begin(); }
  }

  if ($("#desk")) begin(); else elsewhere();
})();
