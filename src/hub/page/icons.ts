/** Icons as elements, in strokes that take the colour of the text around them. */
import { s } from "./dom.ts";
import { type IconName, iconPaths } from "./model/icon-paths.ts";

/** Decoration: what it means stands beside it in words. */
export function icon(name: IconName): SVGSVGElement {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    s("path", { d: iconPaths[name] }),
  );
}

/** Changes which picture an `icon` shows. */
export function setIcon(element: SVGSVGElement, name: IconName): void {
  const path = element.firstElementChild;
  if (path !== null && path.getAttribute("d") !== iconPaths[name]) path.setAttribute("d", iconPaths[name]);
}
