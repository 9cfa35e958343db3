// The draft of a message: words are typed around facts, and what is sent names the facts instead of their values.
"use strict";
(() => {
  /** The text with facts by name. */
  const written = (node) => {
    let text = "";
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) text += child.data;
      else if (child.dataset?.fact) text += `{${child.dataset.fact}}`;
      else if (child.nodeName === "BR") text += "\n";
      else text += written(child);
    }
    return text;
  };
  /** Shows a text that names facts, with the facts as they stand beside it now. */
  const show = (words, text) => {
    const facts = new Map([...words.querySelectorAll("[data-fact]")].map((chip) => [chip.dataset.fact, chip]));
    words.replaceChildren(...text.split(/(\{[a-z_]+\})/).filter(Boolean).map((piece) => {
      const chip = facts.get(piece.slice(1, -1));
      return piece.startsWith("{") && chip ? chip.cloneNode(true) : document.createTextNode(piece);
    }));
  };
  addEventListener("restored", (event) => {
    const words = event.target.closest?.("form")?.querySelector(".draft-words");
    if (!words) return;
    show(words, event.target.value);
    words.closest("details").open = true;
  });
  addEventListener("input", (event) => {
    const words = event.target.closest?.(".draft-words");
    if (words) words.closest("form").elements.text.value = written(words);
  });
})();
