// What a window of years holds: the works of each pair and institution in it, and the review cues of the pair.
// Pairs and institutions are told apart by their place in the data.

function readWindow(data, window) {
  const [first, last] = data.windows[window].map((year) => year - data.first);
  const inside = (year) => first <= year && year <= last;
  const pairs = data.pairs.map(([source, target, years, cues], id) => {
    const pair = { id, source, target, works: 0, above: 0, watchlist: 0, technology: 0 };
    for (const [year, works, above = 0] of years) {
      if (inside(year)) { pair.works += works; pair.above += above; }
    }
    for (const [entry, year, works] of cues) {
      if (inside(year)) pair[data.entries[entry][0]] += works;
    }
    return pair;
  }).filter((pair) => pair.works + pair.above > 0);
  return { window, inside, pairs, strength: strengths(data, window) };
}

// Works with another institution, of each institution.
function strengths(data, window) {
  const [first, last] = data.windows[window].map((year) => year - data.first);
  return data.institutions.map(([, , , , , , years]) => years.slice(first, last + 1).reduce((sum, works) => sum + works, 0));
}

// "both" asks for a listed institution and a critical technology on the same pair.
function passes(pair, cue) {
  const wanted = { all: [], watchlist: ["watchlist"], technology: ["technology"], both: ["watchlist", "technology"] }[cue];
  return wanted.every((kind) => pair[kind] > 0);
}

const byWorks = (a, b) => b.works - a.works || b.above - a.above || a.id - b.id;

// Pairs with a review cue, those with a watchlist's first.
function cued(pairs) {
  return pairs.filter((pair) => pair.watchlist || pair.technology)
    .sort((a, b) => (b.watchlist > 0) - (a.watchlist > 0) || byWorks(a, b));
}

// The cues of a pair inside a window: [entry, works], most works first.
function cuesOf(data, pair, inside) {
  const sums = new Map();
  for (const [entry, year, works] of data.pairs[pair][3]) if (inside(year)) sums.set(entry, (sums.get(entry) ?? 0) + works);
  return [...sums].sort((a, b) => a[0] - b[0]);
}

// The works behind them, newest first: [work, [[entry, basis], …]].
function worksOf(data, pair, inside) {
  const found = new Map();
  for (const [work, entry, basis] of data.pairs[pair][4]) {
    if (inside(data.works[work][3] - data.first)) found.set(work, [...(found.get(work) ?? []), [entry, basis]]);
  }
  return [...found].sort((a, b) => data.works[b[0]][3] - data.works[a[0]][3] || a[0] - b[0]);
}
