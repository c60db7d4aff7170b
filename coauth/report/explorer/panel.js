// Beside the map, in words: the window as a whole, one institution with its strongest partners, or one pair with its works.

const PARTNERS = 8; // as many as the page holds for every institution and window
const CUED = 30;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// `choose` is called with {institution} or {pair} when a button is used.
function panel(box, data, choose) {
  const number = (value) => value.toLocaleString(document.documentElement.lang);
  const say = (key, values = {}) => data.say[key].replace(/{(\w+)}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : value;
  });
  const named = (id) => {
    const [, name, country, kind] = data.institutions[id];
    return data.classes[kind][0] === "domestic" || !country ? name : `${name} (${country})`;
  };
  const period = (window) => {
    const [first, last] = data.windows[window];
    const young = data.preliminary.filter((year) => first <= year && year <= last);
    const years = first === last ? `${first}` : `${first}–${last}`;
    return young.length ? say("preliminary", { period: years, years: young.join(", ") }) : years;
  };
  const button = (chosen, ...inside) => {
    const made = element("button", { type: "button" }, ...inside);
    for (const [kind, id] of Object.entries(chosen)) made.dataset[kind] = id;
    made.addEventListener("click", () => choose(chosen));
    return made;
  };
  const cueWords = (pair) => ["watchlist", "technology"].filter((kind) => pair[kind]).map((kind) => say(`cue_${kind}`)).join(", ");
  const told = (pair) => [say("works", { works: pair.works }), ...(pair.above ? [say("above", { works: pair.above })] : [])].join("; ");
  const row = (chosen, title, pair) => {
    const cue = cueWords(pair);
    return element("li", {}, button(chosen, title), " ", element("span", { class: "soft" }, told(pair)), ...(cue ? [" ", element("span", { class: "cue" }, cue)] : []));
  };
  const listing = (...items) => element("ul", {}, ...items);
  const paragraph = (text, kind = "") => element("p", { class: kind }, text);
  const heading = (text) => element("h4", { tabindex: "-1" }, text);

  function overview(read, pairs) {
    const found = cued(pairs);
    const shown = found.slice(0, CUED).map((pair) => row({ pair: pair.id }, `${named(pair.source)} – ${named(pair.target)}`, pair));
    return [
      heading(say("cued_pairs", { period: period(read.window) })),
      found.length ? listing(...shown) : paragraph(say("cued_none"), "soft"),
      ...(found.length > CUED ? [paragraph(say("more", { more: found.length - CUED }), "soft")] : []),
    ];
  }

  function institution(read, pairs, id) {
    const [, , , kind, , , , intervals] = data.institutions[id];
    const interval = intervals[read.window];
    const mine = pairs.filter((pair) => pair.source === id || pair.target === id).sort(byWorks).slice(0, PARTNERS);
    const other = (pair) => (pair.source === id ? pair.target : pair.source);
    return [
      heading(named(id)),
      paragraph(data.classes[kind][1], "soft"),
      paragraph(say("strength", { period: period(read.window), works: read.strength[id] })
        + (interval ? ` ${say("interval", { low: interval[0], high: interval[1] })}` : "")),
      element("h5", {}, say("partners", { period: period(read.window) })),
      mine.length ? listing(...mine.map((pair) => row({ pair: pair.id }, named(other(pair)), pair))) : paragraph(say("partners_none"), "soft"),
    ];
  }

  function pair(read, id) {
    const [source, target, years] = data.pairs[id];
    const found = read.pairs.find((p) => p.id === id) ?? { id, works: 0, above: 0 };
    const cues = cuesOf(data, id, read.inside);
    const byYear = years.filter(([year]) => read.inside(year)).map(([year, works, above = 0]) => `${data.first + year}: ${number(works + above)}`);
    return [
      heading(say("joint", { period: period(read.window) })),
      listing(...[source, target].map((end) => element("li", {}, button({ institution: end }, named(end))))),
      paragraph([told(found), ...(byYear.length ? [say("by_year", { years: byYear.join(", ") })] : [])].join(". ")),
      ...(cues.length ? cueLists(cues) : [paragraph(say("no_cue"), "soft")]),
      ...(cues.length && data.named ? evidence(read, id, cues) : []),
    ];
  }
  // The entries of each list, with their works.
  function cueLists(cues) {
    const lists = new Map();
    for (const [entry, works] of cues) {
      const [kind, list, name] = data.entries[entry];
      lists.set(list, [...(lists.get(list) ?? []), [kind, `${name}: ${number(works)}`]]);
    }
    return [...lists].flatMap(([list, entries]) => [
      element("h5", {}, element("span", { class: "cue" }, say(`cue_${entries[0][0]}`)), ` ${say("works_of", { list })}`),
      listing(...entries.map(([, text]) => element("li", {}, text))),
    ]);
  }

  // The works behind the cues of a pair; where there was no room for all, how many are missing and how to see them.
  function evidence(read, id, cues) {
    const works = worksOf(data, id, read.inside);
    const listed = (entry) => works.filter(([, bases]) => bases.some(([of]) => of === entry)).length;
    const missing = Math.max(...cues.map(([entry, count]) => count - listed(entry)));
    const [source, target] = data.pairs[id].map((end) => data.institutions[end]?.[0]);
    return [
      element("h5", {}, say(works.length ? "evidence" : "evidence_none")),
      element("ol", { class: "works" }, ...works.map(([work, bases]) => workLine(work, bases))),
      ...(missing > 0 ? [paragraph(say("unlisted", { command: `coauth explain ${source} ${target} --year ${data.windows[read.window].join("-")}` }), "soft")] : []),
    ];
  }
  function workLine(work, bases) {
    const [id, doi, title, year] = data.works[work];
    const link = doi ? [" ", element("a", { href: `https://doi.org/${encodeURI(doi)}`, rel: "noreferrer" }, doi)] : [];
    const why = bases.map(([entry, basis]) => `${data.entries[entry][2]}: ${data.bases[basis]}`);
    return element("li", { "data-work": id }, element("cite", {}, title || say("no_title")), ` ${year}. ${id}`, ...link,
      ...why.map((text) => element("span", { class: "soft why" }, text)));
  }

  function show(read, cue, chosen, counts) {
    const pairs = read.pairs.filter((p) => passes(p, cue));
    const back = element("button", { type: "button", class: "back" }, say("overview"));
    back.addEventListener("click", () => choose({}));
    const parts = chosen.pair !== undefined ? pair(read, chosen.pair)
      : chosen.institution !== undefined ? institution(read, pairs, chosen.institution) : overview(read, pairs);
    box.replaceChildren(...(chosen.pair === undefined && chosen.institution === undefined ? [] : [back]), ...parts);
    return say("status", { ...counts, period: period(read.window), watchlist: pairs.filter((p) => p.watchlist).length, technology: pairs.filter((p) => p.technology).length });
  }
  return { show, say, named, period, row: (id) => element("li", {}, button({ institution: id }, named(id))) };
}
