/**
 * Many units at once: for each a folder that is laid over its SD card, ready for its first boot.
 *
 * Guarantees: a unit's credentials.json is written last, so a unit is whole or made again; what an earlier run made is
 * kept and never written over, not even by another key; folders are 0700 and files 0600. Of a unit with a certificate the
 * private key is made here, because a unit that was never switched on cannot make it: the folder is a secret.
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
import { idLength, removeOthers, unitKey, x509CredentialsText } from "./unit-keys.ts";
import type { ListedUnit } from "./unit-list.ts";

/** What proves the units: certificates of the owner's authority, or keys of a group. */
export type BatchProof =
  | { readonly type: "x509"; readonly ca: OwnerCa; readonly days: number; readonly wallMs: number }
  | { readonly type: "symmetric-key"; readonly groupKey: string };

export interface BatchOptions {
  readonly units: readonly ListedUnit[];
  readonly out: string;
  /** The data folder on the unit, from the root of its card: "var/lib/private/grove-heater". */
  readonly dataPath: string;
  readonly idScope: string;
  readonly endpoint: string | undefined;
  readonly proof: BatchProof;
}

export interface BatchResult {
  readonly made: readonly string[];
  /** There already, and as they would be made now. */
  readonly kept: readonly string[];
  /** Left as they are, because they were made for something else: the unit, and why. */
  readonly others: readonly { readonly id: string; readonly why: string }[];
}

/** @throws StartupError when a folder cannot be written; what is made until then stays */
export async function prepareUnits(options: BatchOptions): Promise<BatchResult> {
  const made: string[] = [];
  const kept: string[] = [];
  const others: { id: string; why: string }[] = [];
  await privateFolder(options.out);
  for (const unit of options.units) {
    const dataPath = join(options.out, unit.folder, ...options.dataPath.split("/"));
    const there = await credentialsIn(dataPath);
    if (there === undefined) {
      await prepare(unit.id, dataPath, options);
      made.push(unit.id);
      continue;
    }
    const why = typeof there === "string" ? there : differenceOf(there, unit.id, options);
    if (why === undefined) kept.push(unit.id);
    else others.push({ id: unit.id, why });
  }
  return { made, kept, others };
}

/** @returns why they cannot be used, where they cannot; `undefined`: there are none yet */
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

/** Why what is there is not what would be made now. */
function differenceOf({ way, proof }: Credentials, id: string, wanted: BatchOptions): string | undefined {
  if (way.kind !== "dps" || way.registrationId !== id) return "it is another device's";
  if (way.idScope !== wanted.idScope) return `its id scope is ${way.idScope}`;
  if (wanted.proof.type === "x509")
    return proof.kind === "certificate" ? undefined : "it has a key, no certificate";
  if (proof.kind !== "key") return "it has a certificate, no key";
  const same = proof.key.reveal() === deviceKeyOf(wanted.proof.groupKey, id);
  return same ? undefined : "its key is of another group";
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
  // Of a run that was cut off between a key and its certificate.
  await removeOthers(dataPath, [key.keyFile]);
}
