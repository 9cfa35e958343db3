// Behaviour that every page shares. Everything works without it, only less comfortably.
"use strict";

/** The form token, for changes a script makes: header x-csrf-token. */
const csrf = () => document.querySelector('meta[name="csrf"]').content;

/** Messages shown at once: the oldest makes room, and what it offered is still undone by its page or by key. */
const TOASTS_MAX = 3;

/** Shows a message for a while. `undo` is {label, run}. */
function toast(text, undo) {
  const box = document.createElement("div");
  box.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = undo.label;
    button.addEventListener("click", () => { box.remove(); undo.run(); });
    box.append(button);
  }
  const toasts = document.getElementById("toasts");
  toasts.append(box);
  while (toasts.children.length > TOASTS_MAX) toasts.firstElementChild.remove();
  setTimeout(() => box.remove(), undo ? 12000 : 6000);
  return box;
}

/** A change by script. Gives the answer's JSON; on failure, says why and throws. */
async function send(method, address, body) {
  const headers = { "x-csrf-token": csrf(), accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const json = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
  if (!answer.ok) {
    toast(json.detail || answer.statusText);
    throw Object.assign(new Error(json.detail || answer.statusText), { status: answer.status, problem: json });
  }
  return json;
}

// A form that leads back here names this page.
for (const field of document.querySelectorAll("input[data-here]")) field.value = location.pathname + location.search;

// An open menu closes by a click elsewhere and by Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
});

// <button data-dialog="id"> opens a dialog; <button data-close> in it and a click beside it close it; <button data-copy="text"> copies.
document.addEventListener("click", async (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) { document.getElementById(opener.dataset.dialog)?.showModal(); return; }
  const dialog = event.target.closest("[data-close]")?.closest("dialog") ?? (event.target.matches("dialog[open]") && isBeside(event, event.target) ? event.target : null);
  if (dialog) { dialog.close(); return; }
  const copier = event.target.closest("[data-copy]");
  if (copier) { await navigator.clipboard.writeText(copier.dataset.copy); toast(copier.dataset.copied || "✓"); }
});

/** Whether a click met the backdrop of a dialog. */
function isBeside(event, dialog) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3000);
});

// What the server said goes away by itself.
for (const box of document.querySelectorAll("#toasts .toast")) setTimeout(() => box.remove(), 8000);

// What was being written does not outlive the session.
if (!document.querySelector(".shell")) sessionStorage.clear();

window.quittance = { csrf, toast, send };

// What is wider than the window and ends with today shows its end.
for (const wide of document.querySelectorAll("[data-end]")) wide.scrollLeft = wide.scrollWidth;

// A row and its place in a picture light up together.
for (const part of document.querySelectorAll("[data-box]")) {
  const all = () => document.querySelectorAll(`[data-box="${part.dataset.box}"]`);
  part.addEventListener("mouseenter", () => { for (const other of all()) other.classList.add("lit"); });
  part.addEventListener("mouseleave", () => { for (const other of all()) other.classList.remove("lit"); });
}
