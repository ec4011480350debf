/**
 * Folder processes/: verbs that the firmware itself starts; they are not meant for users.
 *
 * `loop`: runs the control loop. The guardian starts it; it is not meant for users.
 */

import type { Log, LogLevel } from "../../base/log.ts";
import { read } from "../../base/schema/schema.ts";
import { type Millis, millis, seconds } from "../../base/units.ts";
import type { FaceOptions } from "../../firmware/faces.ts";
import { LivePanel } from "../../firmware/front/live-panel.ts";
import { closeInspector } from "../../firmware/guardian/clean-node.ts";
import { installSignals } from "../../firmware/guardian/signals.ts";
import type { VirtualHardware } from "../../firmware/hardware.ts";
import { keepHistory } from "../../firmware/history/keep-history.ts";
import type { HistoryRecorder } from "../../firmware/history/recorder.ts";
import { LogFeed } from "../../firmware/local-socket/log-feed.ts";
import { endProcess, flushBriefly } from "../../firmware/process/end-process.ts";
import { type ExitCode, exitCodes } from "../../firmware/process/exit-codes.ts";
import { LineWriter } from "../../firmware/process/line-writer.ts";
import { createLogger } from "../../firmware/process/logger.ts";
import { guardianToLoop, type LoopToGuardian } from "../../firmware/process/messages.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { TextWriter } from "../../firmware/process/text-writer.ts";
import { keepReports } from "../../firmware/reports/keep-reports.ts";
import { type ReportRecorder, recorderOfThisProcess } from "../../firmware/reports/recorder.ts";
import { RemoteLines } from "../../firmware/reports/remote-lines.ts";
import { asksToCrash, type RunningLoop, runLoop } from "../../firmware/run-loop.ts";
import { mayDebug, readSeal } from "../../firmware/seal/seal.ts";
import { SealWatch } from "../../firmware/seal/seal-watch.ts";
import { keepStatusFile } from "../../firmware/service/running-status.ts";
import { type DurableFiles, durableSystemFiles } from "../../firmware/storage/durable-files.ts";
import { gatedFiles } from "../../firmware/storage/gated-files.ts";
import {
  boardOrLastGood,
  failingFiles,
  keepLastGood,
  logProblems,
  settingsOrLastGood,
} from "../../firmware/storage/last-good.ts";
import { LiveSettings } from "../../firmware/storage/live-settings.ts";
import { sendToParent } from "../../firmware/supervision/send-to-parent.ts";
import { runningRelease } from "../../firmware/update/launch-note.ts";
import { greetGuardian, startLoopUpdates } from "../../firmware/update/swap/loop-updates.ts";
import type { Swap } from "../../firmware/update/swap/swap.ts";
import type { DisplayKind } from "../../simulation/virtual-hat/virtual-hat.ts";
import { type Context, hasTerminal, oneOf, readContext, wantsColour } from "../line/context.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

const { data, settings: settingsFlag, board: boardFlag } = sharedFlags;

export const verb: Verb = {
  name: "loop",
  summary: "The control loop itself, started by: grove-heater run",
  usage: "loop [FLAGS]",
  flags: {
    data,
    settings: settingsFlag,
    board: boardFlag,
    why: { value: "TEXT", doc: "why this board was chosen" },
    relay: { value: "KEY", doc: "the relay that the guardian forces off" },
    gpio: { value: "BACKEND", doc: "GPIO backend that the guardian uses for the relay's line" },
    "relay-line": { value: "FD", doc: "file descriptor of the relay's line" },
    log: { value: "FORMAT", doc: "json or text" },
    plain: { doc: "log lines instead of the live panel" },
    offline: { doc: "run without cloud or local hub" },
    "off-for": { value: "MS", doc: "the relay was on before, and has been off for this time" },
    "simulated-to-cloud": { doc: "send the virtual hat's readings to a real cloud" },
  },
  async run(args) {
    greetGuardian(sendToGuardian);
    return await loop(args);
  },
};

const disconnectTimeout = seconds(4);
/** Several times the duration of a first reading, also on a slow board. */
const decisionTimeout = seconds(2);
/** Enough to write a crash report; a disk that hangs must not keep the guardian waiting. */
const reportTimeout = seconds(1);
const rowsForTallDisplay = 42;

