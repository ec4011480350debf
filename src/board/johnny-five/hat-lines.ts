/**
 * Opens the hat's GPIO lines.
 *
 * Guarantee (SR-01): the relay's line is opened first, at its off level, and read back, before any other line
 * is touched. Only the relay is essential: any other unavailable line becomes an entry in `failures`.
 */
import { messageOf } from "../../base/errors.ts";
import type { GpioPort, InputLine, Level, OutputLine } from "../../chips/lines.ts";
import { LineError } from "../../chips/lines.ts";
import { idlePull, type WiredLine } from "../../chips/wiring.ts";

export interface HatLinesOptions {
  readonly gpio: GpioPort;
  readonly relay: WiredLine;
  readonly outputs: readonly WiredLine[];
  readonly inputs: readonly WiredLine[];
}

/** By BCM number. */
export interface HatLines {
  /** Among them the relay's. */
  readonly outputs: ReadonlyMap<number, OutputLine>;
  readonly inputs: ReadonlyMap<number, InputLine>;
  /** Unavailable lines, never the relay's. */
  readonly failures: ReadonlyMap<number, LineError>;
}

/** @throws LineError when the relay's line is unavailable or does not read off */
export async function openHatLines(options: HatLinesOptions): Promise<HatLines> {
  const { gpio, relay } = options;
  const outputs = new Map([[relay.line, await openRelay(gpio, relay)]]);
  const inputs = new Map<number, InputLine>();
  const failures = new Map<number, LineError>();
  for (const wired of options.outputs) {
    await gpio.openOutput(wired.line, offLevel(wired)).then(
      (line) => outputs.set(wired.line, line),
      (error: unknown) => failures.set(wired.line, asLineError(error)),
    );
  }
  for (const wired of options.inputs) {
    await gpio.openInput(wired.line, idlePull(wired)).then(
      (line) => inputs.set(wired.line, line),
      (error: unknown) => failures.set(wired.line, asLineError(error)),
    );
  }
  return { outputs, inputs, failures };
}

async function openRelay(gpio: GpioPort, relay: WiredLine): Promise<OutputLine> {
  const off = offLevel(relay);
  const line = await gpio.openOutput(relay.line, off);
  line.write(off);
  if (line.read() === off) return line;
  line.close();
  throw new LineError(
    "io",
    `the relay's line ${relay.line} was driven off and still reads on: check the relay's socket and wiring`,
  );
}

const offLevel = (line: WiredLine): Level => (line.activeLevel === 1 ? 0 : 1);

const asLineError = (error: unknown): LineError =>
  error instanceof LineError ? error : new LineError("io", messageOf(error), { cause: error });
