// What is wrong with this page, as a list of sentences (WCAG 2.2 AA, as far as it can be computed).
() => {
  const found = [];
  const told = (rule, element, more = "") => {
    const name = (element.id || element.textContent || element.name || "").trim().slice(0, 40);
    found.push(`${rule}: <${element.tagName.toLowerCase()}> ${name} ${more}`.trim());
  };
  const shown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getClientRects().length > 0;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);

  // Names.
  if (!document.documentElement.lang) told("no language", document.documentElement);
  if (!document.title.trim()) told("no title", document.documentElement);
  for (const input of all("input:not([type=hidden]), select, textarea"))
    if (!input.labels.length && !input.getAttribute("aria-label")) told("no label", input);
  for (const each of all("a, button, summary"))
    if (!each.textContent.trim() && !each.getAttribute("aria-label")) told("no name", each);
  for (const image of all("img"))
    if (!image.hasAttribute("alt")) told("no alternative", image);
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const each of document.querySelectorAll("[aria-describedby], [aria-labelledby], [for]"))
    for (const name of ["aria-describedby", "aria-labelledby", "for"])
      for (const id of (each.getAttribute(name) || "").split(" ").filter(Boolean))
        if (!ids.includes(id)) told("leads nowhere", each, `${name}=${id}`);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (twice.length) told("an id twice", document.body, twice.join(" "));

  // Order.
  if (document.querySelectorAll("h1").length !== 1) told("not one first heading", document.body);
  if (document.querySelectorAll("main").length !== 1) told("not one main part", document.body);
  let before = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) told("a heading skips a level", heading);
    before = level;
  }
  for (const cell of all("th")) if (!cell.scope) told("a heading of a table without its direction", cell);

  // Contrast: of text that stands directly in an element, on what is painted behind it.
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const painted = new Map();
  const rgba = (colour) => {
    if (!painted.has(colour)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      painted.set(colour, [r, g, b, a / 255]);
    }
    return painted.get(colour);
  };
  const over = (top, under) => top.slice(0, 3).map((part, at) => part * top[3] + under[at] * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement)
      layers.unshift(rgba(getComputedStyle(each).backgroundColor));
    return layers.reduce((under, layer) => over(layer, under), rgba("Canvas"));
  };
  const light = (colour) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const element of all("body *")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const style = getComputedStyle(element);
    const ground = behind(element);
    const [bright, dim] = [light(over(rgba(style.color), ground)), light(ground)].sort((a, b) => b - a);
    const ratio = (bright + 0.05) / (dim + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) told("too little contrast", element, ratio.toFixed(2));
  }

  // Sizes: what is pressed is at least 24 px high and wide, but for links inside of text.
  for (const each of all("button, input:not([type=hidden]), select, textarea, summary, nav a, .button")) {
    const { width, height } = (each.labels?.[0]?.contains(each) ? each.labels[0] : each).getBoundingClientRect();
    if ((width < 24 || height < 24) && !each.matches("footer a"))
      told("too small to press", each, `${width.toFixed()}x${height.toFixed()}`);
  }

  // Nothing is cut off: wide tables scroll in themselves, and by keyboard.
  if (document.documentElement.scrollWidth > innerWidth) {
    const sticksOut = (each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll, pre");
    const wide = all("main, header, footer, main *, header *, footer *").filter(sticksOut);
    const sizes = `${document.documentElement.scrollWidth} > ${innerWidth}`;
    told("wider than the window", wide.at(-1) || document.body, sizes);
  }
  return found;
}