async function loop(args: Arguments): Promise<number> {
  const context = readContext(args);
  const { settings, values, board, choice } = decide(args, context);
  const out = new LineWriter(1);
  const terminalOut = new TextWriter(1);
  const panel = choice.wiring.backend === "virtual" ? livePanel(args, terminalOut) : undefined;
  const { log, recorder, remoteLines, logs } = openLog(args, values.logLevel, panel?.write ?? out.write);
  logProblems(log, settings, board);
  let [virtual, history]: [VirtualHardware?, HistoryRecorder?] = [];
  // As early as possible: until there is a listener, SIGUSR1 opens an inspector.
  let onSignal = (_signal: string, code: ExitCode): void => endProcess(code, out, terminalOut);
  installSignals({
    log,
    end: (signal) => onSignal(signal, exitCodes.ok),
    // The guardian handles Ctrl-Z; if SIGTSTP reaches only this process, the guardian starts a new loop.
    pause: (signal) => onSignal(signal, exitCodes.restart),
    ...forDevelopers(context.data.path),
  });
  const running = await runLoop({
    guardian: process.send === undefined ? undefined : process,
    data: context.data,
    settings: values,
    choice,
    log,
    failing: failingFiles(settings, board),
    virtualDisplay: values.display === "auto" ? displayThatFits(panel !== undefined) : values.display,
    relayLine: numberOf(args, "relay-line"),
    relayOffFor: millisOf(args, "off-for"),
    beat: (heaterOn) => sendToGuardian({ kind: "beat", heaterOn }),
    cleanUp: async (end) => {
      panel?.close(end);
      await flushAll(recorder, history, out);
    },
    end: (code) => endProcess(code, out, terminalOut),
    onHardware: (hardware) => {
      virtual = hardware.virtual;
      if (virtual) panel?.open(virtual);
    },
  });
  if (panel) show(panel, running);
  const files = filesOf(running, context);
  const keepGood = keeper(context, files, log);
  const live = liveSettings(running, { settings, board }, context, keepGood, log);
  const swap = startUpdates(running, live, context.data.path, log);
  onSignal = running.stop;
  showStatus(running, choice.name, log);
  history = keepRecords(running, recorder, context, log);
  // Otherwise the cloud process watches the seal. Read only once here: a disk that hangs must not delay a
  // step.
  if (args.has("offline")) new SealWatch(systemClock, log, () => readSeal(context.data.path));
  void Promise.race([running.decided, systemClock.sleep(decisionTimeout)]).then(() =>
    keepGood(lastGoodOf(settings, board)),
  );
  const disconnect = await connectFaces(args, {
    running,
    logs,
    history,
    data: context.data,
    choice,
    log,
    settings: values,
    live,
    remoteLines,
    swap,
    virtual,
    quiet: panel !== undefined,
  });
  const code = await running.ended;
  await Promise.race([disconnect(), systemClock.sleep(disconnectTimeout)]);
  // A stopped loop must end even if the channel to the guardian, the terminal or a disk hangs.
  endProcess(code, out, terminalOut);
}

function livePanel(args: Arguments, out: TextWriter): LivePanel | undefined {
  if (!hasTerminal() || args.has("plain")) return undefined;
  return new LivePanel({ out, release: runningRelease(), colour: wantsColour(process.stdout) });
}

function show(panel: LivePanel, { device, stop }: RunningLoop): void {
  panel.onQuit = (why) => stop(why);
  device.watch(({ commands }) => {
    panel.screen = commands.screen;
  });
}

/** @returns a function that ends every face, within a few seconds */
const connectFaces = (
  args: Arguments,
  options: Omit<FaceOptions, "simulatedToCloud" | "offline">,
): Promise<() => Promise<void>> =>
  connect({
    ...options,
    offline: args.has("offline"),
    simulatedToCloud: args.has("simulated-to-cloud"),
  });

function decide(args: Arguments, { data: folder, settingsFile }: Context) {
  const settings = settingsOrLastGood(settingsFile, folder);
  const { value: values } = settings;
  const gpioBackend = oneOf(args, "gpio", ["auto", "sysfs", "chardev"], values.gpioBackend);
  const board = boardOrLastGood(
    args.value("board") ?? values.board,
    folder,
    args.value("relay"),
    gpioBackend,
  );
  const choice = { ...board.value, why: args.value("why") ?? board.value.why };
  return { settings, values, board, choice };
}

function keepRecords(
  running: RunningLoop,
  recorder: ReportRecorder,
  context: Context,
  log: Log,
): HistoryRecorder {
  keepReports(recorder, context.data, filesOf(running, context));
  return keepHistory({ ...running, data: context.data, log });
}

/** Signals may also open a debugger in an unsealed unit, and cause a crash in a test. */
const forDevelopers = (dataPath: string) => ({
  mayDebug: () => mayDebug(dataPath),
  except: asksToCrash() ? ["SIGUSR2"] : [],
});

