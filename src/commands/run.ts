/**
 * `run`: the guardian. Forces the relay off, starts the control loop in a process of its own, watches it.
 *
 * Guarantee: the relay is forced off before anything else, also when settings, board or manifest are broken.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Log, LogLevel } from "../control/log.ts";
import { chooseBoard } from "../firmware/choose-board.ts";
import { dataFolderPath } from "../firmware/data-folder.ts";
import { describeHolder } from "../firmware/guardian/holder-note.ts";
import { type TakenHardware, takeHardware, turnOffAfterRefusal } from "../firmware/guardian/take-hardware.ts";
import { type GuardedLoop, Guardian } from "../firmware/guardian.ts";
import { kindOf } from "../firmware/hub-ready.ts";
import { createLogger } from "../firmware/logger.ts";
import { packageRoot } from "../firmware/package-root.ts";
import { HeldSecrets } from "../firmware/secret-handover.ts";
import { loadSettings } from "../firmware/settings-file.ts";
import { systemClock } from "../firmware/system-clock.ts";
import { type Context, hasTerminal, oneOf, readContext } from "./context.ts";
import { HubKeeper } from "./hub-keeper.ts";
import { type Arguments, sharedFlags, type Verb } from "./verb.ts";

const { data, settings, board } = sharedFlags;

export const verb: Verb = {
  name: "run",
  summary: "Run the heater controller",
  usage: "[run] [FLAGS]",
  flags: {
    data,
    settings,
    board,
    log: { value: "FORMAT", doc: "json or text (default: text on a terminal, else json)" },
    plain: { doc: "log lines instead of the live panel, also on a terminal" },
    offline: { doc: "neither cloud nor local hub" },
    "simulated-to-cloud": { doc: "send the virtual hat's readings to the cloud of the credentials too" },
  },
  notes: `
On a Raspberry Pi drives its hat, or ends with 69 and says what is missing. Elsewhere, or with --board virtual, runs on
the virtual hat, in a simulated room, and says so.
In a terminal the virtual hat shows its display; keys: a lower, b raise, m auto/manual, h heater, w window, q quit.
Without credentials a local hub with a page is started beside it; the log and the panel say where.
Stops on Ctrl-C or SIGTERM with the relay off and exit code 0.`,
  run: async (args) => await guard(args, readContext(args)),
  onRefusal: leaveRelayOff,
};

async function guard(args: Arguments, context: Context): Promise<number> {
  const secrets = HeldSecrets.take(process.env);
  const log = guardianLog(args);
  const hardware = takeHardware({
    dataPath: context.data.path,
    log,
    choose() {
      const { board: fromSettings } = loadSettings(context.settingsFile);
      return chooseBoard(args.value("board") ?? fromSettings, context.data.path);
    },
  });
  const hub = new HubKeeper({ dataPath: hardware.folder.path, log, quiet: hasPanel(args) });
  try {
    const guardian = new Guardian({
      spawnLoop: () => spawnLoop(args, context, hardware, hub, secrets),
      forceRelayOff: hardware.forceRelayOff,
      clock: systemClock,
      log,
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        guardian.stop();
      });
    return await guardian.run();
  } finally {
    hub.stop();
    hardware.release();
  }
}

function guardianLog(args: Arguments): Log {
  const format = oneOf(args, "log", ["json", "text"], process.stdout.isTTY ? "text" : "json");
  // Beside a live panel only what went wrong, and not on its stream.
  const panel = hasPanel(args);
  const stream = panel ? process.stderr : process.stdout;
  stream.on("error", () => undefined);
  const level: LogLevel = panel ? "warn" : "info";
  return createLogger({ clock: systemClock, level, format, write: (line) => void stream.write(`${line}\n`) });
}

function spawnLoop(
  args: Arguments,
  context: Context,
  { choice, descriptors }: TakenHardware,
  hub: HubKeeper,
  secrets: HeldSecrets,
): GuardedLoop {
  const flags = ["--data", context.data.path, "--why", choice.why];
  if (context.settingsFile.named) flags.push("--settings", context.settingsFile.path);
  flags.push("--board", args.value("board") ?? choice.name);
  const format = args.value("log");
  if (format !== undefined) flags.push("--log", format);
  for (const flag of ["plain", "offline", "simulated-to-cloud"]) if (args.has(flag)) flags.push(`--${flag}`);
  const loop = join(packageRoot, "dist", "loop.js");
  const child = spawn(process.execPath, [...process.execArgv, loop, ...flags], {
    // With the locks: the loop may live longer than this process.
    stdio: ["inherit", "inherit", "inherit", "ipc", ...descriptors],
  });
  secrets.answer(child);
  child.on("message", (message) => {
    if (kindOf(message) === "no-credentials") hub.wantedBy(child);
  });
  return {
    pid: child.pid,
    // Only that: what comes of a timer would say nothing of the steps.
    onBeat: (listener) => void child.on("message", (message) => message === "beat" && listener()),
    onExit(listener) {
      child.once("exit", listener);
      child.once("error", () => listener(null, "could not be started"));
    },
    kill: (signal) => void child.kill(signal),
  };
}

const hasPanel = (args: Arguments): boolean => hasTerminal() && !args.has("plain");

/** A mistyped flag leaves no relay on that a crash left on; one that another instance drives is that one's. */
function leaveRelayOff(argv: readonly string[]): void {
  const write = (line: string): void => void process.stderr.write(`${line}\n`);
  const log = createLogger({ clock: systemClock, level: "info", format: "text", write });
  const refusal = turnOffAfterRefusal({
    dataPath: dataFolderPath(flagValue(argv, "data"), process.env),
    log,
  });
  if (refusal !== undefined) log.info("relay-left-alone", { heldBy: describeHolder(refusal.holder) });
}

/** Of a command line that was refused. */
function flagValue(argv: readonly string[], name: string): string | undefined {
  const joined = argv.find((word) => word.startsWith(`--${name}=`));
  const at = argv.indexOf(`--${name}`);
  return joined?.slice(name.length + 3) ?? (at === -1 ? undefined : argv[at + 1]);
}
