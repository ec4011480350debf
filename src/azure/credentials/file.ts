/**
 * `credentials.json`: one of
 *
 *     { "type": "dps-symmetric-key", "idScope", "registrationId", "deviceKey", "endpoint"?, "caFile"? }
 *     { "type": "dps-x509", "idScope", "registrationId", "certificateFile", "keyFile", "endpoint"?, "caFile"? }
 *     { "type": "connection-string", "connectionString", "certificateFile"?, "keyFile"?, "caFile"? }
 *
 * Files are named relative to the folder of `credentials.json`. The key's file must be private as well.
 */
import { X509Certificate } from "node:crypto";
import { dirname, resolve } from "node:path";
import { isRecord } from "../../base/json/value.ts";
import { JsonDocument } from "../../base/schema/document.ts";
import type { Infer } from "../../base/schema/schema.ts";
import { byKind, object, strictObject } from "../../base/schema/structures.ts";
import { convert, oneOf, optional, secret, string, withDefault } from "../../base/schema/values.ts";
import { parseConnectionString } from "./connection-string.ts";
import {
  type CertificateProof,
  CredentialError,
  type Credentials,
  type PrivateFiles,
} from "./credentials.ts";
import { certificateProof, dpsTarget, dpsWithKey, type PartNames } from "./parts.ts";
import { problemOf, readPrivate } from "./private-files.ts";

const entry = secret(convert(string(), (value) => value.trim()));
const dps = {
  idScope: entry,
  registrationId: entry,
  endpoint: withDefault(entry, undefined),
  caFile: optional(entry),
};

const types = {
  "dps-symmetric-key": strictObject({ ...dps, deviceKey: entry }),
  "dps-x509": strictObject({ ...dps, certificateFile: entry, keyFile: entry }),
  "connection-string": strictObject({
    connectionString: entry,
    certificateFile: optional(entry),
    keyFile: optional(entry),
    caFile: optional(entry),
  }),
};
/** Checked first, and secret, since a misplaced value may be a key. */
const kind = object({ type: secret(oneOf(Object.keys(types))) });
const credentials = byKind("type", types);

type FileNames = { readonly [name in "certificateFile" | "keyFile" | "caFile"]?: string | undefined };

const partNames: PartNames = {
  idScope: '"idScope"',
  registrationId: '"registrationId"',
  deviceKey: '"deviceKey"',
  endpoint: '"endpoint"',
};

/** @throws CredentialError */
export async function credentialsFromFile(
  text: string,
  path: string,
  files: PrivateFiles,
): Promise<Credentials> {
  const given = readEntries(text, path);
  const names: FileNames = given;
  const file = async (name: keyof FileNames): Promise<string> => {
    const named = resolve(dirname(path), names[name] ?? "");
    // Certificates are public.
    const content = name === "keyFile" ? await readPrivate(files, named) : await readPublic(files, named);
    if (content !== undefined) return content;
    throw new CredentialError("unreadable", `${named} does not exist.`, `Correct "${name}" in ${path}.`);
  };
  const proof = async (): Promise<CertificateProof> =>
    certificateProof(await file("certificateFile"), await file("keyFile"));
  const caPem = given.caFile === undefined ? undefined : await authorities(file, path);
  switch (given.type) {
    case "dps-symmetric-key":
      return { ...dpsWithKey(given, partNames), caPem };
    case "dps-x509":
      return { target: dpsTarget(given, partNames), proof: await proof(), caPem };
    case "connection-string": {
      const { target, key } = parseConnectionString(given.connectionString);
      return { target, proof: key === undefined ? await proof() : { kind: "key", key }, caPem };
    }
  }
}

/** Checked here: with a file without a certificate, TLS would reject every server and give no reason. */
async function authorities(file: (name: "caFile") => Promise<string>, path: string): Promise<string> {
  const pem = await file("caFile");
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw malformed(path, '"caFile" refers to a file without a PEM certificate');
  }
}

function readEntries(text: string, path: string): Infer<typeof credentials> {
  const document = JsonDocument.parse(text);
  if (!(document instanceof JsonDocument))
    throw malformed(path, `line ${document.line}: ${document.message}`);
  if (isRecord(document.value) && "groupKey" in document.value) {
    throw new CredentialError(
      "group-key",
      `${path} contains a group key: anyone who reads it can impersonate every device of that group.`,
      `Derive this device's key on another machine and put it here as "deviceKey"; then renew the group's key.`,
    );
  }
  const read = document.read(kind) && document.read(credentials);
  if (read !== undefined) return read;
  const [problem] = document.problems("it");
  throw malformed(path, problem === undefined ? "it is invalid" : `line ${problem.line}: ${problem.message}`);
}

async function readPublic(files: PrivateFiles, path: string): Promise<string | undefined> {
  try {
    return await files.read(path);
  } catch (cause) {
    throw new CredentialError("unreadable", `${path} ${problemOf(cause)}.`, "Make it a readable file.", {
      cause,
    });
  }
}

const malformed = (path: string, what: string) =>
  new CredentialError("malformed", `${path}: ${what}.`, "Correct it; the README shows one of each type.");
