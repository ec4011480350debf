/**
 * `update status | check | apply | revert`: updates, on the unit itself.
 *
 * Guarantee: an image is accepted only with the signature of a trusted key; a sealed unit accepts no image from a file.
 * The running firmware is not touched: it reads the request from a file and starts the image when that is safe, or the
 * next start does.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, messageOf } from "../../base/errors.ts";
import type { FileOwner } from "../../base/files/atomic-file.ts";
import { regularFileChunks } from "../../base/files/regular-file.ts";
import { SmallFileError } from "../../base/files/small-file.ts";
import { silentLog } from "../../base/log.ts";
import { ownerOf } from "../../firmware/claim/claim.ts";
import { loadManifestWithoutHat } from "../../firmware/load-manifest.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { firmwareVersion, packageRoot } from "../../firmware/process/package-root.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { isSealed } from "../../firmware/seal/seal.ts";
import { isDiskFailure, openDataFolder } from "../../firmware/storage/data-folder.ts";
import { installUpdate } from "../../firmware/update/install-update.ts";
import { keysFolder, requestFile, slotsFolder } from "../../firmware/update/places.ts";
import { readRequest, writeRequest } from "../../firmware/update/request.ts";
import { readTrustedKeys } from "../../firmware/update/trusted-keys.ts";
import { type Answer, askSources } from "../../firmware/update-process/ask-sources.ts";
import {
  type OwnerFile,
  ownerFileMembers,
  ownerFileName,
  readOwnerFile,
} from "../../firmware/update-process/owner-file.ts";
import { checkReachesSources, grantsInForce } from "../../firmware/update-process/source-grants.ts";
import { updatesFolder } from "../../firmware/update-process/sources.ts";
import { unitId } from "../../firmware/update-process/unit-id.ts";
import { ImageRefused } from "../../update/image/refusal.ts";
import { SlotsBusy, systemSlotFiles } from "../../update/slots/slot-files.ts";
import { recordNames, SlotStore } from "../../update/slots/slot-store.ts";
import { noSlots, type SlotName, type SlotsState } from "../../update/slots/slots.ts";
import type { Done } from "../../update/updater/record.ts";
import { RecordFile } from "../../update/updater/record-file.ts";
import { readContext } from "../line/context.ts";
import { print } from "../line/print.ts";
import { otherDataFolder } from "../line/service-data.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";

export const verb: Verb = {
  name: "update",
  summary: "Show, apply and revert firmware updates",
  usage: "update status | check | apply FILE | revert [FLAGS]",
  subverbs: ["status", "check", "apply", "revert"],
  checksFurtherWords: true,
  flags: {
    data: sharedFlags.data,
    json: { doc: "status, check: print JSON" },
    now: { doc: "apply: wait neither for the heater to be off nor for the hours in the settings" },
  },
  notes: `
status shows both slots, each verified to its last byte, what starts, and how the last update ended. check asks the
sources that updates.json in the data folder names, shows their answers, and has a running firmware ask them too.
apply installs a signed image from a file into the free slot; a running firmware tries it once its heater is off
(settings updateFromHour, updateUntilHour, updateDeferralHours), else the next start does. It is kept when it proves
its health within three minutes: sensor, relay, storage and a minute of steps; else the previous firmware runs again,
and that image is never installed again. revert goes back from an update, on trial or confirmed, to the one before it,
else to the firmware of the installation.
updates.json, mode 0600, names a feed, a hawkBit server or both; a firmware that runs reads it at its next start:
${ownerFileMembers}
A proxy is that of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. The app manifest must grant each host in AllowedConnections.
Trusted keys: files NAME.pub in ${keysFolder(packageRoot)}, two at most.
Exit code of check: 0, or 1 when a source failed. Of status: 0, or 1 when the last update was reverted, or
an installed one or a key cannot be used. Of apply and revert: 0 when done; 1 when there is nothing to revert; 74 when
the disk fails; 75 while another installation runs; 77 on a sealed unit, or without the right to write its data; 78
when the image is refused, with the code and the reason.`,
  async run(args) {
    const [what, subject, ...more] = args.words;
    if (what === undefined) throw usage("No subcommand given.");
    const surplus = what === "apply" ? more[0] : subject;
    if (surplus !== undefined) throw usage(`update ${what} takes no argument, got "${surplus}".`);
    if (what === "status") return await status(args);
    if (what === "check") return await check(args);
    if (what === "revert") return await revert(args);
    if (subject === undefined) throw usage("Missing: the image's file.");
    return await apply(args, subject);
  },
};

/** Asks here, to show the answer, and makes a running firmware ask too, which acts on it. */
async function check(args: Arguments): Promise<number> {
  const { dataPath, owner: fileOwner } = openUnit(args);
  const owner = await ownersFile(dataPath);
  const files = systemSlotFiles(systemClock, fileOwner);
  const store = new SlotStore(files, slotsFolder(dataPath));
  const answers = await askSources(
    owner,
    {
      dataPath,
      store,
      files,
      keys: usableKeys(),
      manifest: grantsInForce(store, loadManifestWithoutHat()),
      firmware: firmwareVersion(),
      board: "",
      program: store.read().active ?? "factory",
      unitId: unitId("roll-out"),
      isSealed: () => isSealed(dataPath),
      env: process.env,
      clock: systemClock,
      log: silentLog,
    },
    AbortSignal.timeout(checkLimitMs),
  );
  await files.makeFolder(slotsFolder(dataPath));
  if (readRequest(requestFile(dataPath)) === undefined)
    await writeRequest(requestFile(dataPath), { kind: "check" }, fileOwner);
  print(args.has("json") ? JSON.stringify(answers, null, 2) : answers.map(answerText).join("\n"));
  if (!args.has("json") && !isSealed(dataPath))
    print("This unit is not sealed, so it does not update itself: grove-heater seal, or update apply FILE.");
  return answers.some(({ problem }) => problem !== undefined) ? exitCodes.findings : exitCodes.ok;
}

