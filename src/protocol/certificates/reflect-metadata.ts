/**
 * The three functions of the Reflect metadata proposal that tsyringe (under @peculiar/x509) asks for at its import.
 * It uses them for constructor injection alone, which x509 does not do: a whole polyfill would be dead weight.
 *
 * Guarantee: keeps what it is given as long as its owner lives.
 */
const known = new WeakMap<object, Map<unknown, unknown>>();

const own = (key: unknown, target: object): unknown => known.get(target)?.get(key);

function inherited(key: unknown, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (known.get(at)?.has(key) === true) return own(key, at);
  }
  return undefined;
}

function define(key: unknown, value: unknown, target: object): void {
  const metadata = known.get(target) ?? new Map<unknown, unknown>();
  known.set(target, metadata.set(key, value));
}

/** To be called before @peculiar/x509 is imported. Leaves a whole polyfill alone where there is one. */
export function provideReflectMetadata(): void {
  if ("getMetadata" in Reflect) return;
  Object.assign(Reflect, { getMetadata: inherited, getOwnMetadata: own, defineMetadata: define });
}
