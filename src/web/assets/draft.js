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
  addEventListener("input", (event) => {
    const words = event.target.closest?.(".draft-words");
    if (words) words.closest("form").elements.text.value = written(words);
  });
})();
