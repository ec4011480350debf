/**
 * How commands of this machine reach the service API of a hub: a file in the hub's folder, for its owner alone (0600).
 *
 * It holds the key that the folder holds anyway, and stays when the hub ends: the last addresses are still of use.
 */
import { join } from "node:path";
import { replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { type Infer, readText } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { integer, string } from "../../base/schema/values.ts";

const serviceAccess = object({
  /** Where this machine reaches the REST API. */
  host: string(),
  restPort: integer(1, 65_535),
  /** Host name of the hub for devices, with the port unless that is 8883. */
  deviceHost: string(),
  page: string(),
  idScope: string(),
  /** Of the policy iothubowner; base64. */
  ownerKey: string(),
  /** PEM of the hub's authority. */
  caPem: string(),
});
export type ServiceAccess = Infer<typeof serviceAccess>;

const fileIn = (hubFolder: string): string => join(hubFolder, "service-access");
const largest = 64 * 1024;

/** Without it, commands say that the hub does not tell where it is. */
export async function writeServiceAccess(hubFolder: string, access: ServiceAccess): Promise<void> {
  const text = `${JSON.stringify(access)}\n`;
  if (readAccessText(hubFolder) !== text) await replaceFile(fileIn(hubFolder), text).catch(() => undefined);
}

/** @returns `undefined` where there is none, or it is damaged. @throws SmallFileError (EACCES) */
export function readServiceAccess(hubFolder: string): ServiceAccess | undefined {
  const text = readAccessText(hubFolder);
  return text === undefined ? undefined : readText(serviceAccess, text);
}

const readAccessText = (hubFolder: string): string | undefined =>
  readSmallFile(fileIn(hubFolder), { limit: largest });
