/**
 * The file in the hub's folder with which commands of this machine reach its service API. Readable by its
 * owner only (0600).
 *
 * It contains a key that is in the folder anyway. It is kept when the hub ends, since the last addresses are
 * still useful.
 */
import { join } from "node:path";
import { replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { type Infer, readText } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { integer, string } from "../../base/schema/values.ts";

const serviceAccess = object({
  /** Host of the REST API, as reached from this machine. */
  host: string(),
  restPort: integer(1, 65_535),
  /** Host name of the hub for devices, with the port unless that is 8883. */
  deviceHost: string(),
  page: string(),
  idScope: string(),
  /** Key of the policy iothubowner, base64. */
  ownerKey: string(),
  /** PEM of the hub's authority. */
  caPem: string(),
});
export type ServiceAccess = Infer<typeof serviceAccess>;

const fileIn = (hubFolder: string): string => join(hubFolder, "service-access");
const largest = 64 * 1024;

/** Failures are ignored: commands then report that the hub's address is unknown. */
export async function writeServiceAccess(hubFolder: string, access: ServiceAccess): Promise<void> {
  const text = `${JSON.stringify(access)}\n`;
  if (readAccessText(hubFolder) !== text) await replaceFile(fileIn(hubFolder), text).catch(() => undefined);
}

/** @returns `undefined` if the file is missing or damaged. @throws SmallFileError (EACCES) */
export function readServiceAccess(hubFolder: string): ServiceAccess | undefined {
  const text = readAccessText(hubFolder);
  return text === undefined ? undefined : readText(serviceAccess, text);
}

const readAccessText = (hubFolder: string): string | undefined =>
  readSmallFile(fileIn(hubFolder), { limit: largest });
