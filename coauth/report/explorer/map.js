// The map: a disc an institution, a line a pair, names where there is room. Sizes keep their scale in every window.

const LINES = 500; // drawn at once; those of listed institutions and of the choice always are
const ROOM = 48; // pixels of width for each name
const LONGEST = 36; // letters of a name
const SMALLEST = 5, LARGEST = 48; // radius in units of the map
const SVG = "http://www.w3.org/2000/svg";

function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function map(svg, data) {
  const places = data.institutions.map(([, , , , x, y]) => [x, -y]); // the layout's y grows upwards
  const strongest = Math.max(1, ...data.windows.flatMap((_, window) => strengths(data, window)));
  const layers = ["ties", "discs", "names"].map((name) => shape("g", { class: name }));
  svg.replaceChildren(...layers);
  const [ties, discs, names] = layers;
  const pen = document.createElement("canvas").getContext("2d");
  let drawn = { pairs: [], institutions: [] };

  const radius = (id, works) => Math.max(LARGEST * Math.sqrt(works / strongest), SMALLEST) * (data.institutions[id][3] === 0 ? 1.6 : 1);

  // `chosen` is nothing, {institution} or {pair}; what has to do with it stands out.
  function draw(read, cue, chosen) {
    const pairs = read.pairs.filter((pair) => passes(pair, cue)).sort(byWorks);
    const touches = (pair) => pair.id === chosen.pair || pair.source === chosen.institution || pair.target === chosen.institution;
    const shown = pairs.filter((pair, place) => place < LINES || pair.watchlist || touches(pair));
    const most = Math.max(...pairs.map((pair) => pair.works), 1);
    ties.replaceChildren(...shown.reverse().map((pair) => {
      const [[x1, y1], [x2, y2]] = [places[pair.source], places[pair.target]];
      const kind = pair.watchlist ? "watchlist" : pair.technology && cue !== "all" ? "technology" : "plain";
      const line = shape("line", { x1, y1, x2, y2, class: `${kind}${touches(pair) ? " chosen" : ""}`, "data-pair": pair.id });
      line.style.strokeWidth = (0.6 + 4 * Math.sqrt(pair.works / most)).toFixed(2);
      return line;
    }));
    const joined = new Set(pairs.flatMap((pair) => [pair.source, pair.target]));
    const near = new Set(pairs.filter(touches).flatMap((pair) => [pair.source, pair.target]));
    const present = data.institutions.map((_, id) => id)
      .filter((id) => (cue === "all" ? read.strength[id] || joined.has(id) : joined.has(id)) || id === chosen.institution)
      .map((id) => ({ id, at: places[id], r: radius(id, read.strength[id]), near: near.has(id) || id === chosen.institution }));
    discs.replaceChildren(...[...present].sort((a, b) => b.r - a.r || a.id - b.id).map(({ id, at: [cx, cy], r, near }) => shape("circle", {
      cx, cy, r, class: `${data.classes[data.institutions[id][3]][0]}${near ? " chosen" : ""}`, "data-institution": id,
    })));
    svg.classList.toggle("choosing", near.size > 0 || chosen.institution !== undefined);
    drawn = { pairs: shown, institutions: present };
    return { institutions: present.length, pairs: pairs.length, lines: shown.length };
  }

  // Names of the chosen, then of the strongest, each where it covers no other.
  function name({ pixel, sees, view }) {
    const [unit, edge] = [pixel(), view()];
    const most = svg.clientWidth / ROOM;
    pen.font = "12px sans-serif";
    const taken = [];
    const wanted = drawn.institutions.filter(({ at }) => sees(at)).sort((a, b) => b.near - a.near || b.r - a.r || a.id - b.id);
    const written = [];
    for (const { id, at: [x, y], r, near } of wanted) {
      if (written.length >= most) break;
      const whole = data.institutions[id][1];
      const text = whole.length > LONGEST ? `${whole.slice(0, LONGEST - 1).trimEnd()}…` : whole;
      const wide = (pen.measureText(text).width * 1.08 + 8) * unit;
      const fits = (start) => start >= edge.x && start + wide <= edge.x + edge.width;
      const beside = [x + r + 3 * unit, x - r - wide].find(fits); // right, else left, else below and inside
      const box = {
        x: beside ?? Math.min(Math.max(x - wide / 2, edge.x), edge.x + edge.width - wide), width: wide,
        y: (beside === undefined ? y + r + 8 * unit : y) - 8 * unit, height: 16 * unit,
      };
      if (taken.some((o) => box.x < o.x + o.width && o.x < box.x + box.width && box.y < o.y + o.height && o.y < box.y + box.height)) continue;
      taken.push(box);
      const label = shape("text", { x: box.x, y: box.y + 12 * unit, class: near ? "chosen" : "" });
      label.textContent = text;
      written.push(label);
    }
    names.replaceChildren(...written);
  }

  // What lies under a point: a disc, else a line not further than `reach`.
  function under([x, y], reach) {
    const disc = drawn.institutions.filter(({ at, r }) => Math.hypot(at[0] - x, at[1] - y) <= Math.max(r, reach))
      .sort((a, b) => Math.hypot(a.at[0] - x, a.at[1] - y) - a.r - (Math.hypot(b.at[0] - x, b.at[1] - y) - b.r))[0];
    if (disc) return { institution: disc.id };
    const far = ({ source, target }) => {
      const [[ax, ay], [bx, by]] = [places[source], places[target]];
      const along = Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2 || 1)));
      return Math.hypot(ax + along * (bx - ax) - x, ay + along * (by - ay) - y);
    };
    const close = drawn.pairs.map((pair) => [far(pair), pair]).filter(([distance]) => distance <= reach);
    close.sort((a, b) => (b[1].watchlist > 0) - (a[1].watchlist > 0) || a[0] - b[0]);
    return close.length ? { pair: close[0][1].id } : {};
  }

  const xs = places.map(([x]) => x), ys = places.map(([, y]) => y);
  const whole = {
    x: Math.min(...xs) - 2 * LARGEST, y: Math.min(...ys) - 2 * LARGEST,
    width: Math.max(...xs) - Math.min(...xs) + 4 * LARGEST, height: Math.max(...ys) - Math.min(...ys) + 4 * LARGEST,
  };
  return { draw, name, under, whole, place: (id) => places[id] };
}
