/**
 * alerts.json in the data folder: where alerts go, as the owner wrote it.
 *
 * Guarantee: a file that others can read, or that is invalid, is refused with advice; no message contains the address beyond
 * its host, or the token: with many services, whoever knows the address can read or send. No file: no alerts.
 */
import { join, resolve } from "node:path";
import { CredentialError } from "../../azure/credentials/credentials.ts";
import { readPrivate, systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { readSmallFile, SmallFileError } from "../../base/files/small-file.ts";
import { isRecord, readJson } from "../../base/json/value.ts";
import { JsonDocument } from "../../base/schema/document.ts";
import { type Infer, read } from "../../base/schema/schema.ts";
import { distinct, list, strictObject } from "../../base/schema/structures.ts";
import { convert, integer, oneOf, optional, secret, string, withDefault } from "../../base/schema/values.ts";
import { type FaultCode, faultCodes } from "../../model/faults.ts";

export const alertFileName = "alerts.json";

/** `json`: a webhook; `ntfy`: text with the headers of https://docs.ntfy.sh/publish/. */
export const alertFormats = ["json", "ntfy"] as const;

const oneLine = /^[!-~]{1,1024}$/;
const alertFile = strictObject({
  url: secret(
    convert(
      string(undefined, 2048),
      webAddress,
      "an address that begins with https:// or http://, without a password",
    ),
  ),
  format: withDefault(oneOf(alertFormats), "json"),
  /** Sent as `Authorization: Bearer …`. */
  token: optional(
    secret(string({ pattern: oneLine, expected: "up to 1024 printable characters without spaces" })),
  ),
  /** PEM of the server's own authority, relative to the data folder. */
  caFile: optional(string(undefined, 4096)),
  /** Name of this device in the messages; default: the host name. */
  name: optional(string({ pattern: /^[^\p{Cc}]{1,64}$/u, expected: "1 to 64 characters" })),
  /** How long the link to the cloud must be lost before that is reported; 0: never. */
  offlineMinutes: withDefault(integer(0, 10_080), 10),
  /** Minimum time between two alerts about the same fault. */
  spacingMinutes: withDefault(integer(1, 10_080), 10),
  /** Limit for all messages together; the others wait. */
  maxPerHour: withDefault(integer(1, 120), 20),
  /** Faults that are not reported. */
  ignore: withDefault(distinct(list(oneOf<FaultCode>(faultCodes))), []),
});

export interface AlertSettings extends Omit<Infer<typeof alertFile>, "caFile"> {
  readonly caPem: string | undefined;
}

/** One message for the owner, with the next step. */
export class AlertFileError extends Error {
  override readonly name = "AlertFileError";
}

/** @throws RangeError */
function webAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username + url.password === "") return url;
  throw new RangeError("not a web address");
}

/**
 * The text of this file with another address and its other members unchanged.
 * @param before its current text, valid or absent
 * @returns `undefined` for a text that is not a usable address
 */
export function withAddress(
  before: string | undefined,
  url: string,
  format: AlertSettings["format"] | undefined,
): string | undefined {
  const known = before === undefined ? {} : (readJson(before) ?? {});
  const content = { ...(isRecord(known) && known), url, ...(format !== undefined && { format }) };
  return read(alertFile, content) && `${JSON.stringify(content, null, 2)}\n`;
}

/** @returns `undefined` when there is no file. @throws AlertFileError */
export async function readAlertFile(dataPath: string): Promise<AlertSettings | undefined> {
  const path = join(dataPath, alertFileName);
  const text = await readPrivate(systemPrivateFiles, path).catch((error: unknown) => {
    if (error instanceof CredentialError)
      throw new AlertFileError(`${error.message} ${error.remedy}`, { cause: error });
    throw error;
  });
  if (text === undefined) return undefined;
  const { caFile, ...settings } = contentOf(text, path);
  return { ...settings, caPem: caFile === undefined ? undefined : readPem(resolve(dataPath, caFile)) };
}

/** @throws AlertFileError with the line of every mistake */
function contentOf(text: string, path: string): Infer<typeof alertFile> {
  const document = JsonDocument.parse(text);
  if (!(document instanceof JsonDocument)) {
    const { line, column, message } = document;
    throw new AlertFileError(`${path}:${line}:${column}: ${message}`);
  }
  const value = document.read(alertFile);
  if (value !== undefined) return value;
  const problems = document.problems(path);
  throw new AlertFileError(
    problems.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`).join("\n"),
  );
}

const largestPem = 64 * 1024;

/** @throws AlertFileError */
function readPem(path: string): string {
  try {
    const text = readSmallFile(path, { limit: largestPem });
    if (text !== undefined) return text;
  } catch (cause) {
    const problem = cause instanceof SmallFileError ? cause.problem : "cannot be read";
    throw new AlertFileError(`${path} ${problem}.`, { cause });
  }
  throw new AlertFileError(`${path} does not exist.`);
}
