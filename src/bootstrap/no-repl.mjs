/** Replaces Node's `repl` in the bundle (see build.mjs). */
export function start() {
  throw new Error("this firmware has no prompt");
}
