// Passkeys: a form asks the browser for a passkey, takes its answer into a field, and is sent like any other form.
"use strict";
{
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  /** The options as the browser wants them: with bytes where JSON has text. */
  const opened = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: named(options.excludeCredentials) }),
    ...(options.allowCredentials && { allowCredentials: named(options.allowCredentials) }),
  });

  /** The answer as JSON. */
  const closed = (credential) => {
    const answer = credential.response;
    const response = { clientDataJSON: text(answer.clientDataJSON) };
    if (answer.attestationObject) {
      response.attestationObject = text(answer.attestationObject);
    } else {
      response.authenticatorData = text(answer.authenticatorData);
      response.signature = text(answer.signature);
      if (answer.userHandle) response.userHandle = text(answer.userHandle);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response, extensions: {} });
  };

  /** A challenge from the server, or its own sentence about why there is none. */
  const begun = async (form) => {
    const answer = await fetch(form.dataset.begin, {
      method: "POST",
      headers: { accept: "application/json", "x-csrf-token": window.quittance.csrf() },
    });
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.detail || content.title || String(answer.status));
    return content;
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const page = form.parentElement;
    const show = (selector) => { for (const part of page.querySelectorAll(selector)) part.hidden = false; };
    if (!window.PublicKeyCredential || !navigator.credentials) { show("[data-no-passkeys]"); continue; }
    if (location.origin !== form.dataset.origin) { show("[data-elsewhere]"); continue; }
    form.hidden = false;
    show("[data-with-passkey]");
    const problem = form.querySelector("[data-problem]");
    let busy = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      problem.hidden = true;
      try {
        if (form.dataset.passkey === "create") {
          const publicKey = opened(JSON.parse(form.dataset.options));
          form.elements.credential.value = closed(await navigator.credentials.create({ publicKey }));
        } else {
          const { ticket, options } = await begun(form);
          form.elements.ticket.value = ticket;
          form.elements.credential.value = closed(await navigator.credentials.get({ publicKey: opened(options) }));
        }
        form.submit();
      } catch (error) {
        // A DOMException is the browser's and says little to people; what the server said is a sentence.
        problem.textContent = error instanceof DOMException ? form.dataset.failed : error.message;
        problem.hidden = false;
        // Not after the answer is on its way: a second one would put another key in its place on the device.
        busy = false;
      }
    });
  }
}