const checkLimitMs = 60_000;

function answerText({ source, update, held, passedOver, problem }: Answer): string {
  const name = source.padEnd(8);
  if (problem !== undefined) return `${name} failed: ${problem}`;
  if (held !== undefined) return `${name} release ${held.version}, not yet: ${held.reason}`;
  if (update === undefined) {
    const why = passedOver === undefined ? "" : `: ${passedOver}`;
    return `${name} no update for this unit${why}`;
  }
  const size = `${Math.ceil(update.bytes / 2 ** 20)} MiB`;
  return `${name} release ${update.version ?? update.id} is assigned, ${size}; a running firmware installs it according to its settings`;
}

/** @throws StartupError if there is none, or it is invalid */
async function ownersFile(dataPath: string): Promise<OwnerFile> {
  const path = join(dataPath, ownerFileName);
  try {
    const owner = await readOwnerFile(dataPath);
    if (owner !== undefined) return owner;
  } catch (error) {
    throw new StartupError(exitCodes.configuration, messageOf(error), `Correct ${path}.`, { cause: error });
  }
  throw new StartupError(
    exitCodes.configuration,
    `This unit has no source of updates: there is no ${path}.`,
    'Write one, mode 0600: {"feed": {"url": "https://…/", "group": "…"}}',
  );
}

async function apply(args: Arguments, file: string): Promise<number> {
  const unit = openUnit(args);
  const { dataPath, owner } = unit;
  if (isSealed(dataPath)) {
    throw new StartupError(
      exitCodes.permission,
      "This unit is sealed: it accepts updates only from its owner's source, and no image from a file.",
      "For development: grove-heater unseal, then apply it, then grove-heater seal.",
    );
  }
  const keys = usableKeys();
  openDataFolder(dataPath);
  const store = new SlotStore(systemSlotFiles(systemClock, owner), slotsFolder(dataPath));
  const manifest = loadManifestWithoutHat();
  try {
    const { slot, image } = await installUpdate(regularFileChunks(file), { store, dataPath, keys, manifest });
    const { digest, version, counter } = image;
    await writeRequest(requestFile(dataPath), { kind: "start", slot, digest, now: args.has("now") }, owner);
    await warnOfSources(store.programIn(slot), dataPath);
    const soon = args.has("now") ? "within seconds" : "once its heater is off";
    return print(
      `release ${version}, counter ${counter}, is installed in slot ${slot}. A running firmware tries it ${soon}, otherwise the ` +
        "next start does.\nThen: grove-heater update status",
    );
  } catch (error) {
    throw asStartupError(error, file);
  }
}

