/**
 * The keys of a unit, in the folder `claim/` of its data folder: one is in force, and one may have no
 * certificate yet.
 *
 * Guarantee: a key is named after its own fingerprint and never overwritten, so that the certificate for an
 * earlier request still fits; credentials.json alone determines which key is in force.
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
import { readOptional, withStartupErrors } from "./claim.ts";
import { keyFingerprint } from "./pem.ts";

export interface UnitKey {
  /** The first 16 digits of the public key's SHA-256. */
  readonly id: string;
  readonly keyFile: string;
  readonly requestFile: string;
  readonly certificateFile: string;
}

/** The public entries of the credentials in force. */
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

/** All keys; empty when the folder does not exist. @throws StartupError when it cannot be read */
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
  return unitKeys(dataPath).find((key) => readOptional(key.certificateFile) === undefined);
}

/** The entries of credentials.json that are not secret; empty where it does not exist or is not JSON. */
export async function readInForce(dataPath: string): Promise<InForce> {
  const path = join(dataPath, credentialsFileName);
  const content = await withStartupErrors(() => readPrivate(systemPrivateFiles, path));
  return (content === undefined ? undefined : readText(publicEntries, content)) ?? {};
}

/** The private key. @throws StartupError when other users may read it, or it is not a key */
export async function readKey({ keyFile }: UnitKey): Promise<string> {
  const pem = await withStartupErrors(() => readPrivate(systemPrivateFiles, keyFile));
  try {
    if (pem !== undefined) {
      keyFingerprint(pem);
      return pem;
    }
  } catch {
    // Reported below.
  }
  throw new StartupError(
    exitCodes.configuration,
    `${keyFile} does not contain a private key.`,
    "Remove it, then make a new request with: grove-heater claim request",
  );
}

/** The text of credentials.json for a key and its certificate. */
export function x509CredentialsText(parts: {
  readonly idScope: string;
  readonly registrationId: string;
  readonly key: UnitKey;
  readonly endpoint: string | undefined;
  readonly caFile: string | undefined;
}): string {
  const { key, idScope, registrationId, endpoint, caFile } = parts;
  const certificateFile = pathInCredentials(key.certificateFile);
  const keyFile = pathInCredentials(key.keyFile);
  const content = { type: "dps-x509", idScope, registrationId, certificateFile, keyFile, endpoint, caFile };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * How credentials.json names a file of the folder: relative to itself, because the data folder may be moved.
 */
export const pathInCredentials = (path: string): string => `claim/${basename(path)}`;

/** Removes all other keys with their requests and certificates. Ignores files that cannot be removed. */
export async function removeOtherKeys(
  dataPath: string,
  keep: readonly (string | undefined)[],
): Promise<void> {
  const kept = keep.map((path) => path && basename(path).replace(/\.\w+$/, ""));
  for (const key of unitKeys(dataPath)) {
    if (kept.includes(key.id)) continue;
    for (const path of [key.keyFile, key.requestFile, key.certificateFile]) {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }
}
