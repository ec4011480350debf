// Loaded before the firmware: its wall clock starts at WALL_START (ms since 1970), as on a board whose clock stops with
// the power. Timers and the monotonic clock are real.
const realNow = Date.now;
const offset = Number(process.env["WALL_START"]) - realNow();
const now = () => realNow() + offset;

globalThis.Date = new Proxy(Date, {
  construct: (real, parts) => Reflect.construct(real, parts.length === 0 ? [now()] : parts),
  get: (real, name) => (name === "now" ? now : Reflect.get(real, name)),
});
