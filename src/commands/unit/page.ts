/** `page`: where the page of the device is, and its password. `page serve` is the page's process, which `run` starts. */
import { errnoOf, messageOf } from "../../base/errors.ts";
import { read } from "../../base/schema/schema.ts";
import { guardianToHub } from "../../firmware/front/messages.ts";
import { closeInspector } from "../../firmware/guardian/clean-node.ts";
import { installSignals } from "../../firmware/guardian/signals.ts";
import { explainListening } from "../../firmware/hub-process/listening-errors.ts";
import { loadManifestWithoutHat } from "../../firmware/load-manifest.ts";
import { rankMemory } from "../../firmware/memory/rank.ts";
import { ownDeviceId } from "../../firmware/page-process/own-id.ts";
import { readPageNote } from "../../firmware/page-process/page-note.ts";
import { startDevicePage } from "../../firmware/page-process/page-server.ts";
import { PasswordFile, storePassword, warnOfPassword } from "../../firmware/page-process/password-file.ts";
import { endProcess, flushBriefly } from "../../firmware/process/end-process.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { guardNetwork, noNetwork } from "../../firmware/process/guard-network.ts";
import { LineWriter } from "../../firmware/process/line-writer.ts";
import { createLogger } from "../../firmware/process/logger.ts";
import type { HubToGuardian } from "../../firmware/process/messages.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { mayDebug } from "../../firmware/seal/seal.ts";
import { openDataFolder } from "../../firmware/storage/data-folder.ts";
import { settingsToShow } from "../../firmware/storage/last-good.ts";
import { sendToParent } from "../../firmware/supervision/send-to-parent.ts";
import { passwordProblem } from "../../hub/page-server/access/password.ts";
import { oneOf, readContext, wantsColour } from "../line/context.ts";
import { readHiddenLine } from "../line/hidden-line.ts";
import { namesOf, portOf } from "../line/listening.ts";
import { pageFlags, pageWanted } from "../line/page-flags.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";
import { addressLines, printCode } from "../output/page-address.ts";

export const verb: Verb = {
  name: "page",
  summary: "Show the address of the device's page, or set its password",
  usage: "page [show|password|serve] [FLAGS]",
  subverbs: ["show", "password", "serve"],
  flags: {
    data: sharedFlags.data,
    settings: sharedFlags.settings,
    page: pageFlags.page,
    name: { value: "NAME", several: true, doc: "serve: an additional host name of this machine" },
    port: { value: "N", doc: "serve: the port, without alternatives (default: 8780, or a free one)" },
    monitoring: { doc: "serve: /metrics and /api/state also to other machines" },
    log: { value: "FORMAT", doc: "serve: json or text (default: text on a terminal, otherwise json)" },
  },
  notes: `
"page show" prints the page's addresses, with a QR code for a phone if the page is open to the local network. "page password" asks
for a new password, or reads it from its input: echo SECRET | grove-heater page password. It ends the sessions of all
browsers. "page serve" is the page's own process, which "run" starts unless there is a local hub or --no-page is given.`,
  async run(args) {
    const [word = "show"] = args.words;
    if (word === "serve") return await serve(args);
    guardNetwork(noNetwork);
    return word === "password" ? await setPassword(args) : show(args);
  },
};

