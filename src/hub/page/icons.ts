/** SVG icons in the colour of the surrounding text. */
import { s } from "./dom.ts";
import { type IconName, iconPaths } from "./model/icon-paths.ts";

/** Decorative: a text beside it carries the meaning. */
export function icon(name: IconName): SVGSVGElement {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    s("path", { d: iconPaths[name] }),
  );
}

/** Changes the picture of an `icon`. */
export function setIcon(element: SVGSVGElement, name: IconName): void {
  const path = element.firstElementChild;
  if (path !== null && path.getAttribute("d") !== iconPaths[name]) path.setAttribute("d", iconPaths[name]);
}
