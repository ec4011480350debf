/**
 * Folder commands/: the command line, one file for each verb (src/cli.ts lists them), in folders by what they are about;
 * hub/, output/ and owner/claim/ have parts of verbs.
 *
 * `run`: the guardian. It forces the relay off, starts the control loop in a process of its own, and watches it.
 *
 * Guarantee: the relay is forced off before anything else, also when settings, board or manifest are invalid.
 */
import type { Log } from "../base/log.ts";
import { read } from "../base/schema/schema.ts";
import { inForeground } from "../firmware/guardian/foreground.ts";
import { guardLoops } from "../firmware/guardian/guardian-process.ts";
import { type TakenHardware, takeHardware, turnOffAfterRefusal } from "../firmware/guardian/take-hardware.ts";
import { PageSupervisor } from "../firmware/page-process/page-supervisor.ts";
import { endProcess, flushBriefly } from "../firmware/process/end-process.ts";
import { guardNetwork, noNetwork } from "../firmware/process/guard-network.ts";
import { LineWriter } from "../firmware/process/line-writer.ts";
import { createLogger } from "../firmware/process/logger.ts";
import { loopToGuardian } from "../firmware/process/messages.ts";
import { HeldSecrets } from "../firmware/process/secret-handover.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { type ReportRecorder, recorderOfThisProcess } from "../firmware/reports/recorder.ts";
import { dataFolderPath } from "../firmware/storage/data-folder.ts";
import { boardOrLastGood, relayKey, settingsOrLastGood } from "../firmware/storage/last-good.ts";
import type { Settings } from "../model/settings.ts";
import { type Context, hasTerminal, oneOf, readContext } from "./line/context.ts";
import { namesOf } from "./line/listening.ts";
import { pageFlags, pageWanted } from "./line/page-flags.ts";
import { type Arguments, sharedFlags, type Verb } from "./line/verb.ts";

const { data, settings, board } = sharedFlags;

export const verb: Verb = {
  name: "run",
  summary: "Run the heater controller",
  usage: "[run] [FLAGS]",
  flags: {
    data,
    settings,
    board,
    log: { value: "FORMAT", doc: "json or text (default: text on a terminal, otherwise json)" },
    plain: { doc: "log lines instead of the live panel, also on a terminal" },
    offline: { doc: "run without cloud or local hub" },
    page: pageFlags.page,
    "no-page": pageFlags["no-page"],
    name: {
      value: "NAME",
      several: true,
      doc: "an additional host name of this machine for page and local hub, such as heater.lan",
    },
    "simulated-to-cloud": { doc: "also send the virtual hat's readings to the cloud of the credentials" },
  },
  notes: `
On a Raspberry Pi it drives the hat; if something is missing, it says what, and ends with exit code 69. On other machines,
or with --board virtual, it uses the virtual hat in a simulated room, and says so.
In a terminal the virtual hat shows its display. Keys: a lower, b raise, m auto/manual, h heater, w window, q quit.
Its page is at the address that the log and the panel show, on this machine alone; --page lan opens it to the local network, with a
password: set it with "page password", or on the page itself on this machine. Without credentials a local hub serves the page.
Ctrl-C or SIGTERM stops it with the relay off and exit code 0.`,
  run: async (args) => await guard(args, readContext(args)),
  onRefusal: leaveRelayOff,
};

