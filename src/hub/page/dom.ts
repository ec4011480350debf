/**
 * DOM helpers.
 *
 * Guarantee: text is inserted as text. Nothing here parses HTML or sets script or style attributes, so a hostile device
 * name is harmless and the content security policy holds.
 */
type Child = Node | string | undefined | false;

interface Attributes {
  readonly class?: string;
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
  /** `undefined` and false omit the attribute; true sets it empty. */
  readonly [name: string]: unknown;
}

const svgNamespace = "http://www.w3.org/2000/svg";

function setUp(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") continue;
    setAttribute(element, name, value as string | number | boolean | undefined);
  }
  for (const [type, listener] of Object.entries(attributes.on ?? {}))
    element.addEventListener(type, listener);
  for (const child of children) if (child !== undefined && child !== false) element.append(child);
}

/** An HTML element with its attributes, listeners and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setUp(element, attributes, children);
  return element;
}

/** The same for SVG. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(svgNamespace, tag);
  setUp(element, attributes, children);
  return element;
}

/** Writes only changes: others would cost layout and repeat announcements of screen readers. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(
  element: Element,
  name: string,
  value: string | number | boolean | undefined,
): void {
  if (value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** A component of the page: created once, then updated. */
export interface Part<View> {
  readonly root: HTMLElement;
  update(view: View): void;
}

/** Keeps one part per item in `parent`, in the items' order; parts of removed items are removed. */
export class KeyedList<Item> {
  readonly #parent: HTMLElement;
  readonly #keyOf: (item: Item) => string;
  readonly #make: (item: Item) => Part<Item>;
  #parts = new Map<string, Part<Item>>();

  constructor(parent: HTMLElement, keyOf: (item: Item) => string, make: (item: Item) => Part<Item>) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#make = make;
  }

  update(items: readonly Item[]): void {
    const kept = new Map<string, Part<Item>>();
    for (const item of items) {
      const key = this.#keyOf(item);
      const part = this.#parts.get(key) ?? this.#make(item);
      part.update(item);
      kept.set(key, part);
    }
    for (const [key, part] of this.#parts) if (!kept.has(key)) part.root.remove();
    let at = this.#parent.firstElementChild;
    for (const { root } of kept.values()) {
      // Moving a node loses its focus: only nodes in the wrong place are moved.
      if (root === at) at = at.nextElementSibling;
      else this.#parent.insertBefore(root, at);
    }
    this.#parts = kept;
  }
}
