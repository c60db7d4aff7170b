// Charts: the point nearest to the pointer, or chosen by arrow keys, is told in words; a series may be hidden.
// The points, with their sentences, are in the SVG (see traces.py); without this script a browser shows them as tooltips.

function chart(svg) {
  const host = svg.parentElement;
  const groups = [...svg.querySelectorAll("g.points")];
  const traces = groups.map((group) => [...group.children].map((disc) => {
    const told = disc.querySelector("title");
    told.remove(); // it would be shown a second time, and later
    return { disc, told: told.textContent, x: disc.cx.baseVal.value, y: disc.cy.baseVal.value, series: group.dataset.series };
  }));
  const tip = element("p", { class: "tip", role: "status" });
  const ring = shape("circle", { class: "ring", r: 5, visibility: "hidden" });
  svg.append(ring);
  host.classList.add("chart");
  host.tabIndex = 0;
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", svg.closest("figure").querySelector("figcaption").textContent.trim());
  host.append(tip);
  const hidden = new Set();
  let at = [0, 0];

  function tell(point) {
    ring.setAttribute("visibility", point ? "visible" : "hidden");
    tip.textContent = point ? point.told : "";
    if (!point) return;
    ring.setAttribute("cx", point.x);
    ring.setAttribute("cy", point.y);
    const scale = svg.clientWidth / svg.viewBox.baseVal.width;
    const left = Math.min(Math.max(point.x * scale - tip.offsetWidth / 2, 0), host.clientWidth - tip.offsetWidth);
    tip.style.left = `${left}px`;
    tip.style.top = `${point.y * scale - tip.offsetHeight - 12}px`;
  }
  const shown = () => traces.map((trace) => trace.filter(({ series }) => !hidden.has(series)));

  host.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    const away = (p) => Math.hypot(p.x * scale - (event.clientX - box.left), p.y * scale - (event.clientY - box.top));
    const nearest = shown().flat().reduce((best, p) => (!best || away(p) < away(best) ? p : best), null);
    tell(nearest && away(nearest) < 28 ? nearest : null);
  });
  host.addEventListener("pointerleave", () => tell(null));
  host.addEventListener("focus", () => step(0, 0));
  host.addEventListener("blur", () => tell(null));
  host.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (event.key === "Escape") tell(null);
    if (!moves[event.key]) return;
    event.preventDefault();
    step(...moves[event.key]);
  });
  // Left and right through the points of a series, up and down through the series.
  function step(down, right) {
    const open = shown().filter((trace) => trace.length);
    if (!open.length) return;
    const trace = Math.min(Math.max(at[0] + down, 0), open.length - 1);
    at = [trace, Math.min(Math.max(at[1] + right, 0), open[trace].length - 1)];
    tell(open[at[0]][at[1]]);
  }

  // A legend where one panel holds more than one series; of very many, each has its name beside its line.
  const panels = groups.map((group) => group.dataset.axes);
  const shared = groups.filter((group) => panels.filter((axes) => axes === group.dataset.axes).length > 1);
  const series = new Map(shared.map(({ dataset }) => [dataset.series, dataset]));
  if (series.size < 2 || series.size > 6) return;
  const buttons = [...series.values()].map(({ series: number, name, colour }) => {
    const button = element("button", { type: "button", "aria-pressed": "true" }, element("span", { class: "swatch", "aria-hidden": "true" }), name);
    button.firstChild.style.background = colour;
    button.addEventListener("click", () => {
      const off = !hidden.delete(number) && hidden.add(number);
      button.setAttribute("aria-pressed", String(!off));
      for (const part of svg.querySelectorAll(`[data-series="${number}"]`)) part.classList.toggle("off", Boolean(off));
      tell(null);
    });
    return button;
  });
  host.before(element("p", { class: `series ${host.classList.contains("narrow") ? "narrow" : "wide"}` }, ...buttons));
}

for (const svg of document.querySelectorAll("figure svg")) if (svg.querySelector("g.points")) chart(svg);
