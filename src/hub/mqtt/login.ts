/**
 * Authenticates an MQTT CONNECT to DPS or hub, by user name and password or certificate.
 *
 * Guarantee: a login succeeds only with a signature by a known key, or with the private key of a trusted certificate,
 * that belongs to the id in the user name. Never throws.
 */
import type { PeerCertificate } from "node:tls";
import { deriveDeviceKey, isBase64Key } from "../../protocol/device-key.ts";
import { isDeviceId, isRegistrationId } from "../../protocol/names.ts";
import { bareHost, type NameList } from "../host-names.ts";
import type { Devices } from "../registry/devices.ts";
import type { Authentication } from "../registry/record.ts";
import { parseSas, type SasToken, verifySas } from "../rest/sas.ts";
import { type HubSettings, rightsOf } from "../storage/hub-settings.ts";

export type Caller =
  | { readonly kind: "dps"; readonly registrationId: string; readonly idScope: string }
  | { readonly kind: "device"; readonly deviceId: string; readonly host: string; readonly modelId: string };

/** The credentials that a caller presents. */
export interface Proof {
  readonly password: string | undefined;
  readonly certificate: PeerCertificate | undefined;
  /** TLS verified a chain from `certificate` to the hub's own authority. */
  readonly chainVerified: boolean;
}

export type Login =
  | {
      readonly ok: true;
      readonly expiresMs?: number;
      /** For DPS: what to register the device with. */
      readonly authentication: Authentication;
      readonly deviceId: string;
    }
  | { readonly ok: false; readonly reason: LoginFailure };

export type LoginFailure =
  | "wrong id scope"
  | "unknown host name"
  | "not enrolled"
  | "not registered"
  | "disabled"
  | "no proof"
  | "signature is wrong"
  | "signature has expired"
  | "signature is for another resource"
  | "signature is malformed"
  | "certificate is not trusted"
  | "certificate is not valid now"
  | "certificate is for another id";

export interface LoginParts {
  readonly settings: HubSettings;
  readonly devices: Devices;
  readonly hostNames: NameList;
  readonly wallNow: () => number;
}

/** @returns `undefined` for a user name of neither DPS nor hub */
export function parseUserName(userName: string): Caller | undefined {
  if (userName.length > 1024) return undefined;
  const dps = /^([^/]+)\/registrations\/([^/]+)\/api-version=[^/]+$/.exec(userName);
  if (dps !== null) {
    const [, idScope = "", registrationId = ""] = dps;
    return isRegistrationId(registrationId) ? { kind: "dps", registrationId, idScope } : undefined;
  }
  const hub = /^([^/]+)\/([^/]+)\/\?(api-version=.*)$/.exec(userName);
  if (hub === null) return undefined;
  const [, host = "", deviceId = "", query = ""] = hub;
  if (!isDeviceId(deviceId)) return undefined;
  const modelId = new URLSearchParams(query).get("model-id") ?? "";
  return { kind: "device", deviceId, host, modelId: modelId.slice(0, 256) };
}

export function login(caller: Caller, proof: Proof, parts: LoginParts): Login {
  return caller.kind === "dps"
    ? loginToDps(caller.idScope, caller.registrationId, proof, parts)
    : loginToHub(caller.deviceId, caller.host, proof, parts);
}

function loginToDps(idScope: string, registrationId: string, proof: Proof, parts: LoginParts): Login {
  const { settings, wallNow } = parts;
  if (idScope !== settings.idScope) return refuse("wrong id scope");
  const resource = `${idScope}/registrations/${registrationId}`;
  const individual = settings.individual(registrationId);
  const mayUse = (wanted: string) => wanted === resource;
  if (individual !== undefined) {
    if (!individual.enabled) return refuse("disabled");
    const shown = check(individual.authentication, registrationId, proof, mayUse, wallNow());
    return shown.ok ? { ...shown, deviceId: individual.deviceId } : shown;
  }
  let last: Login = refuse("not enrolled");
  for (const group of settings.groups) {
    if (!group.enabled) continue;
    if ((group.kind === "x509") === (proof.password !== undefined)) continue;
    const authentication: Authentication = {
      type: group.kind === "x509" ? "certificateAuthority" : "sas",
      primaryKey: derived(group.primaryKey, registrationId),
      secondaryKey: derived(group.secondaryKey, registrationId),
      primaryThumbprint: "",
      secondaryThumbprint: "",
    };
    last = check(authentication, registrationId, proof, mayUse, wallNow());
    if (last.ok) return last;
  }
  return last;
}

