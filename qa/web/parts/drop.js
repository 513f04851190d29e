// Sends each chosen file to the upload route, three at a time, and tells the page when all of a drop are there.
const AT_ONCE = 3;

function node(tag, props, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, props);
  made.append(...children);
  return made;
}

// Folders that are dropped are walked; the names keep their place in the folder.
async function filesOf(items) {
  const found = [];
  const walk = async (entry, path) => {
    if (entry.isFile) found.push({ file: await new Promise((ok, no) => entry.file(ok, no)), name: path + entry.name });
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((ok, no) => reader.readEntries(ok, no));
        if (!some.length) break;
        for (const one of some) await walk(one, `${path}${entry.name}/`);
      }
    }
  };
  for (const entry of items) await walk(entry, "");
  return found;
}

function send(address, { file, name }, row) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    const path = name.split("/").map(encodeURIComponent).join("/");
    request.open("PUT", address + path);
    request.upload.onprogress = (e) => { row.bar.value = e.total ? e.loaded / e.total : 0; row.state.textContent = `${Math.floor(100 * row.bar.value)} %`; };
    const end = (problems) => {
      row.bar.value = 1;
      row.state.textContent = problems.length ? "✕" : "✓";
      for (const said of problems) row.item.append(node("span", { className: "said", textContent: said }));
      done(problems.length === 0);
    };
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* the answer of a proxy, not ours */ }
      end(answer.problems ?? [`${name}: the server answered ${request.status}`]);
    };
    request.onerror = () => end([`${name}: the connection broke off; drop it again`]);
    request.send(file);
  });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".drop");
  root.address = data.address;
  root.tell = setTriggerValue;
  if (root.ready) return;
  root.ready = true;
  const list = node("ul", { className: "drop-list" });
  list.setAttribute("aria-live", "polite");
  const input = node("input", { type: "file", multiple: true });
  input.setAttribute("aria-label", "Choose recordings, transcripts or a zip");
  const zone = node("label", { className: "drop-zone" }, node("b", { textContent: "Drop recordings here" }),
    node("span", {}, "files, folders or a zip, of any size, or ", node("u", { textContent: "choose them" })), input);
  root.replaceChildren(zone, list);

  const take = async (files) => {
    if (!files.length) return;
    const waiting = files.map((one) => {
      const row = { bar: node("progress", { max: 1, value: 0 }), state: node("span", { className: "state", textContent: "waits" }) };
      row.item = node("li", {}, node("span", { className: "name", textContent: one.name, title: one.name }), row.bar, row.state);
      list.append(row.item);
      return { one, row };
    });
    const next = async () => { for (let job = waiting.shift(); job; job = waiting.shift()) await send(root.address, job.one, job.row); };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    for (const item of [...list.children]) if (!item.querySelector(".said")) item.remove();
    root.tell("uploaded", Date.now());
  };
  input.onchange = () => { const chosen = [...input.files].map((file) => ({ file, name: file.webkitRelativePath || file.name })); input.value = ""; take(chosen); };
  zone.ondragover = (e) => { e.preventDefault(); zone.classList.add("over"); };
  zone.ondragleave = () => zone.classList.remove("over");
  zone.ondrop = async (e) => {
    e.preventDefault();
    zone.classList.remove("over");
    const entries = [...e.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    take(entries.length ? await filesOf(entries) : [...e.dataTransfer.files].map((file) => ({ file, name: file.name })));
  };
}
