/**
 * Prepares many units at once: for each unit a folder to copy onto its SD card before the first boot.
 *
 * Guarantees: a unit's credentials.json is written last, so an incomplete unit is made again; what an earlier
 * run made is kept and never overwritten, not even with another key; folders have mode 0700 and files 0600.
 * The private key for a certificate is made here, because a unit that was never switched on cannot make it:
 * the folder must be kept secret.
 */
import { dirname, join } from "node:path";
import type { Credentials } from "../../azure/credentials/credentials.ts";
import { CredentialError } from "../../azure/credentials/credentials.ts";
import { credentialsFromFile } from "../../azure/credentials/file.ts";
import { credentialsFileName } from "../../azure/credentials/load.ts";
import { readPrivate, systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { privateFolder, writeWhole } from "./claim.ts";
import { deviceKeyFile, deviceKeyOf } from "./device-key.ts";
import { issuePair, type OwnerCa } from "./owner-ca.ts";
import { keyFingerprint } from "./pem.ts";
import { idLength, removeOtherKeys, unitKey, x509CredentialsText } from "./unit-keys.ts";
import type { ListedUnit } from "./unit-list.ts";

/**
 * How the units prove their identity: certificates of the owner's authority, or keys derived from a group's.
 */
export type BatchProof =
  | { readonly type: "x509"; readonly ca: OwnerCa; readonly days: number; readonly wallMs: number }
  | { readonly type: "symmetric-key"; readonly groupKey: string };

export interface BatchOptions {
  readonly units: readonly ListedUnit[];
  readonly out: string;
  /** The data folder on the unit, relative to the root of its card: "var/lib/private/grove-heater". */
  readonly dataPath: string;
  readonly idScope: string;
  readonly endpoint: string | undefined;
  readonly proof: BatchProof;
}

export interface BatchResult {
  readonly made: readonly string[];
  /** Exist already, with the same content as would be made now. */
  readonly kept: readonly string[];
  /** Exist already with different content, and were not changed: the unit, and the difference. */
  readonly others: readonly { readonly id: string; readonly why: string }[];
}

/** @throws StartupError when a folder cannot be written; what was made before that is kept */
export async function prepareUnits(options: BatchOptions): Promise<BatchResult> {
  const made: string[] = [];
  const kept: string[] = [];
  const others: { id: string; why: string }[] = [];
  await privateFolder(options.out);
  for (const unit of options.units) {
    const dataPath = join(options.out, unit.folder, ...options.dataPath.split("/"));
    const existing = await credentialsIn(dataPath);
    if (existing === undefined) {
      await prepare(unit.id, dataPath, options);
      made.push(unit.id);
      continue;
    }
    const why = typeof existing === "string" ? existing : differenceOf(existing, unit.id, options);
    if (why === undefined) kept.push(unit.id);
    else others.push({ id: unit.id, why });
  }
  return { made, kept, others };
}

/** @returns a text that says why they cannot be used, where they cannot; `undefined`: there are none yet */
async function credentialsIn(dataPath: string): Promise<Credentials | string | undefined> {
  const path = join(dataPath, credentialsFileName);
  try {
    const text = await readPrivate(systemPrivateFiles, path);
    return text === undefined ? undefined : await credentialsFromFile(text, path, systemPrivateFiles);
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    return error.message;
  }
}

/** How the existing credentials differ from those that would be made now. */
function differenceOf({ target, proof }: Credentials, id: string, wanted: BatchOptions): string | undefined {
  if (target.kind !== "dps" || target.registrationId !== id) return "it belongs to another device";
  if (target.idScope !== wanted.idScope) return `its id scope is ${target.idScope}`;
  if (wanted.proof.type === "x509")
    return proof.kind === "certificate" ? undefined : "it has a key instead of a certificate";
  if (proof.kind !== "key") return "it has a certificate instead of a key";
  const same = proof.key.reveal() === deviceKeyOf(wanted.proof.groupKey, id);
  return same ? undefined : "its key was derived from another group's";
}

async function prepare(id: string, dataPath: string, options: BatchOptions): Promise<void> {
  const { idScope, endpoint, proof } = options;
  await privateFolder(dataPath);
  const credentialsFile = join(dataPath, credentialsFileName);
  if (proof.type === "symmetric-key") {
    const deviceKey = deviceKeyOf(proof.groupKey, id);
    await writeWhole(credentialsFile, deviceKeyFile({ idScope, registrationId: id, endpoint, deviceKey }));
    return;
  }
  const pair = await issuePair(proof.ca, id, proof);
  const key = unitKey(dataPath, keyFingerprint(pair.key).slice(0, idLength));
  await privateFolder(dirname(key.keyFile));
  await writeWhole(key.keyFile, pair.key);
  await writeWhole(key.certificateFile, pair.cert);
  const text = x509CredentialsText({ idScope, registrationId: id, key, endpoint, caFile: undefined });
  await writeWhole(credentialsFile, text);
  // Removes keys that an interrupted run left without a certificate.
  await removeOtherKeys(dataPath, [key.keyFile]);
}
