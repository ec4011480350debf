/**
 * Finds the device's credentials: `credentials.json` that the service manager decrypted (systemd-creds) first, then the
 * environment names of Azure's samples, then `credentials.json` in the data folder.
 *
 * Guarantee: returns complete credentials, or `undefined` when there are none; incomplete ones throw a CredentialError
 * that quotes no secret.
 */
import { join } from "node:path";
import type { CredentialSources, Credentials, PrivateFiles } from "./credentials.ts";
import { credentialsFromEnv } from "./env.ts";
import { credentialsFromFile } from "./file.ts";
import { readPrivate } from "./private-files.ts";

export const credentialsFileName = "credentials.json";

export interface FoundCredentials extends Credentials {
  /** Their source, for the user. */
  readonly from: string;
}

/** @throws CredentialError */
export async function loadCredentials(places: CredentialSources): Promise<FoundCredentials | undefined> {
  const managerFolder = places.env["CREDENTIALS_DIRECTORY"];
  const fromManager = managerFolder
    ? await readFrom(managerFolder, { ...places.files, mode: modeUnchecked })
    : undefined;
  if (fromManager !== undefined) return fromManager;
  const fromEnv = credentialsFromEnv(places.env);
  if (fromEnv !== undefined) return { ...fromEnv, from: "the environment" };
  return await readFrom(places.dataPath, places.files);
}

async function readFrom(folder: string, files: PrivateFiles): Promise<FoundCredentials | undefined> {
  const path = join(folder, credentialsFileName);
  const text = await readPrivate(files, path);
  if (text === undefined) return undefined;
  return { ...(await credentialsFromFile(text, path, files)), from: path };
}

/**
 * Not checked for the manager's folder: only the service can read it, but its access control list shows in
 * the mode as group rights (acl(5)).
 */
const modeUnchecked = async (): Promise<undefined> => undefined;
