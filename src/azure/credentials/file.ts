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
import { type JsonNode, parseJson } from "../../base/json/parse.ts";
import { ShapeReader } from "../../base/json/shape.ts";
import { parseConnectionString } from "./connection-string.ts";
import {
  type CertificateProof,
  CredentialError,
  type Credentials,
  type PrivateFiles,
} from "./credentials.ts";
import { certificateProof, dpsWay, dpsWithKey, type PartNames } from "./parts.ts";
import { problemOf, readPrivate } from "./private-files.ts";

const types = ["dps-symmetric-key", "dps-x509", "connection-string"] as const;

const keys: Readonly<Record<(typeof types)[number], readonly [string[], string[]]>> = {
  "dps-symmetric-key": [
    ["idScope", "registrationId", "deviceKey"],
    ["endpoint", "caFile"],
  ],
  "dps-x509": [
    ["idScope", "registrationId", "certificateFile", "keyFile"],
    ["endpoint", "caFile"],
  ],
  "connection-string": [["connectionString"], ["certificateFile", "keyFile", "caFile"]],
};

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
  const { type, entries } = readEntries(text, path);
  const file = async (name: string): Promise<string> => {
    const named = resolve(dirname(path), entries.get(name) ?? "");
    // Only a private key must be private; a certificate is public by nature.
    const content = name === "keyFile" ? await readPrivate(files, named) : await readPublic(files, named);
    if (content !== undefined) return content;
    throw new CredentialError("unreadable", `${named} is not there.`, `Correct "${name}" in ${path}.`);
  };
  const proof = async (): Promise<CertificateProof> =>
    certificateProof(await file("certificateFile"), await file("keyFile"));
  const caPem = entries.has("caFile") ? await authorities(file, path) : undefined;
  const parts = {
    idScope: entries.get("idScope"),
    registrationId: entries.get("registrationId"),
    endpoint: entries.get("endpoint"),
    deviceKey: entries.get("deviceKey"),
  };
  switch (type) {
    case "dps-symmetric-key":
      return { ...dpsWithKey(parts, partNames), caPem };
    case "dps-x509":
      return { way: dpsWay(parts, partNames), proof: await proof(), caPem };
    case "connection-string": {
      const { way, key } = parseConnectionString(entries.get("connectionString") ?? "");
      return { way, proof: key === undefined ? await proof() : { kind: "key", key }, caPem };
    }
  }
}

/** Looked at here: TLS would take a file without a certificate for one that trusts nobody, and not say why. */
async function authorities(file: (name: string) => Promise<string>, path: string): Promise<string> {
  const pem = await file("caFile");
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw malformed(path, '"caFile" names a file that holds no certificate in PEM');
  }
}

function readEntries(text: string, path: string) {
  const json = parseJson(text);
  if (!json.ok) throw malformed(path, `line ${json.line}: ${json.message}`);
  if (json.root.type === "object" && json.root.members.has("groupKey")) {
    throw new CredentialError(
      "group-key",
      `${path} holds the key of a whole group: whoever reads it can be every device of that group.`,
      `Derive this device's key on another machine and put it here as "deviceKey"; then renew the group's key.`,
    );
  }
  const reader = new ShapeReader();
  const typeNode = json.root.type === "object" ? json.root.members.get("type") : undefined;
  const type = reader.choice(typeNode, '"type"', types);
  if (type === undefined) throw malformed(path, `"type" must be one of "${types.join('", "')}"`);
  const [required, optional] = keys[type];
  const members = reader.object(json.root, "it", ["type", ...required], optional);
  const entries = new Map<string, string>();
  for (const [name, node] of members ?? []) {
    const value = textOf(node);
    if (value === undefined) throw malformed(path, `"${name}" must be a text`);
    entries.set(name, value);
  }
  const [problem] = reader.problems;
  if (problem !== undefined) throw malformed(path, problem.message);
  return { type, entries };
}

/** Not by the shape reader, whose messages quote what they refuse: it may be a key. */
const textOf = (node: JsonNode): string | undefined =>
  node.type === "string" ? node.value.trim() : undefined;

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
