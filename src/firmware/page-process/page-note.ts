/** The addresses of a data folder's page, stored for commands; contains no secret. */
import { join } from "node:path";
import { makePrivateFolder, replaceFile } from "../../base/files/atomic-file.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { readText, type Schema } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { integer, string } from "../../base/schema/values.ts";
import { type HostNames, withPort } from "../../hub/host-names.ts";
import { pageFolder } from "./password-file.ts";

export interface PageNote {
  /** Process id. */
  readonly process: number;
  readonly port: number;
  /** Addresses for people, the best one first. Only `localhost` unless other machines can reach the page. */
  readonly urls: readonly string[];
}

const note: Schema<PageNote> = object({
  process: integer(1),
  port: integer(1, 65_535),
  urls: list(string(), 32),
});
const fileIn = (dataPath: string): string => join(pageFolder(dataPath), "address.json");

/**
 * Host names come before IP addresses, which change more often. @param names `undefined`: only this machine
 * can reach the page
 */
export const pageUrls = (names: HostNames | undefined, port: number): readonly string[] =>
  (names?.reachable() ?? ["localhost"]).map((name) => `http://${withPort(name, port)}/`);

/** Written only if changed, since memory cards wear. @throws the system's error */
export async function writePageNote(dataPath: string, where: PageNote): Promise<void> {
  const known = readPageNote(dataPath);
  const isSame = known?.process === where.process && known.urls.join() === where.urls.join();
  if (isSame) return;
  await makePrivateFolder(pageFolder(dataPath));
  await replaceFile(fileIn(dataPath), `${JSON.stringify(where)}\n`);
}

/** @returns `undefined` if it is missing or unreadable */
export function readPageNote(dataPath: string): PageNote | undefined {
  try {
    return readText(note, readSmallFile(fileIn(dataPath), { limit: 8192 }) ?? "");
  } catch {
    return undefined;
  }
}
