// Reads a chart out where the pointer is: the values come from the table below it.

const SVG = "http://www.w3.org/2000/svg";

function nearest(figure, share) {
  const rows = figure.parentElement.querySelectorAll("tr[data-at]");
  let best = null;
  for (const row of rows) {
    const far = Math.abs(Number(row.dataset.at) - 100 * share);
    if (best === null || far < best.far) best = { row, far };
  }
  return best && best.far < 4 ? best.row : null;
}

function cursorOf(plot) {
  let cursor = plot.querySelector(".cursor");
  if (cursor === null) {
    cursor = document.createElementNS(SVG, "path");
    cursor.setAttribute("class", "cursor");
    plot.append(cursor);
  }
  return cursor;
}

function show(figure, row) {
  const plot = figure.querySelector(".chart-plot");
  const readout = figure.querySelector(".readout");
  const { width, height } = plot.viewBox.baseVal;
  if (row === null) {
    cursorOf(plot).removeAttribute("d");
    readout.textContent = "";
    return;
  }
  const [at, checks, p50, p95] = [...row.cells].map((cell) => cell.textContent.trim());
  cursorOf(plot).setAttribute("d", `M${(Number(row.dataset.at) * width) / 100} 0V${height}`);
  readout.textContent = `${at}: p50 ${p50}, p95 ${p95}, ${checks} ${checks === "1" ? "check" : "checks"}`;
}

// On the document, so that a chart that a live update puts in its place is read out, too.
for (const kind of ["pointermove", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    const plot = event.target instanceof Element && event.target.closest(".chart-plot");
    const figure = plot ? plot.closest(".chart") : null;
    for (const other of document.querySelectorAll(".chart")) if (other !== figure) show(other, null);
    if (!figure) return;
    const box = plot.getBoundingClientRect();
    show(figure, nearest(figure, (event.clientX - box.left) / box.width));
  });
}
