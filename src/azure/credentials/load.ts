/**
 * Finds the device's credentials: the environment names of Azure's samples first, then `credentials.json` in the
 * data folder.
 *
 * Guarantee: returns complete credentials, or `undefined` when there are none at all; anything between is a
 * CredentialError that never quotes a secret.
 */
import { join } from "node:path";
import type { CredentialPlaces, Credentials } from "./credentials.ts";
import { credentialsFromEnv } from "./env.ts";
import { credentialsFromFile } from "./file.ts";
import { readPrivate } from "./private-files.ts";

export const credentialsFileName = "credentials.json";

export interface FoundCredentials extends Credentials {
  /** Where they were found, for a reader. */
  readonly from: string;
}

/** @throws CredentialError */
export async function loadCredentials(places: CredentialPlaces): Promise<FoundCredentials | undefined> {
  const fromEnv = credentialsFromEnv(places.env);
  if (fromEnv !== undefined) return { ...fromEnv, from: "the environment" };
  const path = join(places.dataPath, credentialsFileName);
  const text = await readPrivate(places.files, path);
  if (text === undefined) return undefined;
  return { ...(await credentialsFromFile(text, path, places.files)), from: path };
}
