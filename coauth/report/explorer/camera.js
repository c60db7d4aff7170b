// Which part of the map is seen: zoom and pan by buttons, keys, wheel, drag and pinch. Nothing is animated.

const NEAREST = 12; // times the whole

function camera(svg, whole, moved) {
  let seen = { ...whole };

  // As wide and high as the element, so that a step in pixels is the same in both directions.
  function fitted({ x, y, width, height }) {
    const shape = svg.clientWidth / Math.max(svg.clientHeight, 1) || 1;
    const wide = Math.max(width, height * shape);
    return { x: x - (wide - width) / 2, y: y - (wide / shape - height) / 2, width: wide, height: wide / shape };
  }
  function look(view) {
    const widest = fitted(whole).width;
    const width = Math.min(Math.max(view.width, widest / NEAREST), widest);
    const height = (width * view.height) / view.width;
    const hold = (at, size, start, room) => Math.min(Math.max(at, start - size / 2), start + room - size / 2);
    seen = {
      width, height,
      x: hold(view.x + (view.width - width) / 2, width, whole.x, whole.width),
      y: hold(view.y + (view.height - height) / 2, height, whole.y, whole.height),
    };
    svg.setAttribute("viewBox", [seen.x, seen.y, seen.width, seen.height].map((v) => v.toFixed(2)).join(" "));
    svg.style.setProperty("--pixel", `${api.pixel()}px`);
    moved();
  }
  function point(event) {
    const box = svg.getBoundingClientRect();
    return [seen.x + ((event.clientX - box.left) / box.width) * seen.width, seen.y + ((event.clientY - box.top) / box.height) * seen.height];
  }
  // Closer by `factor`, holding the point [x, y] where it is.
  function zoom(factor, [x, y] = [seen.x + seen.width / 2, seen.y + seen.height / 2]) {
    look({ x: x - (x - seen.x) / factor, y: y - (y - seen.y) / factor, width: seen.width / factor, height: seen.height / factor });
  }
  const pan = (dx, dy) => look({ ...seen, x: seen.x + dx, y: seen.y + dy });

  svg.addEventListener("keydown", (event) => {
    const step = seen.width / 10;
    const keys = {
      ArrowLeft: () => pan(-step, 0), ArrowRight: () => pan(step, 0), ArrowUp: () => pan(0, -step), ArrowDown: () => pan(0, step),
      "+": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: () => api.whole(),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  // The wheel alone scrolls the page; with Ctrl (what a pinch on a touchpad sends) it zooms.
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 200), point(event));
  }, { passive: false });

  const held = new Map(); // pointers that are down
  svg.addEventListener("pointerdown", (event) => held.set(event.pointerId, event));
  svg.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const other = [...held.values()].find((p) => p.pointerId !== event.pointerId);
    held.set(event.pointerId, event);
    if (other) {
      const apart = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
      zoom(apart(event) / Math.max(apart(before), 1), point(other));
    } else {
      pan((before.clientX - event.clientX) * api.pixel(), (before.clientY - event.clientY) * api.pixel());
    }
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) svg.addEventListener(end, (event) => held.delete(event.pointerId));

  const api = {
    point, zoom,
    pixel: () => seen.width / Math.max(svg.clientWidth, 1), // one pixel, in units of the map
    sees: ([x, y]) => seen.x <= x && x <= seen.x + seen.width && seen.y <= y && y <= seen.y + seen.height,
    view: () => seen,
    centre: ([x, y]) => look({ ...seen, x: x - seen.width / 2, y: y - seen.height / 2 }),
    whole: () => look(fitted(whole)),
    refit: () => { // after the element changed its shape
      const height = (seen.width * svg.clientHeight) / Math.max(svg.clientWidth, 1);
      if (height) look({ ...seen, y: seen.y + (seen.height - height) / 2, height });
    },
  };
  return api;
}
