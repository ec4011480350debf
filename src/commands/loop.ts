/** `loop`: the control loop itself, started by the guardian; not for people. */
import { millis, seconds } from "../control/units.ts";
import { chooseBoard } from "../firmware/choose-board.ts";
import type { StartOptions } from "../firmware/cloud-process/start-cloud-process.ts";
import type { VirtualHardware } from "../firmware/hardware.ts";
import { isHubReady } from "../firmware/hub-ready.ts";
import { LineWriter } from "../firmware/line-writer.ts";
import { createLogger } from "../firmware/logger.ts";
import { firmwareVersion } from "../firmware/package-root.ts";
import { runLoop } from "../firmware/run-loop.ts";
import { loadSettings } from "../firmware/settings-file.ts";
import { systemClock } from "../firmware/system-clock.ts";
import { VirtualTerminal } from "../firmware/virtual-terminal.ts";
import type { DisplayKind } from "../simulation/virtual-hat.ts";
import { hasTerminal, oneOf, readContext, wantsColour } from "./context.ts";
import { type Arguments, sharedFlags, type Verb } from "./verb.ts";

const { data, settings, board } = sharedFlags;

export const verb: Verb = {
  name: "loop",
  summary: "The control loop itself, started by: grove-heater run",
  usage: "loop [FLAGS]",
  flags: {
    data,
    settings,
    board,
    why: { value: "TEXT", doc: "why this board" },
    log: { value: "FORMAT", doc: "json or text" },
    plain: { doc: "log lines instead of the live panel" },
    offline: { doc: "neither cloud nor local hub" },
  },
  run: loop,
};

/** How long the end waits for whoever reads the log. */
const flushLimit = millis(300);
const disconnectLimit = seconds(4);
/** Several times what a first reading takes, on a slow board too. */
const decisionLimit = seconds(2);
const panelLines = 100;
const rowsForTallDisplay = 42;

async function loop(args: Arguments): Promise<number> {
  const context = readContext(args);
  const values = loadSettings(context.settingsFile);
  const found = chooseBoard(args.value("board") ?? values.board, context.data.path);
  const choice = { ...found, why: args.value("why") ?? found.why };
  const onTerminal = hasTerminal() && !args.has("plain");
  const panel = onTerminal && choice.wiring.backend === "virtual" ? { lines: [] as string[] } : undefined;
  const out = new LineWriter(1);
  const format = oneOf(args, "log", ["json", "text"], process.stdout.isTTY ? "text" : "json");
  const write = panel ? (line: string) => keepLine(panel.lines, line) : out.write;
  const log = createLogger({ clock: systemClock, level: values.logLevel, format, write });
  let terminal: VirtualTerminal | undefined;
  let virtual: VirtualHardware | undefined;
  let stop = (_why: string): void => {};
  const running = await runLoop({
    data: context.data,
    settings: values,
    choice,
    log,
    virtualDisplay: values.display === "auto" ? displayThatFits(panel !== undefined) : values.display,
    beat: () => void process.send?.("beat"),
    cleanUp: async () => {
      terminal?.close();
      await Promise.race([out.flush(), systemClock.sleep(flushLimit)]);
    },
    onHardware: (hardware) => {
      virtual = hardware.virtual;
      if (panel && virtual) terminal = openTerminal(virtual, panel.lines, () => stop("a key was pressed"));
    },
  });
  stop = running.stop;
  const disconnect = args.has("offline")
    ? async () => {}
    : await connect({
        running,
        data: context.data,
        choice,
        log,
        logLevel: values.logLevel,
        virtual,
        quiet: panel !== undefined,
      });
  const code = await running.ended;
  await Promise.race([disconnect(), systemClock.sleep(disconnectLimit)]);
  // The channel to the guardian, the terminal or a disk that hangs must not keep a stopped loop alive.
  process.exit(code);
}

/**
 * Started only when heat was decided: the way there is not to be shared with another process. A sensor that says nothing
 * does not keep the device from telling the cloud so.
 */
async function connect(options: StartOptions): Promise<() => Promise<void>> {
  const { running } = options;
  const ended = running.ended.then(() => true);
  if (await Promise.race([running.decided, ended, systemClock.sleep(decisionLimit)])) return async () => {};
  const { startCloudProcess } = await import("../firmware/cloud-process/start-cloud-process.ts");
  return await startCloudProcess(options);
}

/** The 1.12" display needs a tall terminal; in a usual one the virtual hat has the 0.96" one. */
function displayThatFits(panel: boolean): DisplayKind {
  return panel && process.stdout.rows < rowsForTallDisplay ? "oled-128x64" : "oled-128x128";
}

function openTerminal(
  { hat, surroundings }: VirtualHardware,
  log: readonly string[],
  onQuit: () => void,
): VirtualTerminal {
  let page: string | undefined;
  process.on("message", (message) => {
    if (isHubReady(message)) page = message.page;
  });
  const terminal = new VirtualTerminal({
    hat,
    surroundings,
    clock: systemClock,
    title: `grove-heater ${firmwareVersion()} on the virtual hat, in a simulated room`,
    input: process.stdin,
    output: process.stdout,
    colour: wantsColour(process.stdout),
    log,
    page: () => page,
    onQuit,
  });
  terminal.open();
  return terminal;
}

function keepLine(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > panelLines) lines.shift();
}
