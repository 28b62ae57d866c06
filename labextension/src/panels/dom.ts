/** Elements made from data as text, never as markup. */

type Attributes = Record<string, string | boolean | undefined>;

/** A string sets an attribute, true sets it empty, false and undefined leave it out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children);
  return made;
}

const SHAPES = {
  clip: "M4 10h2v4H4zm4-4h2v12H8zm4-3h2v18h-2zm4 5h2v8h-2zm4 2h2v4h-2z",
  play: "M7 4.6c0-.9 1-1.5 1.8-1l12 7.4c.8.5.8 1.6 0 2l-12 7.5c-.8.5-1.8-.1-1.8-1z",
  pause:
    "M7.5 4h1.8c.7 0 1.2.5 1.2 1.2v13.6c0 .7-.5 1.2-1.2 1.2H7.5c-.7 0-1.2-.5-1.2-1.2V5.2c0-.7.5-1.2 1.2-1.2zm7.2 0h1.8c.7 0 1.2.5 1.2 1.2v13.6c0 .7-.5 1.2-1.2 1.2h-1.8c-.7 0-1.2-.5-1.2-1.2V5.2c0-.7.5-1.2 1.2-1.2z",
  loop: "M17 2.5 21 6.5l-4 4V7.5H8A3.5 3.5 0 0 0 4.5 11v1h-2v-1A5.5 5.5 0 0 1 8 5.5h9zM7 21.5 3 17.5l4-4v3h9a3.5 3.5 0 0 0 3.5-3.5v-1h2v1a5.5 5.5 0 0 1-5.5 5.5H7z",
  pitch:
    "M3 18c2.5 0 3-9 6-9s3 6 5.500 6S17.500 5 21 5v2.200c-2 0-2.500 10-6.500 10S12 11.200 9 11.200 6.500 20.200 3 20.200z",
  download: "M11 3h2v9.2l3.3-3.3 1.4 1.4L12 16l-5.7-5.7 1.4-1.4 3.3 3.3zM4 18.5h16v2H4z",
  keys: "M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zm0 2v10h16V7zm2 2h2v2H6zm4 0h2v2h-2zm4 0h2v2h-2zm4 0h1v2h-1zM7.5 13.5h9v2h-9z",
  done: "M9.5 16.2 5.3 12l-1.4 1.4 5.6 5.6 11-11-1.4-1.4z",
  wrong: "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zm-1 5v7h2V7zm0 8.5v2h2v-2z",
  stop: "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zM8.5 8.5v7h7v-7z"
} as const;

export type Icon = keyof typeof SHAPES;

const SVG = "http://www.w3.org/2000/svg";

/** A decorative 24 x 24 icon in the colour of the text around it. */
export function icon(name: Icon): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "hs-icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** Puts a panel's style sheet into the page once; a newer build of the same panel brings its own. */
export function installStyle(panel: string, css: string): void {
  const id = `hay-say-${panel}-${__BUILD__}`;
  if (document.getElementById(id) === null) {
    const style = element("style", { id });
    style.textContent = css;
    document.head.append(style);
  }
}
