// What makes the page quick; without it every form still works. Text from elsewhere arrives
// escaped from the server or is set as text.
"use strict";

const main = document.querySelector("main");
const at = (id) => document.getElementById(id);

function enliven(root) {
  for (const button of root.querySelectorAll("button.copy")) button.hidden = !navigator.clipboard;
}

// A language that was chosen holds for everything that is asked for from here.
const chosen = new URLSearchParams(location.search).get("lang");
const spoken = (path) => (chosen ? `${path}?lang=${encodeURIComponent(chosen)}` : path);

async function part(path, options = {}) {
  const answer = await fetch(spoken(path), { ...options, headers: { "X-Part": "1" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

function show(html) {
  at("result").innerHTML = html;
  enliven(at("result"));
  at("result").querySelector("h1")?.focus({ preventScroll: true });
}

function draw(news) {
  const known = [...at("picture").querySelectorAll(".lying .hop")].map((hop) => hop.dataset.hop);
  if (known.join() !== news.hops.map((hop) => hop.hop).join()) {
    at("picture").innerHTML = news.picture;
    return;
  }
  for (const hop of news.hops) {
    for (const drawn of at("picture").querySelectorAll(`[data-hop="${hop.hop}"]`)) {
      drawn.dataset.state = hop.state;
      drawn.querySelector(".time").textContent = hop.time;
    }
  }
}

function follow(check) {
  const source = new EventSource(spoken(`/checks/${check}/events`));
  source.onmessage = async (event) => {
    const news = JSON.parse(event.data);
    if (at("said").textContent !== news.said) at("said").textContent = news.said;
    if (news.hops.length) draw(news);
    if (news.state === "waiting" || news.state === "running") return;
    source.close();
    main.dataset.state = news.state;
    at("picture").classList.remove("alive");
    if (news.picture) at("picture").innerHTML = news.picture;
    at("stop")?.remove();
    show(await part(`/checks/${check}/verdict`));
    at("said").hidden = true;
    document.title = `${at("result").querySelector("h1").textContent} · badgateway`;
  };
}

async function watch(form) {
  const asked = window.Notification?.requestPermission().catch(() => {});
  form.hidden = true;
  const [status, tries] = form.parentElement.querySelectorAll("[role=status], .tries");
  const path = new URL(form.action).pathname;
  await part(path, { method: "POST" });
  await asked;
  const source = new EventSource(spoken(`${path}/events`));
  source.onmessage = async (event) => {
    const news = JSON.parse(event.data);
    status.hidden = tries.hidden = false;
    status.textContent = news.said;
    tries.replaceChildren(...news.tries.map((one) => {
      const drawn = document.createElement("li");
      drawn.className = one.good ? "good" : "bad";
      drawn.title = drawn.textContent = one.good ? "✓" : one.met;
      return drawn;
    }));
    if (news.state === "running") return;
    source.close();
    form.hidden = news.back;
    if (!news.back) return;
    document.title = `✓ ${news.title}`;
    if (window.Notification?.permission === "granted") new Notification(news.title);
    show(await part(`/checks/${main.dataset.check}/verdict`));
    at("picture").innerHTML = await part(`/checks/${main.dataset.check}/picture`);
  };
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const path = new URL(form.action).pathname;
  if (path.endsWith("/watch")) {
    event.preventDefault();
    await watch(form);
    return;
  }
  if (!path.endsWith("/answer")) return;
  event.preventDefault();
  const said = new FormData(form, event.submitter);
  for (const button of at("result").querySelectorAll(".questions button")) button.disabled = true;
  const html = await part(path, { method: "POST", body: new URLSearchParams(said) });
  show(html);
  const picture = await part(`/checks/${main.dataset.check}/picture`);
  if (picture.trim()) at("picture").innerHTML = picture;
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
  const before = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = before; }, 1500);
});

const field = at("text");
if (field) {
  const files = at("files");
  const named = () => { at("chosen").textContent = [...files.files].map((file) => file.name).join(", "); };
  files.addEventListener("change", named);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      field.classList.toggle("over", kind === "dragover");
      if (kind !== "drop") return;
      files.files = event.dataTransfer.files;
      named();
    });
  }
}

enliven(document);
if (["waiting", "running"].includes(main.dataset.state)) follow(main.dataset.check);
else if (main.dataset.check) at("result").querySelector("h1")?.focus({ preventScroll: true });

const filter = at("filter");
if (filter) {
  filter.parentElement.hidden = false;
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    for (const item of document.querySelectorAll(".known li"))
      item.hidden = !words.every((word) => item.textContent.toLowerCase().includes(word));
  });
}
