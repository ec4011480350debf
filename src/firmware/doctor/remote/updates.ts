/**
 * Checks whether this unit can get updates, and how the last one ended.
 *
 * Guarantee: asks no server, writes nothing and shows no token. What is wrong here never stops the heat: a slot that cannot
 * be used only means that another program starts.
 */
import { join } from "node:path";
import { CredentialError } from "../../../azure/credentials/credentials.ts";
import type { Clock } from "../../../base/clock.ts";
import { messageOf } from "../../../base/errors.ts";
import { checkConnection } from "../../../manifest/gate.ts";
import type { Manifest } from "../../../manifest/manifest.ts";
import { systemSlotFiles } from "../../../update/slots/slot-files.ts";
import { recordNames, SlotStore } from "../../../update/slots/slot-store.ts";
import { noSlots, type SlotName, type SlotsState } from "../../../update/slots/slots.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import { slotsFolder } from "../../update/places.ts";
import { readTrustedKeys, type TrustedKeys } from "../../update/trusted-keys.ts";
import {
  type OwnerFile,
  OwnerFileError,
  ownerFileName,
  readOwnerFile,
} from "../../update-process/owner-file.ts";
import { grantsInForce } from "../../update-process/source-grants.ts";
import { type Finding, fail, ok, warn } from "../finding.ts";
import type { Machine } from "../machine.ts";

const check = "updates";

export interface UpdatesExamination {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly data: DataFolder;
  /** Folder of the public keys whose update images are accepted. */
  readonly keysFolder: string;
  /** `undefined`: it is invalid, which another finding reports. */
  readonly manifest: Pick<Manifest, "connections"> | undefined;
}

export async function checkUpdates(examination: UpdatesExamination): Promise<readonly Finding[]> {
  const { machine, data, manifest } = examination;
  const owner = await ownerOf(machine.resolve(data.path));
  const slots = slotsFolder(data.path);
  if (owner === undefined && machine.kind(slots) === undefined)
    return [ok(check, `none: there is no ${join(data.path, ownerFileName)}`)];
  const trusted = readTrustedKeys(machine.resolve(examination.keysFolder));
  const granted = manifest && grantsInForce(storeOf(examination), manifest);
  const findings = isFinding(owner) ? [owner] : sourcesWithProblems(owner, granted, granted !== manifest);
  const { state, problems } = recordIn(machine, slots, storeOf(examination));
  const wantsKeys = owner !== undefined || state.slots.a !== null || state.slots.b !== null;
  if (wantsKeys) findings.push(...keysWithProblems(trusted, examination.keysFolder));
  findings.push(...problems, ...revertOf(state));
  // Without a key no slot can be used, which one finding reports already.
  if (trusted.keys.length > 0) findings.push(...(await slotsWithProblems(examination, state, trusted)));
  return findings.length > 0 ? findings : [ok(check, summary(isFinding(owner) ? undefined : owner, state))];
}

const isFinding = (found: OwnerFile | Finding | undefined): found is Finding =>
  found !== undefined && "check" in found;

const storeOf = ({ machine, clock, data }: UpdatesExamination): SlotStore =>
  new SlotStore(systemSlotFiles(clock), slotsFolder(machine.resolve(data.path)));

async function ownerOf(dataPath: string): Promise<OwnerFile | Finding | undefined> {
  try {
    return await readOwnerFile(dataPath);
  } catch (error) {
    if (error instanceof CredentialError) return fail(check, error.message, error.remedy);
    if (error instanceof OwnerFileError)
      return fail(check, error.message, "Correct it: until then this unit gets no updates.");
    throw error;
  }
}

