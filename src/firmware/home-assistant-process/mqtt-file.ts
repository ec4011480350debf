/**
 * mqtt.json in the data folder, or the environment: the broker through which Home Assistant sees this device.
 *
 *     { "url": "mqtts://broker.example:8883", "user"?, "password"?, "caFile"?, "certificateFile"?, "keyFile"?,
 *       "id"?, "name"?, "discoveryPrefix"? }
 *
 * Paths of PEM files are relative to the data folder.
 *
 * Guarantee: a file that others can read, or that is invalid, is refused with its line and the next step; no message
 * contains the password. Without file and variables, Home Assistant is not used.
 */
import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  type CertificateProof,
  CredentialError,
  type PrivateFiles,
} from "../../azure/credentials/credentials.ts";
import { certificateProof } from "../../azure/credentials/parts.ts";
import { problemOf, readPrivate } from "../../azure/credentials/private-files.ts";
import { Secret } from "../../azure/credentials/secret.ts";
import { JsonDocument } from "../../base/schema/document.ts";
import type { Infer } from "../../base/schema/schema.ts";
import { strictObject } from "../../base/schema/structures.ts";
import { convert, guarded, optional, secret, string, withDefault } from "../../base/schema/values.ts";
import { type BrokerAccess, isTopicName } from "../../home-assistant/home-assistant.ts";
import { mqttVariables } from "./mqtt-variables.ts";

export const mqttFileName = "mqtt.json";

const maxText = 512;
const text = string(undefined, maxText);
const topicName = guarded(
  "1 to 64 letters, digits, _ and -",
  (value): value is string => typeof value === "string" && isTopicName(value),
);

/** Secret, since people put passwords into addresses. */
const address = secret(
  convert(
    text,
    readAddress,
    'an address such as "mqtt://homeassistant.local" or "mqtts://broker.example:8883", without user and password',
  ),
);

const members = {
  url: address,
  user: optional(text),
  password: optional(secret(text)),
  /** Authorities to trust in place of the public ones. */
  caFile: optional(text),
  certificateFile: optional(text),
  keyFile: optional(text),
  /** Id of this device in topics; default: derived from this machine. */
  id: optional(topicName),
  /** Name of the device in Home Assistant. */
  name: withDefault(string({ pattern: /^\P{C}{1,64}$/u, expected: "1 to 64 characters" }), "Grove heater"),
  discoveryPrefix: withDefault(topicName, "homeassistant"),
};
const mqttFile = strictObject(members);

export interface MqttSettings {
  readonly access: BrokerAccess;
  /** `undefined`: to be derived from this machine. */
  readonly id: string | undefined;
  readonly name: string;
  readonly discoveryPrefix: string;
  /** Their source, for the user. */
  readonly from: string;
}

export interface MqttSources {
  readonly dataPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly files: PrivateFiles;
}

const defaultPorts = { "mqtt:": 1883, "mqtts:": 8883 };

/** @throws RangeError unless it is scheme, host and port alone */
function readAddress(given: string): Pick<BrokerAccess, "host" | "port" | "isTls"> {
  if (!URL.canParse(given)) throw new RangeError();
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(given);
  const isPlain = [username, password, search, hash].every((part) => part === "") && pathname.length <= 1;
  if (!isPlain || hostname === "" || (protocol !== "mqtt:" && protocol !== "mqtts:")) throw new RangeError();
  return {
    host: hostname.toLowerCase().replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? defaultPorts[protocol] : Number(port),
    isTls: protocol === "mqtts:",
  };
}

/** Whether a broker is configured. Reads no file. */
export const isConfigured = (dataPath: string, env: NodeJS.ProcessEnv): boolean =>
  Boolean(env[mqttVariables.url]?.trim()) || existsSync(join(dataPath, mqttFileName));

/** The environment takes precedence. @returns `undefined` without variables and file. @throws CredentialError */
export async function readMqttSettings({
  dataPath,
  env,
  files,
}: MqttSources): Promise<MqttSettings | undefined> {
  const variables = Object.entries(mqttVariables).flatMap(([name, variable]) => {
    const value = env[variable]?.trim();
    return value ? [[name, value] as const] : [];
  });
  if (variables.some(([name]) => name === "url")) {
    return await complete(Object.fromEntries(variables), "the environment", dataPath, files);
  }
  const path = join(dataPath, mqttFileName);
  const found = await readPrivate(files, path);
  return found === undefined ? undefined : await complete(found, path, dataPath, files);
}

async function complete(
  given: string | object,
  from: string,
  dataPath: string,
  files: PrivateFiles,
): Promise<MqttSettings> {
  const { url, user, password, id, name, discoveryPrefix, ...names } = contentOf(given, from);
  if (password !== undefined && user === undefined)
    throw malformed(from, 'it has a "password" without a "user"');
  if ((names.certificateFile === undefined) !== (names.keyFile === undefined))
    throw malformed(from, '"certificateFile" and "keyFile" belong together');
  const pem = (file: string, isSecret: boolean) => readPem(files, resolve(dataPath, file), from, isSecret);
  const caPem = names.caFile === undefined ? undefined : authorities(await pem(names.caFile, false), from);
  let proof: CertificateProof | undefined;
  if (names.certificateFile !== undefined && names.keyFile !== undefined)
    proof = certificateProof(await pem(names.certificateFile, false), await pem(names.keyFile, true));
  if (!url.isTls && (caPem ?? proof) !== undefined)
    throw malformed(from, 'certificates need "mqtts://" in its "url"');
  return {
    access: {
      ...url,
      user,
      password: password === undefined ? undefined : new Secret(password),
      caPem,
      certificatePem: proof?.certificatePem,
      keyPem: proof?.keyPem,
    },
    id,
    name,
    discoveryPrefix,
    from,
  };
}

/** @throws CredentialError with the line of the first mistake */
function contentOf(given: string | object, from: string): Infer<typeof mqttFile> {
  const document = JsonDocument.parse(typeof given === "string" ? given : JSON.stringify(given));
  if (!(document instanceof JsonDocument))
    throw malformed(from, `line ${document.line}: ${document.message}`);
  const value = document.read(mqttFile);
  if (value !== undefined) return value;
  const [problem] = document.problems("it");
  const place = typeof given === "string" && problem ? `line ${problem.line}: ` : "";
  throw malformed(from, `${place}${problem?.message ?? "it is invalid"}`);
}

async function readPem(files: PrivateFiles, path: string, from: string, isSecret: boolean): Promise<string> {
  let pem: string | undefined;
  if (isSecret) pem = await readPrivate(files, path);
  else {
    try {
      pem = await files.read(path);
    } catch (cause) {
      throw new CredentialError("unreadable", `${path} ${problemOf(cause)}.`, "Make it a readable file.", {
        cause,
      });
    }
  }
  if (pem === undefined) throw malformed(from, `it names ${path}, which does not exist`);
  return pem;
}

/** Checked here: with a file without a certificate, TLS would reject every server and give no reason. */
function authorities(pem: string, from: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw malformed(from, '"caFile" refers to a file without a PEM certificate');
  }
}

const malformed = (from: string, what: string): CredentialError =>
  new CredentialError(
    "malformed",
    `${from}: ${what}.`,
    `Correct it, then restart; the README shows a ${mqttFileName}.`,
  );
