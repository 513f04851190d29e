// Draws one call: timeline, transcript, answers. Everything that was said is put in as text, never as HTML.
// The sound is Streamlit's own player (.st-key-player); this only tells it where to play from and until when.

const LEAD_S = 2, TAIL_S = 0.6, LEAST_S = 3;
const CLASSES = { "+": "pos", "-": "neg", "=": "neu" };
const GLYPHS = { "+": "▲", "-": "▼", "=": "◆" };

const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "class") node.className = value;
    else if (key === "style") Object.assign(node.style, value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
  return node;
}

const sound = () => document.querySelector(".st-key-player audio");

class View {
  constructor(root, data) {
    this.root = root; this.data = data; this.until = null; this.zoom = 1; this.selected = null;
    this.ordered = [...data.findings].sort((a, b) => a.start - b.start || a.n - b.n);
    this.byN = new Map(data.findings.map((f) => [f.n, f]));
    this.words = []; this.turnNodes = [];
    this.root.replaceChildren(this.timeline(), el("div", { class: "cv-grid" }, this.transcript(), this.answers()));
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.timer = setInterval(() => this.tick(), 120);
    if (data.moment) this.toMoment(data.moment);
  }

  end() { document.removeEventListener("keydown", this.onKey); clearInterval(this.timer); }