/** Empty for a group without a key: anyone could derive a key from an empty one. */
const derived = (groupKey: string, id: string): string =>
  isBase64Key(groupKey) ? deriveDeviceKey(groupKey, id) : "";

function loginToHub(deviceId: string, host: string, proof: Proof, parts: LoginParts): Login {
  const { settings, devices, hostNames, wallNow } = parts;
  if (!hostNames.includes(bareHost(host))) return refuse("unknown host name");
  const record = devices.get(deviceId);
  if (record === undefined) return refuse("not registered");
  if (!record.enabled) return refuse("disabled");
  const mayUse = (resource: string) => isWithin(resource, deviceId, hostNames);
  const token = proof.password === undefined ? undefined : parseSas(proof.password);
  if (token?.policy !== undefined && rightsOf(token.policy).includes("DeviceConnect")) {
    const keys = settings.policy(token.policy);
    return checkToken(
      token,
      [keys?.primaryKey ?? "", keys?.secondaryKey ?? ""],
      mayUse,
      wallNow(),
      record.authentication,
      deviceId,
    );
  }
  return check(record.authentication, deviceId, proof, mayUse, wallNow());
}

function check(
  wanted: Authentication,
  id: string,
  proof: Proof,
  mayUse: (resource: string) => boolean,
  wallMs: number,
): Login {
  if (wanted.type === "sas") {
    if (proof.password === undefined) return refuse("no proof");
    const keys = [wanted.primaryKey, wanted.secondaryKey];
    return checkToken(parseSas(proof.password), keys, mayUse, wallMs, wanted, id);
  }
  const { certificate } = proof;
  if (certificate === undefined) return refuse("no proof");
  if (!isValidAt(certificate, wallMs)) return refuse("certificate is not valid now");
  if (wanted.type === "selfSigned") {
    const thumbprints = [wanted.primaryThumbprint, wanted.secondaryThumbprint].filter((each) => each !== "");
    const shown = [certificate.fingerprint, certificate.fingerprint256].map(normalThumbprint);
    return thumbprints.some((each) => shown.includes(normalThumbprint(each)))
      ? { ok: true, authentication: wanted, deviceId: id }
      : refuse("certificate is for another id");
  }
  if (!proof.chainVerified) return refuse("certificate is not trusted");
  return certificate.subject.CN === id
    ? { ok: true, authentication: wanted, deviceId: id }
    : refuse("certificate is for another id");
}

function checkToken(
  token: SasToken | undefined,
  keys: readonly string[],
  mayUse: (resource: string) => boolean,
  wallMs: number,
  authentication: Authentication,
  deviceId: string,
): Login {
  const verdict = verifySas(token, keys, mayUse, wallMs);
  if (verdict.ok) return { ok: true, expiresMs: verdict.expiresMs, authentication, deviceId };
  switch (verdict.failure) {
    case "malformed":
      return refuse("signature is malformed");
    case "resource":
      return refuse("signature is for another resource");
    case "signature":
      return refuse("signature is wrong");
    case "expired":
      return refuse("signature has expired");
  }
}

const refuse = (reason: LoginFailure): Login => ({ ok: false, reason });

/** @param text SHA-1 or SHA-256, with or without colons, in any case */
export const normalThumbprint = (text: string | undefined): string =>
  (text ?? "").replaceAll(":", "").toUpperCase();

const isValidAt = (certificate: PeerCertificate, wallMs: number): boolean =>
  Date.parse(certificate.valid_from) <= wallMs && wallMs < Date.parse(certificate.valid_to);

/** A token for the whole hub, or for a prefix of the device's path, covers the device. */
function isWithin(resource: string, deviceId: string, hostNames: NameList): boolean {
  const [host = "", ...path] = resource.split("/");
  if (!hostNames.includes(bareHost(host))) return false;
  const wanted = ["devices", deviceId];
  return path.length <= wanted.length && path.every((part, at) => part === wanted[at]);
}