async function flushAll(
  recorder: ReportRecorder,
  history: HistoryRecorder | undefined,
  out: LineWriter,
): Promise<void> {
  const stored = Promise.all([recorder.flush(), history?.close()]);
  await Promise.race([stored, systemClock.sleep(reportTimeout)]);
  await flushBriefly(out);
}

type GoodFiles = Parameters<typeof keepLastGood>[1];
type ChosenSettings = ReturnType<typeof settingsOrLastGood>;
type ChosenBoard = ReturnType<typeof boardOrLastGood>;

const lastGoodOf = (settings: ChosenSettings, board: ChosenBoard): GoodFiles => ({
  settings: settings.good,
  board: board.good,
});

const keeper =
  ({ data }: Context, files: DurableFiles, log: Log) =>
  (good: GoodFiles): Promise<void> =>
    keepLastGood({ data, files, clock: systemClock, log }, good);

/** For those who change settings while the device runs. */
function liveSettings(
  running: RunningLoop,
  { settings, board }: { readonly settings: ChosenSettings; readonly board: ChosenBoard },
  context: Context,
  keepGood: (good: GoodFiles) => Promise<void>,
  log: Log,
): LiveSettings {
  const good = lastGoodOf(settings, board);
  return new LiveSettings({
    device: running.device,
    source: context.settingsFile,
    data: context.data,
    files: filesOf(running, context),
    log,
    settings: settings.value,
    problem: settings.problem,
    onStored: (text) => void keepGood({ ...good, settings: good.settings && { ...good.settings, text } }),
  });
}

/** The log, and the others that receive its events: error reports, the cloud and the local socket. */
function openLog(args: Arguments, level: LogLevel, write: (line: string) => void) {
  const format = oneOf(args, "log", ["json", "text"], process.stdout.isTTY ? "text" : "json");
  const recorder = recorderOfThisProcess();
  const remoteLines = new RemoteLines(systemClock);
  const written = createLogger({ clock: systemClock, level, format, write });
  const logs = new LogFeed(systemClock);
  return { log: logs.watch(remoteLines.watch(recorder.watch(written))), recorder, remoteLines, logs };
}

/** Where the guardian has ended, the event `disconnect` ends the loop cleanly. */
const sendToGuardian = (message: LoopToGuardian): void => sendToParent(message);

/** SR-11: shows a fault while the guardian reports that its watcher is missing. Also logs the page's address. */
function showGuardian({ device }: RunningLoop, log: Log): void {
  process.on("message", (message: unknown) => {
    const received = read(guardianToLoop, message);
    if (received?.kind === "watcher") device.setFailing("watcher", received.missing);
    if (received?.kind === "page-ready") log.info("page", { page: received.page });
  });
}

function startUpdates(running: RunningLoop, live: LiveSettings, dataPath: string, log: Log): Swap {
  const { device, manifest } = running;
  const [clock, send, env] = [systemClock, sendToGuardian, process.env] as const;
  const settings = () => live.values;
  return startLoopUpdates({ device, settings, dataPath, manifest, env, send, clock, log });
}

/** Writes the status file, where the service manager provides a folder for it; shows the watcher; closes a debugger. */
function showStatus(running: RunningLoop, board: string, log: Log): void {
  const { device } = running;
  showGuardian(running, log);
  closeInspector(log);
  const folder = process.env["RUNTIME_DIRECTORY"]?.split(":")[0];
  keepStatusFile({ device, firmware: runningRelease(), board, clock: systemClock, log, folder });
}

const filesOf = ({ manifest }: RunningLoop, { data: folder }: Context) =>
  gatedFiles(durableSystemFiles, folder.path, manifest);

function numberOf(args: Arguments, flag: string): number | undefined {
  const text = args.value(flag);
  return text === undefined ? undefined : Number(text);
}

function millisOf(args: Arguments, flag: string): Millis | undefined {
  const value = numberOf(args, flag);
  return value === undefined ? undefined : millis(value);
}

/**
 * Starts the faces only after the first decision, which must not wait for another process. If the sensor does
 * not answer, they start after a time limit, so that the cloud receives the fault.
 */
async function connect(options: FaceOptions): Promise<() => Promise<void>> {
  const { running } = options;
  const ended = running.ended.then(() => true);
  if (await Promise.race([running.decided, ended, systemClock.sleep(decisionTimeout)])) return async () => {};
  const { startFaces } = await import("../../firmware/faces.ts");
  return await startFaces(options);
}

/** The 1.12" display needs a tall terminal; otherwise the virtual hat has the 0.96" display. */
function displayThatFits(panel: boolean): DisplayKind {
  return panel && process.stdout.rows < rowsForTallDisplay ? "oled-128x64" : "oled-128x128";
}
