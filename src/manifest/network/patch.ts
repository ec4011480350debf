/** Replaces functions of Node.js with gated ones, and restores them. */

/** Either calls the original or refuses. */
export type Gate = (original: (...args: unknown[]) => unknown, self: unknown, args: unknown[]) => unknown;

/** @returns a function that restores the original */
export function gateMethod(target: object, name: string, gate: Gate): () => void {
  const original = Reflect.get(target, name) as (...args: unknown[]) => unknown;
  const gated = function (this: unknown, ...args: unknown[]): unknown {
    return gate(original, this, args);
  };
  // Copies the original's own properties, because util.promisify needs them.
  const { name: _name, length: _length, prototype: _, ...own } = Object.getOwnPropertyDescriptors(original);
  Object.defineProperties(gated, own);
  return replaceValue(target, name, gated);
}

/** @returns a function that restores the former value */
export function replaceValue(target: object, name: string, value: unknown): () => void {
  const former = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
  return () => {
    if (former) Object.defineProperty(target, name, former);
    else Reflect.deleteProperty(target, name);
  };
}
