/**
 * updates.json in the data folder: where this unit looks for updates, as its owner wrote it.
 *
 * Paths of PEM files are relative to the data folder.
 *
 * Guarantee: a file that others can read, or that is invalid, is refused with advice; no message contains
 * a token. No file: this unit looks for no updates.
 */
import { join, resolve } from "node:path";
import { readPrivate, systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { readSmallFile } from "../../base/files/small-file.ts";
import { JsonDocument } from "../../base/schema/document.ts";
import type { Infer } from "../../base/schema/schema.ts";
import { strictObject } from "../../base/schema/structures.ts";
import { anything, boolean, integer, optional, string, withDefault } from "../../base/schema/values.ts";
import { nameRule } from "../../update/feed/channel.ts";
import {
  type HawkbitAccess,
  type HawkbitSettings,
  HawkbitSettingsError,
  hawkbitAccess,
} from "../../update/hawkbit/options.ts";

export const ownerFileName = "updates.json";

/** Whatever name a feed can be published with. */
const name = string(nameRule);
const feed = strictObject({
  /** Of the feed's folder: `https:`, `http:` or `file:`. */
  url: string(
    { pattern: /^(https?|file):\/\/\S+$/, expected: "an address such as https://updates.example/heater/" },
    2048,
  ),
  channel: withDefault(name, "default"),
  group: withDefault(name, "default"),
});
const ownerFile = strictObject({
  feed: optional(feed),
  /** hawkbit/options.ts. */
  hawkbit: optional(anything),
  /** PEM of the owner's own authority, for feed and downloads. */
  caFile: optional(string(undefined, 4096)),
  /** Bandwidth limit of downloads, in kilobytes (1000 bytes) per second. */
  kilobytesPerSecond: optional(integer(1, 1_000_000)),
  deltas: withDefault(boolean, true),
});

type MembersOf<T> = { readonly [Name in keyof Required<T>]: string };

const feedMembers: MembersOf<Infer<typeof feed>> = {
  url: "of its folder: https://…, http://… or file:///…",
  channel: 'its name (default: "default")',
  group: 'of this unit (default: "default")',
};
const hawkbitMembers: MembersOf<HawkbitSettings> = {
  server: "https://…",
  tenant: '(default: "DEFAULT")',
  controllerId: "of this unit",
  targetToken: "this, gatewayToken, or certificateFile with keyFile",
  gatewayToken: "instead of it",
  certificateFile: "PEM, for a proxy that checks it",
  keyFile: "PEM",
  caFile: "PEM of the server's authority",
  plainHttp: "true: sends the token over http:, where nobody can listen",
};
const ownMembers: MembersOf<Omit<Infer<typeof ownerFile>, "feed" | "hawkbit">> = {
  caFile: "PEM of the owner's own authority, for feed and downloads",
  kilobytesPerSecond: "limit of downloads",
  deltas: "false: takes whole images only",
};

/** For a command's help: every member of the file, one a line. */
export const ownerFileMembers = Object.entries({
  feed: feedMembers,
  hawkbit: hawkbitMembers,
  "": ownMembers,
})
  .flatMap(([of, members]) =>
    Object.entries(members).map(([name, text]) => `  ${`${of && `${of}.`}${name}`.padEnd(24)} ${text}`),
  )
  .join("\n");

export interface OwnerFile extends Omit<Infer<typeof ownerFile>, "hawkbit" | "caFile"> {
  readonly hawkbit: HawkbitAccess | undefined;
  readonly caPem: string | undefined;
}

/** One message for the owner, with the next step. */
export class OwnerFileError extends Error {
  override readonly name = "OwnerFileError";
}

/** @returns `undefined` when there is none. @throws OwnerFileError, CredentialError */
export async function readOwnerFile(dataPath: string): Promise<OwnerFile | undefined> {
  const path = join(dataPath, ownerFileName);
  const text = await readPrivate(systemPrivateFiles, path);
  if (text === undefined) return undefined;
  const { hawkbit, caFile, ...rest } = contentOf(text, path);
  const readPem = (file: string): string => readPemFile(resolve(dataPath, file));
  if (hawkbit === undefined && rest.feed === undefined)
    throw new OwnerFileError(`${path} names neither a "feed" nor a "hawkbit".`);
  try {
    return {
      ...rest,
      hawkbit: hawkbit === undefined ? undefined : hawkbitAccess(hawkbit, readPem),
      caPem: caFile === undefined ? undefined : readPem(caFile),
    };
  } catch (error) {
    if (error instanceof HawkbitSettingsError)
      throw new OwnerFileError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** @throws OwnerFileError with the line of every mistake */
function contentOf(text: string, path: string): Infer<typeof ownerFile> {
  const document = JsonDocument.parse(text);
  if (!(document instanceof JsonDocument)) {
    const { line, column, message } = document;
    throw new OwnerFileError(`${path}:${line}:${column}: ${message}`);
  }
  const value = document.read(ownerFile);
  if (value !== undefined) return value;
  const problems = document.problems(path);
  throw new OwnerFileError(
    problems.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`).join("\n"),
  );
}

const largestPem = 64 * 1024;

/** @throws OwnerFileError */
function readPemFile(path: string): string {
  try {
    const text = readSmallFile(path, { limit: largestPem });
    if (text !== undefined) return text;
  } catch (cause) {
    throw new OwnerFileError(`${path} cannot be read.`, { cause });
  }
  throw new OwnerFileError(`${path} does not exist.`);
}