async function guard(args: Arguments, context: Context): Promise<number> {
  const secrets = HeldSecrets.take(process.env);
  // While a live panel is shown, only warnings and errors are logged, and not to its stream.
  const panel = hasPanel(args);
  const out = new LineWriter(panel ? 2 : 1);
  const recorder = recorderOfThisProcess();
  const log = recorder.watch(guardianLog(args, out, panel));
  const wanted = pageWanted(args);
  const names = namesOf(args);
  let page: Settings["page"] = wanted ?? "local";
  const hardware = takeHardware({
    dataPath: context.data.path,
    log,
    choose() {
      const settings = settingsOrLastGood(context.settingsFile, context.data).value;
      const { board: fromSettings, gpioBackend } = settings;
      page = wanted ?? settings.page;
      return boardOrLastGood(args.value("board") ?? fromSettings, context.data, undefined, gpioBackend).value;
    },
  });
  const server = new PageSupervisor({
    dataPath: hardware.folder.path,
    log,
    quiet: panel,
    flags: serverFlags(context, page, names),
    noPage: page === "off",
  });
  const flags = loopFlags(args, context, hardware);
  // Only when the relay is off and the loop starts, because it takes a millisecond.
  let closeNetwork = (): void => {
    guardNetwork(noNetwork);
    closeNetwork = () => {};
  };
  let code: number;
  let endReports: Promise<() => Promise<void>> | undefined;
  try {
    code = await guardLoops({
      forceRelayOff: hardware.forceRelayOff,
      log,
      inherit: hardware.descriptors,
      dataPath: hardware.folder.path,
      // In the background of a shell, a panel would draw over the shell and read its keys.
      loopFlags: () => (args.has("plain") || !inForeground() ? [...flags, "--plain"] : flags),
      onLoop(child) {
        closeNetwork();
        endReports ??= loadReports(recorder, hardware, log);
        secrets.answer(child);
        child.on("message", (message) => {
          const { kind } = read(loopToGuardian, message) ?? {};
          if (kind === "no-credentials") server.startFor(child, "hub");
          if (kind === "page-wanted") server.startFor(child, "page");
        });
      },
    });
    await server.stop();
    await (await endReports)?.();
  } finally {
    hardware.release();
  }
  await flushBriefly(out);
  return endProcess(code, out);
}

/** Loaded late, so that the guardian is small and starts fast. */
async function loadReports(
  recorder: ReportRecorder,
  { folder }: TakenHardware,
  log: Log,
): Promise<() => Promise<void>> {
  const { startGuardianReports } = await import("../firmware/reports/guardian-reports.ts");
  return await startGuardianReports(recorder, folder.path, log);
}

function guardianLog(args: Arguments, out: LineWriter, panel: boolean): Log {
  const format = oneOf(args, "log", ["json", "text"], process.stdout.isTTY ? "text" : "json");
  return createLogger({ clock: systemClock, level: panel ? "warn" : "info", format, write: out.write });
}

/** For the process with the page. */
function serverFlags({ settingsFile }: Context, page: Settings["page"], names: readonly string[]): string[] {
  const named = names.flatMap((name) => ["--name", name]);
  return ["--page", page, ...named, ...(settingsFile.named ? ["--settings", settingsFile.path] : [])];
}

function loopFlags(args: Arguments, context: Context, { choice }: TakenHardware): string[] {
  const flags = ["--data", context.data.path, "--why", choice.why, "--relay", relayKey(choice.wiring)];
  if (context.settingsFile.named) flags.push("--settings", context.settingsFile.path);
  flags.push("--board", args.value("board") ?? choice.name);
  const format = args.value("log");
  if (format !== undefined) flags.push("--log", format);
  for (const flag of ["offline", "simulated-to-cloud"]) if (args.has(flag)) flags.push(`--${flag}`);
  return flags;
}

const hasPanel = (args: Arguments): boolean => hasTerminal() && !args.has("plain") && inForeground();

/** Also after a mistyped flag, turns off a relay that a crash left on, unless another instance drives it. */
function leaveRelayOff(argv: readonly string[], error: unknown): void {
  const write = (line: string): void => void process.stderr.write(`${line}\n`);
  const log = createLogger({ clock: systemClock, level: "info", format: "text", write });
  turnOffAfterRefusal({ dataPath: dataFolderPath(flagValue(argv, "data"), process.env), log }, error);
}

/** The value of a flag in an invalid command line. */
function flagValue(argv: readonly string[], name: string): string | undefined {
  const joined = argv.find((word) => word.startsWith(`--${name}=`));
  const at = argv.indexOf(`--${name}`);
  return joined?.slice(name.length + 3) ?? (at === -1 ? undefined : argv[at + 1]);
}