  // ---- sound
  play(from, to) {
    const audio = sound();
    this.until = to ?? null;
    if (!audio) return;
    const go = () => { audio.currentTime = Math.max(0, from); audio.play().catch(() => {}); };
    if (audio.readyState >= 1) go();
    else { audio.addEventListener("loadedmetadata", go, { once: true }); audio.load(); }
  }
  hear(start, end) { this.play(start - LEAD_S, Math.max(end, start + LEAST_S) + TAIL_S); }
  toggle() {
    const audio = sound();
    if (!audio) return;
    this.until = null;
    if (audio.paused) audio.play().catch(() => {}); else audio.pause();
  }
  toMoment([start, end]) {
    const nearest = this.ordered.find((f) => Math.abs(f.start - start) < 0.5);
    if (nearest) this.select(nearest.n, { play: false });
    else this.showTurnAt(start);
    const seek = () => { const audio = sound(); if (audio && audio.readyState >= 1) { audio.currentTime = Math.max(0, start - LEAD_S); this.until = Math.max(end, start + LEAST_S) + TAIL_S; clearInterval(wait); } };
    const wait = setInterval(seek, 200);
    setTimeout(() => clearInterval(wait), 8000);
  }
  // The theme's colours are known inside this component only; the player's foot needs the paper's.
  paint() {
    const player = document.querySelector(".st-key-player");
    const style = getComputedStyle(this.root);
    for (const name of ["--st-background-color", "--st-border-color"]) player?.style.setProperty(name, style.getPropertyValue(name));
  }
  tick() {
    const audio = sound();
    this.paint();
    const t = audio ? audio.currentTime : 0;
    if (this.head) { this.head.style.left = `${(100 * t) / this.data.duration}%`; this.head.hidden = !audio || t === 0; }
    if (this.playButton) this.playButton.textContent = audio && !audio.paused ? "❚❚ Pause" : "▶ Play";
    if (this.timeNode) this.timeNode.textContent = `${clock(t)} / ${clock(this.data.duration)}`;
    if (!audio) return;
    if (this.until !== null && t >= this.until) { audio.pause(); this.until = null; }
    if (audio.paused) return;
    const turn = this.turnNodes.find((one) => t >= one.start && t < one.end);
    if (turn?.node !== this.turnOn) { this.turnOn?.classList.remove("on"); this.turnOn = turn?.node; this.turnOn?.classList.add("on"); }
    let low = 0, high = this.words.length;
    while (low < high) { const mid = (low + high) >> 1; if (this.words[mid].at <= t) low = mid + 1; else high = mid; }
    const word = this.words[low - 1]?.node;
    if (word !== this.wordOn) { this.wordOn?.classList.remove("on"); this.wordOn = word; word?.classList.add("on"); }
  }
  key(event) {
    const at = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT|AUDIO)$/.test(at.tagName) || at.isContentEditable) return;
    if (event.key === " " && !/^(BUTTON|SUMMARY|A)$/.test(at.tagName)) { event.preventDefault(); this.toggle(); }
    if (event.key === "j") this.step(1);
    if (event.key === "k") this.step(-1);
  }
  step(by) {
    if (!this.ordered.length) return;
    const place = this.ordered.findIndex((f) => f.n === this.selected);
    const next = place < 0 ? (by > 0 ? 0 : this.ordered.length - 1) : (place + by + this.ordered.length) % this.ordered.length;
    this.select(this.ordered[next].n);
  }
  select(n, { play = true } = {}) {
    const finding = this.byN.get(n);
    if (!finding) return;
    this.selected = n;
    for (const node of this.root.querySelectorAll("[data-f].on")) node.classList.remove("on");
    const nodes = [...this.root.querySelectorAll(`[data-f~="${n}"]`)];
    nodes.forEach((node) => node.classList.add("on"));
    const inText = nodes.find((node) => node.closest(".cv-turns"));
    this.bring(inText);
    this.tell(finding);
    if (play) this.hear(finding.start, finding.end);
  }
  showTurnAt(t) {
    const turn = this.turnNodes.find((one) => one.end > t);
    this.bring(turn?.node);
    turn?.node.classList.add("on");
  }
  // Moves the pane where there is one, else the page: a click in the answers must not move the answers.
  bring(node) {
    const pane = node?.closest(".cv-pane");
    if (!pane) return;
    if (pane.scrollHeight <= pane.clientHeight + 4) { if (window.innerWidth <= 800) node.scrollIntoView({ block: "center", behavior: "smooth" }); return; }
    const offset = node.getBoundingClientRect().top - pane.getBoundingClientRect().top;
    pane.scrollBy({ top: offset - pane.clientHeight / 3, behavior: "smooth" });
  }
  tell(f) {
    const sure = f.sure >= 100 ? "sure" : `${f.sure} % sure`;
    this.nowNode.replaceChildren(
      el("span", { class: `cv-mark-in ${CLASSES[f.polarity]}` }, `${GLYPHS[f.polarity]} `), el("b", {}, f.name),
      ` at ${clock(f.start)} · ${sure}. `, el("span", { class: "cv-small" }, f.why));
  }

  // ---- timeline
  timeline() {
    const d = this.data, pc = (s) => `${(100 * s) / (d.duration || 1)}%`;
    const bars = (spans) => spans.map(([a, b]) => el("i", { style: { left: pc(a), width: pc(b - a) } }));
    const marks = this.ordered.map((f) => el("button", {
      class: `cv-mark ${CLASSES[f.polarity]}`, "data-f": f.n, style: { left: pc(f.start) }, title: `${clock(f.start)} ${f.name}`,
      "aria-label": `${f.name} at ${clock(f.start)}`, onclick: (e) => { e.stopPropagation(); this.select(f.n); } }, GLYPHS[f.polarity]));
    const quiet = d.lanes.silences.map(([a, b, , said]) => el("span", { class: "cv-quiet", style: { left: pc(a), width: pc(b - a) }, title: `${said}, ${clock(a)} to ${clock(b)}` }, el("b", {}, (b - a) / d.duration > 0.12 ? `${said} ${Math.round(b - a)} s` : `${Math.round(b - a)} s`)));
    const over = d.lanes.overlaps.map(([a, b]) => el("span", { class: "cv-over", style: { left: pc(a), width: pc(b - a) }, title: `both speak at ${clock(a)} for ${(b - a).toFixed(1)} s` }));
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => el("span", { style: { left: `${100 * share}%` } }, clock(share * d.duration)));
    this.head = el("span", { class: "cv-head", hidden: true });
    this.inner = el("div", { class: "cv-inner", onclick: (e) => { const box = this.inner.getBoundingClientRect(); this.play(((e.clientX - box.left) / box.width) * d.duration); } },
      el("div", { class: "cv-lane customer" }, bars(d.lanes.customer)), el("div", { class: "cv-lane agent" }, bars(d.lanes.agent)),
      over, quiet, el("div", { class: "cv-lane marks" }, marks), el("div", { class: "cv-ticks" }, ticks), this.head);
    this.nowNode = el("div", { class: "cv-now", "aria-live": "polite" }, el("span", { class: "cv-small" }, this.data.hasSound ? "Choose a mark, a word or an answer to hear it." : "This call has no sound to play: it came as a transcript."));
    this.playButton = d.hasSound ? el("button", { class: "cv-btn cv-main", onclick: () => this.toggle() }, "▶ Play") : null;
    this.timeNode = d.hasSound ? el("span", { class: "cv-small" }, "") : null;
    const zoomed = (by) => { this.zoom = Math.min(16, Math.max(1, this.zoom * by)); this.inner.style.width = `${100 * this.zoom}%`; };
    return el("section", { class: "cv-card cv-time", "aria-label": "Timeline of the call" },
      el("div", { class: "cv-bar" }, this.playButton, this.timeNode,
        el("button", { class: "cv-btn", onclick: () => this.step(-1), "aria-label": "Finding before" }, "‹ Finding"), el("button", { class: "cv-btn", onclick: () => this.step(1), "aria-label": "Next finding" }, "Finding ›"),
        el("span", { class: "cv-grow" }),
        el("span", { class: "cv-small cv-keys" }, el("kbd", {}, "space"), " plays, ", el("kbd", {}, "j"), " ", el("kbd", {}, "k"), " next and previous finding"),
        el("button", { class: "cv-btn", onclick: () => zoomed(0.5), "aria-label": "Show more of the call" }, "−"), el("button", { class: "cv-btn", onclick: () => zoomed(2), "aria-label": "Show less, larger" }, "+")),
      el("div", { class: "cv-names" }, el("span", { class: "customer" }, "Customer"), el("span", { class: "agent" }, this.data.agent.split(" ")[0]), el("span", {}, "Marks")),
      el("div", { class: "cv-scroll" }, el("div", { class: "cv-lanes" }, this.inner)), this.nowNode,
      el("div", { class: "cv-legend cv-small" }, el("span", {}, "▲ helps"), el("span", {}, "▼ hurts"), el("span", {}, "◆ a fact"), d.lanes.overlaps.length ? el("span", {}, "shaded: both speak") : null, d.lanes.silences.length ? el("span", {}, "hatched: nobody speaks") : null));
  }

  // ---- transcript
  transcript() {
    const turns = this.data.turns.map((turn) => this.turn(turn));
    const doubtful = this.data.turns.some((t) => t.parts.some((p) => p[2]));
    return el("section", { class: "cv-pane", tabindex: 0, "aria-label": "Transcript" }, el("h2", {}, "What was said"),
      doubtful ? el("p", { class: "cv-small" }, "Dotted words were hard to recognise; nothing is scored from them.") : null,
      el("div", { class: "cv-turns" }, turns));
  }
  turn(turn) {
    const said = el("div", { class: "cv-said" });
    let open = null, openKey = "";
    for (const [text, at, doubtful, inside] of turn.parts) {
      const key = inside.join(" ");
      if (key !== openKey) { open = inside.length ? this.markFor(inside) : null; openKey = key; if (open) said.append(open); }
      const into = open ?? said;
      if (at === null || !this.data.hasSound) { into.append(doubtful ? el("span", { class: "cv-w doubt", title: "hard to recognise" }, text) : text); continue; }
      const node = el("span", { class: `cv-w${doubtful ? " doubt" : ""}`, title: doubtful ? "hard to recognise" : null, onclick: () => this.play(at) }, text);
      this.words.push({ at, node });
      into.append(node);
    }
    const shown = [...new Set([...turn.parts.flatMap((p) => p[3]), ...turn.beside])].map((n) => this.byN.get(n)).filter(Boolean);
    const tags = shown.map((f) => el("button", { class: `cv-tag ${CLASSES[f.polarity]}`, "data-f": f.n, title: f.why, onclick: () => this.select(f.n) }, `${GLYPHS[f.polarity]} ${f.name}`));
    const name = turn.who === "agent" ? this.data.agent : "Customer";
    const node = el("div", { class: `cv-turn ${turn.who}` },
      el("button", { class: "cv-at", "aria-label": `Play from ${clock(turn.start)}`, disabled: !this.data.hasSound, onclick: () => this.play(turn.start) }, clock(turn.start)),
      el("div", {}, el("div", { class: "cv-who" }, name + (turn.unsure ? " (probably)" : "")), said, tags.length ? el("div", { class: "cv-tags" }, tags) : null));
    this.turnNodes.push({ start: turn.start, end: turn.end, node });
    return node;
  }
  markFor(inside) {
    const first = this.byN.get(inside.find((n) => this.byN.get(n)?.polarity === "-") ?? inside[0]) ?? this.byN.get(inside[0]);
    if (!first) return null;
    return el("mark", { class: `cv-f ${CLASSES[first.polarity]}`, "data-f": inside.join(" "), title: first.name });
  }

  // ---- answers
  answers() {
    return el("section", { class: "cv-pane", tabindex: 0, "aria-label": "Answers by section" }, el("h2", {}, "How the form was answered"),
      this.data.sections.map((s) => this.section(s)),
      el("p", { class: "cv-small cv-hint" }, "✓ met · ✕ missed · – did not apply · ∅ not measured · ? uncertain. Only ✓ and ✕ count."));
  }
  section(section) {
    const of = (outcome) => section.answers.filter((a) => a.outcome === outcome);
    const counts = ["met", "missed", "uncertain", "not_measured"].map((o) => of(o)).filter((list) => list.length).map((list) => `${list[0].sign} ${list.length}`).join("  ");
    const told = section.answers.filter((a) => a.outcome !== "not_applicable");
    const idle = of("not_applicable");
    const rank = { missed: 0, uncertain: 1, met: 2, not_measured: 3 };
    told.sort((a, b) => rank[a.outcome] - rank[b.outcome]);
    return el("details", { class: "cv-sec", open: of("missed").length > 0 },
      el("summary", {}, el("span", {}, section.title), el("span", { class: "cv-grow" }), el("span", { class: "cv-counts" }, counts), el("span", { class: "cv-score" }, section.score === null ? "–" : String(section.score))),
      told.map((a) => this.answer(a)),
      idle.length ? el("details", { class: "cv-more" }, el("summary", {}, `– ${idle.length} did not apply`), idle.map((a) => this.answer(a))) : null);
  }
  answer(a) {
    const counted = a.outcome === "met" || a.outcome === "missed";
    const points = counted && a.of > 0 ? `${a.points} of ${a.of}` : a.meaning;
    const moment = (m, label) => el("button", { class: "cv-mom", onclick: () => (this.byN.has(m.n) ? this.select(m.n) : this.hear(m.start, m.end)) },
      el("b", {}, `${this.data.hasSound ? "▶ " : ""}${clock(m.start)}`), label ? ` ${label}` : "", m.quote ? ` “${m.quote}”` : "");
    const moments = [...a.evidence.map((m) => moment(m, "")), ...(a.outcome === "missed" ? a.opportunity.map((m) => moment(m, "the chance:")) : [])];
    return el("div", { class: `cv-ans ${a.outcome}` },
      el("span", { class: "cv-sign", "aria-label": a.meaning, role: "img" }, a.sign), el("span", { class: "cv-q" }, a.question), el("span", { class: "cv-pts" }, points),
      el("div", { class: "cv-why" }, a.reason), moments.length ? el("div", { class: "cv-moms" }, moments) : null);
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".cv");
  if (root.view && root.revision === data.revision) return () => {};
  root.view?.end();
  root.view = new View(root, data);
  root.revision = data.revision;
  return () => { if (!root.isConnected) root.view?.end(); };
}
