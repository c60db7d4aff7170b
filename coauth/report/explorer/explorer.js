// The explorer: window, review cue and choice are its whole state; every change draws the map and the panel anew.

const MATCHES = 8;

function explorer(root) {
  const get = (name) => root.querySelector(`#explorer-${name}`);
  const data = JSON.parse(get("data").textContent);
  const [slider, filter, search, svg] = ["window", "cue", "search", "map"].map(get);
  const windows = [];
  const read = () => (windows[slider.value] ??= readWindow(data, Number(slider.value)));
  const words = panel(get("panel"), data, choose);
  root.hidden = false; // before anything is measured
  const drawing = map(svg, data);
  const seen = camera(svg, drawing.whole, () => drawing.name(seen));
  let chosen = {};

  function update() {
    const now = read();
    root.dataset.cue = filter.value;
    const counts = drawing.draw(now, filter.value, chosen);
    get("status").textContent = words.show(now, filter.value, chosen, counts);
    const period = words.period(now.window);
    get("period").textContent = period;
    slider.setAttribute("aria-valuetext", period);
    drawing.name(seen);
  }
  // The choice is brought into view, and what is said of it is read next.
  function choose(next, { follow = true } = {}) {
    chosen = next;
    update();
    const box = get("panel");
    box.scrollTop = 0;
    if (follow) box.querySelector("h4").focus({ preventScroll: true });
    const ends = next.pair !== undefined ? data.pairs[next.pair].slice(0, 2) : next.institution !== undefined ? [next.institution] : [];
    if (ends.length && !ends.every((id) => seen.sees(drawing.place(id)))) seen.centre(drawing.place(ends[0]));
  }

  slider.addEventListener("input", update);
  filter.addEventListener("change", update);
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target !== search) choose({});
  });
  for (const button of root.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => ({ in: () => seen.zoom(1.5), out: () => seen.zoom(1 / 1.5), whole: seen.whole })[button.dataset.zoom]());
  }

  const folded = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replace(/ø/g, "o").replace(/æ/g, "ae");
  const index = data.institutions.map(([id, name, country], place) => [folded(`${name} ${country} ${id}`), place]);
  function find() {
    const asked = folded(search.value).split(/\s+/).filter(Boolean);
    const found = asked.length ? index.filter(([text]) => asked.every((word) => text.includes(word))).map(([, place]) => place) : [];
    get("matches").replaceChildren(...found.slice(0, MATCHES).map(words.row));
    get("found").textContent = !asked.length ? "" : found.length ? words.say("found", { found: found.length, shown: Math.min(found.length, MATCHES) }) : words.say("found_none");
    return found;
  }
  function forget() {
    search.value = "";
    find();
  }
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") forget();
    if (event.key !== "Enter") return;
    event.preventDefault();
    const [best] = find();
    if (best === undefined) return;
    forget();
    choose({ institution: best });
  });
  get("matches").addEventListener("click", forget);

  let down = null; // where the pointer went down: a click that moved was a drag
  svg.addEventListener("pointerdown", (event) => { down = [event.clientX, event.clientY]; });
  svg.addEventListener("click", (event) => {
    if (down && Math.hypot(event.clientX - down[0], event.clientY - down[1]) > 4) return;
    choose(drawing.under(seen.point(event), 6 * seen.pixel()), { follow: false });
  });
  svg.addEventListener("pointermove", (event) => {
    const under = drawing.under(seen.point(event), 6 * seen.pixel());
    svg.classList.toggle("pointing", Object.keys(under).length > 0);
  });
  update();
  seen.whole();
  new ResizeObserver(seen.refit).observe(svg);
}

for (const root of document.querySelectorAll(".explorer")) explorer(root);