/** No more than that: whoever applies it is there, and may apply another one. */
async function warnOfSources(program: string, dataPath: string): Promise<void> {
  try {
    const owner = await readOwnerFile(dataPath);
    if (owner !== undefined) checkReachesSources(program, owner);
  } catch (error) {
    process.stderr.write(`! ${messageOf(error)}\n`);
  }
}

async function revert(args: Arguments): Promise<number> {
  const { dataPath, owner } = openUnit(args);
  const state = new SlotStore(systemSlotFiles(systemClock, owner), slotsFolder(dataPath)).read();
  const slot = state.trial?.slot ?? state.active;
  const image = slot && state.slots[slot];
  if (!image) {
    process.stderr.write("There is nothing to revert: the firmware of the installation runs.\n");
    return exitCodes.findings;
  }
  try {
    await writeRequest(requestFile(dataPath), { kind: "revert", digest: image.digest }, owner);
  } catch (error) {
    throw asStartupError(error, requestFile(dataPath));
  }
  return print(
    `release ${image.version} in slot ${slot} is reverted: a running firmware ends it within seconds, otherwise the next ` +
      "start does.\nThen: grove-heater update status",
  );
}

interface Unit {
  readonly dataPath: string;
  /** The owner of the files, if root acts for the service. */
  readonly owner: FileOwner | undefined;
}

function openUnit(args: Arguments): Unit {
  const { data } = readContext(args);
  const other = otherDataFolder(args, data.path);
  if (other !== undefined)
    process.stderr.write(`! The service keeps its data in ${other}: for it, add --data ${other}\n`);
  return { dataPath: data.path, owner: ownerOf(data.path) };
}

function usableKeys() {
  const folder = keysFolder(packageRoot);
  const { keys, problems } = readTrustedKeys(folder);
  for (const problem of problems) process.stderr.write(`! ${problem}\n`);
  if (keys.length > 0) return keys;
  throw new StartupError(
    exitCodes.configuration,
    "This installation trusts no key, so it can accept no image.",
    `Put the owner's public key into ${folder}, as owner.pub (for a service: grove-heater service install --key FILE).`,
  );
}

async function status(args: Arguments): Promise<number> {
  const { data } = readContext(args);
  const folder = slotsFolder(data.path);
  refuseUnreadable(folder);
  const store = new SlotStore(systemSlotFiles(systemClock), folder);
  const state = store.read();
  const { keys, problems: ofKeys } = readTrustedKeys(keysFolder(packageRoot));
  const problems = [...ofKeys];
  const slots = {
    a: await slotStatus(store, state, "a", keys),
    b: await slotStatus(store, state, "b", keys),
  };
  // If neither the record nor its copy is readable, it looks as if nothing was ever installed.
  if (state === noSlots && recordNames.some((name) => existsSync(join(folder, name))))
    problems.push(`the record of the slots in ${folder} is damaged: the firmware of the installation runs.`);
  const { last, done } = new RecordFile(systemSlotFiles(systemClock), updatesFolder(data.path)).now;
  const found = {
    installation: { version: firmwareVersion() },
    ...state,
    slots,
    waiting: readRequest(requestFile(data.path))?.kind ?? null,
    lastAssigned: lastAssignedIn(last, last && done[last]),
    keys: keys.map(({ id }) => id),
    problems,
  };
  const isHealthy =
    state.outcome?.result !== "reverted" &&
    problems.length === 0 &&
    (state.active === null || slots[state.active]?.problem === null);
  print(args.has("json") ? JSON.stringify(found, null, 2) : rows(found).join("\n"));
  return isHealthy ? exitCodes.ok : exitCodes.findings;
}

interface LastAssigned {
  readonly source: "feed" | "hawkbit";
  readonly version: string | null;
  readonly result: Done["result"];
  readonly code: string;
  readonly reason: string;
}

/** What the slots do not know: an update that never came into one. */
function lastAssignedIn(source: LastAssigned["source"] | null, done: Done | null): LastAssigned | null {
  if (source === null || done === null) return null;
  const { version, result, code, reason } = done;
  return { source, version, result, code, reason };
}

