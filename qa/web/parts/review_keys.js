// The keys of the review desk: a accepts, r rejects, l leaves a question for later.
const BUTTONS = { a: "accept", r: "reject", l: "later" };

export default function () {
  const onKey = (event) => {
    const at = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) || at.isContentEditable) return;
    const name = BUTTONS[event.key];
    if (name) document.querySelector(`.st-key-${name} button:not(:disabled)`)?.click();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