async function serve(args: Arguments): Promise<number> {
  const { data, settingsFile } = readContext(args);
  const folder = openDataFolder(data.path);
  const { tcpServerPorts } = loadManifestWithoutHat();
  guardNetwork({ connections: [], tcpServerPorts, udpServerPorts: [] });
  const format = oneOf(args, "log", ["json", "text"], process.stdout.isTTY ? "text" : "json");
  const guarded = process.send !== undefined;
  if (guarded) rankMemory("page");
  const out = new LineWriter(guarded ? 2 : 1);
  const log = createLogger({
    clock: systemClock,
    level: guarded ? "warn" : "info",
    format,
    write: out.write,
  });
  const endNow = (): void => endProcess(exitCodes.ok, out);
  let end = endNow;
  installSignals({ log, end: () => end(), mayDebug: () => mayDebug(folder.path) });
  process.once("disconnect", () => end());
  closeInspector(log);
  const settings = () => settingsToShow(settingsFile, data);
  const reach = pageWanted(args) ?? settings().page;
  if (reach === "off") throw pageIsOff();
  const page = await startDevicePage({
    dataPath: folder.path,
    id: ownDeviceId(),
    clock: systemClock,
    log,
    reach,
    names: namesOf(args),
    port: portOf(args),
    allowedPorts: tcpServerPorts,
    settings,
    monitoring: args.has("monitoring"),
    onPress: (press) => sendToGuardian({ kind: "panel-pressed", ...press }),
    onSimulate: (simulation) => sendToGuardian({ kind: "simulate-fault", ...simulation }),
  }).catch(explainListening);
  const [url = ""] = page.urls;
  log.info("page-ready", { page: url });
  printCode(page.urls);
  if (reach === "lan") warnOfPassword(folder.path, systemClock, log);
  process.on("message", (message) => {
    const received = read(guardianToHub, message);
    if (received !== undefined) page.view.takeFront(received);
  });
  sendToGuardian({ kind: "page-ready", page: url });
  await new Promise<void>((resolve) => {
    end = () => {
      end = endNow;
      resolve();
    };
  });
  await page.close();
  await flushBriefly(out);
  return endProcess(exitCodes.ok, out);
}

const sendToGuardian = (message: HubToGuardian): void => sendToParent(message);

const pageIsOff = (): StartupError =>
  new StartupError(
    exitCodes.configuration,
    "The page is switched off by the setting page.",
    "Give --page local or --page lan, or change the setting.",
  );

function show(args: Arguments): number {
  const { path } = readContext(args).data;
  const note = readPageNote(path);
  if (note === undefined || !isRunning(note.process)) {
    throw new StartupError(
      exitCodes.unavailable,
      `No page is served for ${path}.`,
      "Start the device: grove-heater run. If it runs with another data folder, name that: --data FOLDER.",
    );
  }
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const line of addressLines(note.urls, wantsColour(process.stdout))) print(line);
  if (note.urls.length < 2) {
    print("\nOnly this machine can reach it. To open it to the local network: grove-heater run --page lan");
    return exitCodes.ok;
  }
  if (new PasswordFile(path, systemClock).edition === undefined)
    print("\nOther machines are refused until a password is set: grove-heater page password");
  return exitCodes.ok;
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}

async function setPassword(args: Arguments): Promise<number> {
  const { data } = readContext(args);
  const folder = openDataFolder(data.path);
  const password = await askForPassword();
  const problem = passwordProblem(password);
  if (problem !== undefined) throw notSet(problem, "Choose another one.");
  try {
    await storePassword(folder.path, password);
  } catch (error) {
    throw new StartupError(
      exitCodes.storage,
      `The password could not be stored: ${messageOf(error)}.`,
      "Make the data folder writable, or name another with --data FOLDER.",
      { cause: error },
    );
  }
  process.stdout.write("The password is set. Browsers that were signed in must sign in again.\n");
  return exitCodes.ok;
}

async function askForPassword(): Promise<string> {
  const password = await ask("New password for the page: ");
  if (!process.stdin.isTTY || password === (await ask("Once more: "))) return password;
  throw notSet("the two are different", "Try again.");
}

async function ask(prompt: string): Promise<string> {
  const line = await readHiddenLine(process.stdin, process.stderr, prompt, { keepBlanks: true });
  if (line === undefined) throw notSet("none was given", "Try again.");
  return line;
}

const notSet = (why: string, remedy: string): StartupError =>
  new StartupError(exitCodes.usage, `Not set: ${why}.`, remedy);
