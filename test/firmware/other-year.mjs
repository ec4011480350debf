// Loaded before the firmware: its wall clock starts at WALL_START (ms since 1970), as on a board without a clock that
// keeps time. Timers and the monotonic clock are real.
const offset = Number(process.env.WALL_START) - Date.now();
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offset);
    else super(...parts);
  }
  static now() {
    return RealDate.now() + offset;
  }
};