function sourcesWithProblems(
  owner: OwnerFile | undefined,
  manifest: UpdatesExamination["manifest"],
  isOfUpdate: boolean,
): Finding[] {
  return addressesOf(owner).flatMap(({ what, url }) => {
    if (url === undefined)
      return [
        fail(check, `the address of the ${what} is not a valid URL`, `Correct it in ${ownerFileName}.`),
      ];
    const refused = url.protocol !== "file:" && manifest && checkConnection(manifest, url.hostname);
    if (!refused) return [];
    const remedy = isOfUpdate
      ? "The update that runs does not grant them: apply an image that was built with that host in its manifest."
      : 'Add it to "AllowedConnections" in the manifest; see: grove-heater manifest check.';
    return [fail(check, `connections to ${url.hostname}, the ${what}, are not allowed`, remedy)];
  });
}

interface Address {
  readonly what: string;
  readonly url: URL | undefined;
}

function addressesOf(owner: OwnerFile | undefined): readonly Address[] {
  const addresses: Address[] = [];
  if (owner?.hawkbit !== undefined) addresses.push({ what: "hawkBit server", url: owner.hawkbit.base });
  if (owner?.feed !== undefined) {
    const { url } = owner.feed;
    addresses.push({ what: "feed", url: URL.canParse(url) ? new URL(url) : undefined });
  }
  return addresses;
}

function keysWithProblems({ keys, problems }: TrustedKeys, folder: string): Finding[] {
  const remedy = `Copy the owner's NAME.pub into ${folder} (made by: grove-heater image keys NAME).`;
  const found = problems.map((problem) => warn(check, problem, remedy));
  if (keys.length > 0) return found;
  return [...found, fail(check, `no public key is in ${folder}, so that no image is accepted`, remedy)];
}

interface Record {
  readonly state: SlotsState;
  readonly problems: readonly Finding[];
}

function recordIn(machine: Machine, slots: string, store: SlotStore): Record {
  const remedy = `If this persists, remove ${slots}: the next update creates it again.`;
  if (machine.kind(slots) === "file")
    return { state: noSlots, problems: [warn(check, `${slots} is a file`, `Remove it.`)] };
  const records = recordNames.map((name) => join(slots, name));
  const there = records.filter((path) => machine.kind(path) !== undefined);
  const state = store.read();
  if (there.length === 0 || state !== noSlots) return { state, problems: [] };
  const why = there.map((path) => machine.refusal(path, "read")).find(Boolean);
  const detail =
    why === undefined
      ? `the record of the slots in ${slots} is damaged, so that the installed firmware runs`
      : `the record of the slots in ${slots} cannot be read (${why})`;
  const next = why === undefined ? remedy : "Examine it as the user that runs the firmware, or with sudo.";
  return { state, problems: [warn(check, detail, next)] };
}

function revertOf({ outcome }: SlotsState): Finding[] {
  if (outcome?.result !== "reverted") return [];
  const { image, reason } = outcome;
  const detail = `the last update, release ${image.version}, was reverted: ${reason}`;
  return [warn(check, detail, "Publish a corrected release: this image is never tried here again.")];
}

async function slotsWithProblems(
  examination: UpdatesExamination,
  state: SlotsState,
  { keys }: TrustedKeys,
): Promise<Finding[]> {
  const store = storeOf(examination);
  const findings: Finding[] = [];
  for (const slot of ["a", "b"] satisfies SlotName[]) {
    const image = state.slots[slot];
    if (image === null) continue;
    try {
      await store.verify(slot, keys);
    } catch (error) {
      const detail = `slot ${slot} with release ${image.version} cannot be used: ${messageOf(error)}`;
      const remedy =
        "Install an update: it takes the slot that does not run. If it happens again, replace the SD card.";
      findings.push(warn(check, detail, remedy));
    }
  }
  return findings;
}

function summary(owner: OwnerFile | undefined, { active, trial, slots }: SlotsState): string {
  const sources = addressesOf(owner).map(({ what, url }) => `${what} ${url?.host || "in a folder"}`);
  const version = active === null ? undefined : slots[active]?.version;
  const program = version === undefined ? "the installed firmware" : `release ${version} in slot ${active}`;
  const tried = trial === null ? "" : `, slot ${trial.slot} is on trial`;
  return `${sources.join(", ") || "no source"}; ${program}${tried}`;
}
