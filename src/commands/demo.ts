/** `demo`: demonstrates how device and cloud reconcile, rule by rule, on a local hub and the virtual hat. */
import { playDemo, type Scene, scenes } from "../firmware/demo/demo.ts";
import { exitCodes } from "../firmware/process/exit-codes.ts";
import { loopbackOnly } from "../firmware/process/guard-network.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { wantsColour } from "./line/context.ts";
import { type Arguments, sharedFlags, type Verb } from "./line/verb.ts";
import { demoEnd, demoHead, sceneText } from "./output/demo.ts";

export const verb: Verb = {
  name: "demo",
  summary: "Demonstrate how device and cloud reconcile",
  usage: "demo [FLAGS]",
  network: loopbackOnly,
  flags: { json: { ...sharedFlags.json, doc: "print one JSON object per line: each scene, then a summary" } },
  notes: `
Starts a local hub and a device on the virtual hat, in a temporary folder, and demonstrates every rule of the twin (RR-1 to
RR-9) over MQTT and TLS on this machine: it presses buttons, sets desired values, unplugs the cable and cuts the power.
Needs no network and takes less than a minute. Exit code 1 if a rule failed.`,
  run: (args) => demo(args),
};

/** Removes the folder and frees the ports, also when it is interrupted. */
async function demo(args: Arguments): Promise<number> {
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  // The reader has closed, as in `demo | head`.
  process.stdout.on("error", stop);
  const code = await showDemo({
    scenes,
    json: args.has("json"),
    colour: wantsColour(process.stdout),
    write: (text) => void process.stdout.write(`${text}\n`),
    signal: interrupt.signal,
  });
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  // Pending timers would keep a finished process alive for seconds.
  process.exit(code);
}

export interface ShowOptions {
  readonly scenes: readonly Scene[];
  readonly json: boolean;
  readonly colour: boolean;
  /** Takes text without its last newline. */
  readonly write: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** @returns the exit code: 0 when every rule passed, 1 otherwise */
export async function showDemo(options: ShowOptions): Promise<number> {
  const { json, colour, write, signal } = options;
  const startedAt = systemClock.now();
  if (!json) write(demoHead(options.scenes.length));
  const results = await playDemo({
    clock: systemClock,
    scenes: options.scenes,
    signal,
    onScene: (result) => write(json ? JSON.stringify(result) : sceneText(result, colour)),
  });
  const failed = [...results.filter(({ holds }) => !holds), ...options.scenes.slice(results.length)].map(
    ({ rule, title }) => `${rule}: ${title}`,
  );
  const milliseconds = Math.round(systemClock.now() - startedAt);
  const summary = { scenes: options.scenes.length, missed: failed, milliseconds };
  write(json ? JSON.stringify(summary) : demoEnd(summary, colour));
  return failed.length === 0 ? exitCodes.ok : exitCodes.findings;
}
