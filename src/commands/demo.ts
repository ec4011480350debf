/** `demo`: demonstrates how device and cloud reconcile, rule by rule, on a local hub and the virtual hat. */
import { playDemo, type Scene, scenes } from "../firmware/demo/demo.ts";
import { exitCodes, StartupError } from "../firmware/process/exit-codes.ts";
import { loopbackOnly } from "../firmware/process/guard-network.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { wantsColour } from "./line/context.ts";
import { type Arguments, sharedFlags, type Verb } from "./line/verb.ts";
import { demoEnd, demoHead, ruleLegend, sceneText } from "./output/demo.ts";

export const verb: Verb = {
  name: "demo",
  summary: "Demonstrate how device and cloud reconcile",
  usage: "demo [FLAGS]",
  network: loopbackOnly,
  flags: {
    json: { ...sharedFlags.json, doc: "print one JSON object per line: each scene, then a summary" },
    scene: { value: "RULE", several: true, doc: "only the scenes of these rules, such as RR-4" },
    pause: { doc: "wait for Enter after each scene" },
  },
  notes: `
Starts a local hub and a device on the virtual hat, in a temporary folder, and demonstrates every rule of the twin (RR-1 to
RR-9) over MQTT and TLS on this machine: it presses buttons, sets desired values, unplugs the cable and cuts the power.
Needs no network and takes less than a minute. Exit code 1 if a rule failed.

The rules:
${ruleLegend()}`,
  run: (args) => demo(args),
};

/** Removes the folder and frees the ports, also when it is interrupted. */
async function demo(args: Arguments): Promise<number> {
  const chosen = chosenScenes(args);
  const pause = args.has("pause") && process.stdin.isTTY === true;
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  // The reader has closed, as in `demo | head`.
  process.stdout.on("error", stop);
  const code = await showDemo({
    scenes: chosen,
    pause: pause ? () => enterPressed(interrupt.signal) : undefined,
    json: args.has("json"),
    colour: wantsColour(process.stdout),
    write: (text) => void process.stdout.write(`${text}\n`),
    signal: interrupt.signal,
  });
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  // Pending timers would keep a finished process alive for seconds.
  process.exit(code);
}

/** @throws StartupError (usage) */
function chosenScenes(args: Arguments): readonly Scene[] {
  const rules = args.values("scene").map((rule) => rule.toUpperCase().replace(/^(?:RR-?)?(?=\d)/, "RR-"));
  const unknown = rules.find((rule) => !scenes.some((scene) => scene.rule === rule));
  if (unknown !== undefined) {
    const known = [...new Set(scenes.map(({ rule }) => rule))].join(", ");
    throw new StartupError(exitCodes.usage, `There is no scene of ${unknown}.`, `Rules: ${known}.`);
  }
  return rules.length === 0 ? scenes : scenes.filter(({ rule }) => rules.includes(rule));
}

/** Resolves at the end of the input and when it is interrupted, too. */
function enterPressed(signal: AbortSignal): Promise<void> {
  process.stderr.write("  (Enter: the next scene) ");
  const { stdin } = process;
  return new Promise<void>((resolve) => {
    const done = (): void => {
      stdin.off("data", done).off("end", done).pause();
      signal.removeEventListener("abort", done);
      resolve();
    };
    stdin.on("data", done).on("end", done).resume();
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

export interface ShowOptions {
  readonly scenes: readonly Scene[];
  readonly json: boolean;
  readonly colour: boolean;
  /** Takes text without its last newline. */
  readonly write: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Called between two scenes: the next one waits until it resolves. */
  readonly pause?: (() => Promise<void>) | undefined;
}

/** @returns the exit code: 0 when every rule passed, 1 otherwise */
export async function showDemo(options: ShowOptions): Promise<number> {
  const { json, colour, write, signal, pause } = options;
  let left = options.scenes.length;
  const startedAt = systemClock.now();
  if (!json) write(demoHead(options.scenes.length));
  const results = await playDemo({
    clock: systemClock,
    scenes: options.scenes,
    signal,
    async onScene(result) {
      write(json ? JSON.stringify(result) : sceneText(result, colour));
      left -= 1;
      if (left > 0) await pause?.();
    },
  });
  const failed = [...results.filter(({ holds }) => !holds), ...options.scenes.slice(results.length)].map(
    ({ rule, title }) => `${rule}: ${title}`,
  );
  const milliseconds = Math.round(systemClock.now() - startedAt);
  const summary = { scenes: options.scenes.length, missed: failed, milliseconds };
  write(json ? JSON.stringify(summary) : demoEnd(summary, colour));
  return failed.length === 0 ? exitCodes.ok : exitCodes.findings;
}
