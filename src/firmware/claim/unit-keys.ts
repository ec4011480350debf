/**
 * The keys of a unit, in the folder `claim/` of its data folder: one is in force, one may wait for its certificate.
 *
 * Guarantee: a key is named after its own fingerprint and never written over, so that a request that was sent off can
 * always be answered; which one is in force only credentials.json says.
 */
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { credentialsFileName } from "../../azure/credentials/load.ts";
import { readPrivate, systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { errnoOf } from "../../base/errors.ts";
import { readText } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { lenient, string } from "../../base/schema/values.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { explained, readIfThere } from "./claim.ts";
import { keyFingerprint } from "./pem.ts";

export interface UnitKey {
  /** The first 16 digits of the public key's SHA-256. */
  readonly id: string;
  readonly keyFile: string;
  readonly requestFile: string;
  readonly certificateFile: string;
}

/** Of what is configured now, the public entries. */
export interface InForce {
  readonly type?: string | undefined;
  readonly idScope?: string | undefined;
  readonly registrationId?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly certificateFile?: string | undefined;
  readonly caFile?: string | undefined;
}

const text = lenient(string(), () => undefined);
const publicEntries = object({
  type: text,
  idScope: text,
  registrationId: text,
  endpoint: text,
  keyFile: text,
  certificateFile: text,
  caFile: text,
});

export const claimFolder = (dataPath: string): string => join(dataPath, "claim");
export const idLength = 16;

export function unitKey(dataPath: string, id: string): UnitKey {
  const file = (suffix: string) => join(claimFolder(dataPath), `${id}.${suffix}`);
  return { id, keyFile: file("key"), requestFile: file("csr"), certificateFile: file("pem") };
}

/** Every key there is. None in a folder that is not there. @throws StartupError when it cannot be read */
export function unitKeys(dataPath: string): UnitKey[] {
  let names: string[];
  try {
    names = readdirSync(claimFolder(dataPath));
  } catch (cause) {
    const reason = errnoOf(cause);
    if (reason === "ENOENT" || reason === "ENOTDIR") return [];
    throw new StartupError(
      exitCodes.permission,
      `${claimFolder(dataPath)} cannot be read (${reason}).`,
      "Run this with sudo, or as the user that runs the firmware.",
      { cause },
    );
  }
  const ids = names.map((name) => /^([0-9a-f]{16})\.key$/.exec(name)?.[1]);
  return ids.flatMap((id) => (id === undefined ? [] : [unitKey(dataPath, id)]));
}

/** The key that has no certificate yet. */
export function pendingKey(dataPath: string): UnitKey | undefined {
  return unitKeys(dataPath).find((key) => readIfThere(key.certificateFile) === undefined);
}

/** What credentials.json says, without what is secret in it; nothing where there is none or it is no JSON. */
export async function readInForce(dataPath: string): Promise<InForce> {
  const path = join(dataPath, credentialsFileName);
  const content = await explained(() => readPrivate(systemPrivateFiles, path));
  return (content === undefined ? undefined : readText(publicEntries, content)) ?? {};
}

/** Private. @throws StartupError when others may read it, or it is none */
export async function readKey({ keyFile }: UnitKey): Promise<string> {
  const pem = await explained(() => readPrivate(systemPrivateFiles, keyFile));
  try {
    if (pem !== undefined) {
      keyFingerprint(pem);
      return pem;
    }
  } catch {
    // Said below.
  }
  throw new StartupError(
    exitCodes.configuration,
    `${keyFile} holds no private key.`,
    "Remove it, then make a new request with: grove-heater claim request",
  );
}

/** Text of the credentials.json that puts a key and its certificate in force. */
export function x509CredentialsText(parts: {
  readonly idScope: string;
  readonly registrationId: string;
  readonly key: UnitKey;
  readonly endpoint: string | undefined;
  readonly caFile: string | undefined;
}): string {
  const { key, idScope, registrationId, endpoint, caFile } = parts;
  const certificateFile = claimedName(key.certificateFile);
  const keyFile = claimedName(key.keyFile);
  const content = { type: "dps-x509", idScope, registrationId, certificateFile, keyFile, endpoint, caFile };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** As credentials.json names a file of the folder: relative to itself, since the data folder may be moved. */
export const claimedName = (path: string): string => `claim/${basename(path)}`;

/** Removes the keys that are no longer needed, with what belongs to them. What cannot be removed stays. */
export async function removeOthers(dataPath: string, keep: readonly (string | undefined)[]): Promise<void> {
  const kept = keep.map((path) => path && basename(path).replace(/\.\w+$/, ""));
  for (const key of unitKeys(dataPath)) {
    if (kept.includes(key.id)) continue;
    for (const path of [key.keyFile, key.requestFile, key.certificateFile]) {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }
}
