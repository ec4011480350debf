/** A device may send a value named `toString`: what is inherited is none of its values. */
export const own = <T>(from: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(from, name) ? from[name] : undefined;