async function slotStatus(
  store: SlotStore,
  state: SlotsState,
  slot: SlotName,
  keys: Parameters<SlotStore["verify"]>[1],
) {
  const image = state.slots[slot];
  if (image === null) return null;
  const problem = await store.verify(slot, keys).then(
    () => null,
    (error: unknown) => messageOf(error),
  );
  return { ...image, problem, failed: state.failed.includes(image.digest) };
}

type Found = Omit<SlotsState, "slots"> & {
  readonly installation: { readonly version: string };
  readonly slots: Readonly<Record<SlotName, Awaited<ReturnType<typeof slotStatus>>>>;
  readonly waiting: "start" | "revert" | "check" | null;
  readonly lastAssigned: LastAssigned | null;
  readonly keys: readonly string[];
  readonly problems: readonly string[];
};

function rows(found: Found): string[] {
  const { active, trial, slots, outcome, waiting, lastAssigned, counterFloor, keys, problems, installation } =
    found;
  const inUse =
    active === null ? `the firmware of the installation, ${installation.version}` : `slot ${active}`;
  const table: [string, string][] = [
    ["confirmed", inUse],
    ["slot a", slotText(slots.a)],
    ["slot b", slotText(slots.b)],
    ["on trial", trial === null ? "nothing" : `slot ${trial.slot}, ${trial.startsLeft} starts left`],
    ["counter", `not below ${counterFloor}`],
    ["last update", outcome === null ? "none" : outcomeText(outcome)],
    ["keys", keys.length === 0 ? "none: no image is accepted" : keys.join(", ")],
  ];
  // The results of a trial are the slots' own.
  if (lastAssigned !== null && !["confirmed", "reverted"].includes(lastAssigned.result))
    table.push([`from ${lastAssigned.source}`, lastAssignedText(lastAssigned)]);
  if (waiting !== null) table.push(["waiting", waitingText[waiting]]);
  for (const problem of problems) table.push(["problem", problem]);
  return table.map(([name, text]) => `${name.padEnd(11)} ${text}`);
}

function lastAssignedText({ version, result, code, reason }: LastAssigned): string {
  const what = version === null ? "an update" : `release ${version}`;
  return `${what} ${result}${code === "" ? "" : ` (${code})`}${reason === "" ? "" : `: ${reason}`}`;
}

const waitingText = {
  start: "an update will be tried",
  revert: "revert",
  check: "ask the sources",
};

function slotText(slot: Found["slots"]["a"]): string {
  if (slot === null) return "empty";
  const { version, counter, problem, failed } = slot;
  const verdict = problem === null ? "verified" : `cannot be used: ${problem}`;
  return `release ${version}, counter ${counter}, ${failed ? "reverted before, and not tried again" : verdict}`;
}

const outcomeText = ({ result, image, reason }: NonNullable<SlotsState["outcome"]>): string =>
  `release ${image.version} ${result}${reason === "" ? "" : `: ${reason}`}`;

/** Without this error, slots that this user may not read would look empty. */
function refuseUnreadable(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return;
    throw new StartupError(
      exitCodes.permission,
      `${folder} cannot be read (${errnoOf(cause)}).`,
      "Run this with sudo, or as the user that runs the firmware.",
      { cause },
    );
  }
}

function asStartupError(error: unknown, file: string): unknown {
  if (error instanceof ImageRefused) {
    const next = "The running firmware is not affected.";
    return new StartupError(exitCodes.configuration, `Refused (${error.code}): ${error.message}.`, next);
  }
  if (error instanceof SlotsBusy) {
    return new StartupError(exitCodes.running, `${messageOf(error)}.`, "Wait for it, then try again.");
  }
  if (error instanceof SmallFileError) {
    return new StartupError(exitCodes.configuration, `${error.message}.`, "Name an image file.");
  }
  const code = errnoOf(error);
  if (isDiskFailure(error)) {
    return new StartupError(
      exitCodes.storage,
      `It could not be written: ${messageOf(error)}.`,
      "Check the disk's space and health.",
    );
  }
  if (code === "EACCES" || code === "EPERM") {
    return new StartupError(exitCodes.permission, `${messageOf(error)}.`, "Run this with sudo.");
  }
  if (code === undefined) return error;
  return new StartupError(exitCodes.configuration, `${file}: ${messageOf(error)}.`, "Check the file's name.");
}

const usage = (message: string): StartupError =>
  new StartupError(exitCodes.usage, message, "More: grove-heater update --help");
