"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const canvas = document.getElementById("lanes"), readout = document.getElementById("readout"), range = document.getElementById("range");
  const pen = canvas.getContext("2d");
  const laneHeight = 46, gap = 12, axisHeight = 24, labelWidth = () => Math.min(150, Math.max(84, canvas.clientWidth * 0.14));
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // A negative number stands for so many zeros.
  const unpack = packed => {
    const values = [];
    for (const n of packed) if (n < 0) for (let i = 0; i < -n; i++) values.push(0); else values.push(n);
    return values;
  };
  for (const lane of data.lanes) for (const series of lane.series) series.values = unpack(series.values);

  const end = Math.max(data.end, 1);
  let from = 0, to = end, cursor = null;

  const time = ns => ns === 0 ? "0 s" : ns >= 1e9 ? (ns / 1e9).toFixed(to - from < 1e7 ? 6 : 3) + " s" : ns >= 1e6 ? (ns / 1e6).toFixed(3) + " ms" : (ns / 1e3).toFixed(1) + " µs";
  const amount = n => n >= 1e9 ? (n / 1e9).toFixed(1) + " G" : n >= 1e6 ? (n / 1e6).toFixed(1) + " M" : n >= 1e4 ? (n / 1e3).toFixed(1) + " k" : String(Math.round(n));
  const said = (lane, value, width) => lane.unit === "share" ? (100 * value / width).toFixed(0) + " %" : amount(value) + (lane.unit ? " " + lane.unit : "");

  // What lay between two times, from whole and cut stretches.
  const sum = (series, width, a, b) => {
    const values = series.values;
    let total = 0;
    for (let i = Math.max(0, Math.floor(a / width)); i < values.length && i * width < b; i++) {
      if (!values[i]) continue;
      const overlap = Math.min(b, (i + 1) * width) - Math.max(a, i * width);
      total += overlap >= width ? values[i] : values[i] * overlap / width;
    }
    return total;
  };

  function draw() {
    const ratio = window.devicePixelRatio || 1, wide = canvas.clientWidth, high = data.lanes.length * (laneHeight + gap) + axisHeight;
    canvas.style.height = high + "px";
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, wide, high);
    const left = labelWidth(), plot = wide - left, text = colour("--text"), soft = colour("--soft"), line = colour("--line"), faint = colour("--faint");
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    data.lanes.forEach((lane, n) => {
      const top = n * (laneHeight + gap) + gap / 2, bottom = top + laneHeight;
      // No bar is narrower than a stretch, so that every zoom shows what is known and no more.
      const step = Math.max(plot / Math.max(1, Math.round(plot / 2)), lane.width / (to - from) * plot);
      const bars = [];
      let most = lane.unit === "share" ? null : 0;
      for (let x = 0; x < plot; x += step) {
        const a = from + x / plot * (to - from), b = from + Math.min(plot, x + step) / plot * (to - from);
        const values = lane.series.map(series => sum(series, lane.width, a, b));
        bars.push([x, values, b - a]);
        if (most !== null) most = Math.max(most, values.reduce((all, value) => all + value, 0));
      }
      pen.fillStyle = faint;
      pen.fillRect(left, bottom, plot, 1);
      for (const [x, values, span] of bars) {
        let y = bottom;
        const whole = lane.unit === "share" ? (lane.relative ? values.reduce((all, value) => all + value, 0) : span) : most;
        if (!whole) continue;
        values.forEach((value, i) => {
          if (!value) return;
          const height = Math.max(lane.series.length > 1 ? 0 : 1, Math.min(1, value / whole) * laneHeight);
          pen.fillStyle = colours[(lane.colour ?? 0) + i] ?? colours[7];
          y -= height;
          const first = Math.round(left + x), next = Math.round(left + Math.min(plot, x + step));
          pen.fillRect(first, y, Math.max(1, next - first - (step >= 8 ? 1 : 0)), height);
        });
      }
      pen.fillStyle = text;
      pen.textAlign = "left";
      pen.fillText(fit(lane.name, left - 8), 0, top + laneHeight / 2 - 7);
      pen.fillStyle = soft;
      pen.fillText(fit(most === null ? "share" : most === 0 ? "nothing here" : "up to " + said(lane, most, 1), left - 8), 0, top + laneHeight / 2 + 9);
    });
    const axis = data.lanes.length * (laneHeight + gap) + 4, tick = niceTick((to - from) / Math.max(2, plot / 110));
    pen.fillStyle = soft;
    pen.textAlign = "center";
    for (let t = Math.ceil(from / tick) * tick; t <= to; t += tick) {
      const x = left + (t - from) / (to - from) * plot;
      pen.fillStyle = line;
      pen.fillRect(x, 0, 1, axis);
      pen.fillStyle = soft;
      pen.fillText(short(t, tick), Math.min(Math.max(x, left + 14), wide - 24), axis + 9);
    }
    if (cursor !== null && cursor >= from && cursor <= to) {
      pen.fillStyle = colour("--focus");
      pen.fillRect(left + (cursor - from) / (to - from) * plot, 0, 1.5, axis);
    }
    range.textContent = time(from) + " to " + time(to);
  }

  let colours = [];
  const takeColours = () => { colours = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"].map(colour); };
  const fit = (text, width) => {
    if (pen.measureText(text).width <= width) return text;
    while (text.length > 1 && pen.measureText(text + "…").width > width) text = text.slice(0, -1);
    return text + "…";
  };
  const niceTick = least => {
    const base = Math.pow(10, Math.floor(Math.log10(Math.max(least, 1))));
    return [1, 2, 5, 10].map(n => n * base).find(tick => tick >= least);
  };
  const short = (t, tick) => {
    const [unit, name] = tick >= 1e8 ? [1e9, "s"] : tick >= 1e5 ? [1e6, "ms"] : [1e3, "µs"];
    return +(t / unit).toFixed(tick / unit >= 1 ? 0 : Math.min(6, Math.ceil(-Math.log10(tick / unit)))) + " " + name;
  };

  function say() {
    readout.replaceChildren();
    if (cursor === null) {
      readout.textContent = "Move over the timeline, or focus it and use the arrow keys; + and − zoom, 0 shows all.";
      canvas.setAttribute("aria-valuenow", "0");
      return;
    }
    const half = Math.max(data.width, (to - from) / 400) / 2, a = Math.max(0, cursor - half), b = cursor + half, words = [];
    const strong = document.createElement("b");
    strong.textContent = time(cursor);
    readout.append(strong);
    for (const lane of data.lanes) {
      const found = lane.series.map(series => [series.name, sum(series, lane.width, a, b)]).filter(([, value]) => value > 0);
      const whole = lane.relative ? found.reduce((all, [, value]) => all + value, 0) : b - a;
      for (const [name, value] of found.sort((x, y) => y[1] - x[1]).slice(0, 4)) if (value >= 0.5 || lane.unit === "share") words.push(name + " " + said(lane, value, whole));
    }
    readout.append("  ·  " + (words.length ? words.join("  ·  ") : "nothing happened"));
    canvas.setAttribute("aria-valuenow", String(Math.round(cursor)));
    canvas.setAttribute("aria-valuetext", time(cursor) + ": " + words.join(", "));
  }

  let pending = false;
  const refresh = () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; draw(); say(); markConsole(); });
  };
  const show = (a, b) => {
    const span = Math.min(end, Math.max(b - a, Math.min(end, 20 * data.width)));
    from = Math.min(Math.max(0, a), end - span);
    to = from + span;
    refresh();
  };
  const zoom = (factor, at = cursor ?? (from + to) / 2) => show(at - (at - from) * factor, at + (to - at) * factor);
  const place = event => {
    const box = canvas.getBoundingClientRect(), left = labelWidth();
    return from + Math.min(1, Math.max(0, (event.clientX - box.left - left) / (box.width - left))) * (to - from);
  };
  const move = at => {
    cursor = Math.min(end, Math.max(0, at));
    if (cursor < from || cursor > to) show(cursor - (to - from) / 2, cursor + (to - from) / 2);
    refresh();
  };

  let drag = null;
  canvas.addEventListener("pointerdown", event => { drag = { x: event.clientX, from, to }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("pointermove", event => {
    if (drag && Math.abs(event.clientX - drag.x) > 3) {
      const by = (drag.x - event.clientX) / (canvas.clientWidth - labelWidth()) * (drag.to - drag.from);
      show(drag.from + by, drag.to + by);
      return;
    }
    cursor = place(event);
    refresh();
  });
  canvas.addEventListener("wheel", event => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;      // the page scrolls
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, place(event));
  }, { passive: false });
  canvas.addEventListener("dblclick", event => zoom(0.5, place(event)));
  canvas.addEventListener("keydown", event => {
    const span = to - from, step = span / (event.shiftKey ? 10 : 100), at = cursor ?? from;
    const action = {
      ArrowLeft: () => move(at - step), ArrowRight: () => move(at + step), PageUp: () => move(at - span / 4), PageDown: () => move(at + span / 4),
      Home: () => move(0), End: () => move(end), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => show(0, end),
    }[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  document.getElementById("in").addEventListener("click", () => zoom(0.5));
  document.getElementById("out").addEventListener("click", () => zoom(2));
  document.getElementById("all").addEventListener("click", () => show(0, end));
  document.getElementById("earlier").addEventListener("click", () => show(from - (to - from) / 2, to - (to - from) / 2));
  document.getElementById("later").addEventListener("click", () => show(from + (to - from) / 2, to + (to - from) / 2));

  // The console beside the time.
  const list = document.getElementById("lines"), lines = list ? [...list.children] : [];
  let marked = null;
  function markConsole() {
    if (cursor === null || !lines.length) return;
    let low = 0, high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (+lines[middle].dataset.t <= cursor) low = middle; else high = middle - 1;
    }
    if (lines[low] === marked) return;
    marked?.classList.remove("now");
    marked = lines[low];
    marked.classList.add("now");
    if (!list.matches(":hover, :focus-within")) list.scrollTop = marked.offsetTop - list.offsetTop - list.clientHeight / 2;
  }
  list?.addEventListener("click", event => {
    const line = event.target.closest("button")?.parentElement;
    if (!line) return;
    const at = +line.dataset.t;
    if (to - from > end / 4) show(at - end / 40, at + end / 40);
    move(at);
  });

  // What has to be scrolled sideways in a narrow window can be by keyboard.
  const reach = () => {
    for (const table of document.querySelectorAll(".wide")) if (table.scrollWidth > table.clientWidth) table.tabIndex = 0; else table.removeAttribute("tabindex");
  };
  new ResizeObserver(reach).observe(document.body);

  const everything = () => { takeColours(); refresh(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", everything);
  new ResizeObserver(refresh).observe(canvas.parentElement);
  takeColours();
  draw();
  say();

  // What the colours of stacked lanes mean.
  const legend = document.getElementById("legend");
  for (const lane of data.lanes) {
    if (lane.series.length < 2) continue;
    const row = document.createElement("ul"), name = document.createElement("li"), strong = document.createElement("b");
    row.className = "keys";
    strong.textContent = lane.name;
    name.append(strong);
    row.append(name);
    lane.series.forEach((series, i) => {
      const item = document.createElement("li"), key = document.createElement("i");
      key.className = "k" + Math.min(8, i + 1);
      item.append(key, series.name);
      row.append(item);
    });
    legend.append(row);
  }
  document.documentElement.dataset.ready = "true";
})();
