/**
 * Shared access signatures, as IoT Hub and DPS define them
 * (https://learn.microsoft.com/azure/iot-hub/iot-hub-dev-guide-sas).
 *
 * Guarantee: a token is valid only with a signature by one of the keys over its exact text, an allowed resource and
 * an expiry in the future. Signatures are compared in constant time. Never throws.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export type SasFailure = "malformed" | "resource" | "signature" | "expired";

export type SasVerdict =
  | { readonly ok: true; readonly expiresMs: number }
  | { readonly ok: false; readonly failure: SasFailure };

export interface SasToken {
  /** As sent: this text is signed. */
  readonly rawResource: string;
  readonly resource: string;
  readonly signature: Buffer;
  /** Seconds since 1970, as sent. */
  readonly expiry: string;
  readonly policy?: string;
}

const maxTokenLength = 4096;
const scheme = "SharedAccessSignature ";

export function parseSas(text: string): SasToken | undefined {
  if (text.length > maxTokenLength || !text.startsWith(scheme)) return undefined;
  const fields = new Map<string, string>();
  for (const part of text.slice(scheme.length).split("&")) {
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(0, equals));
    if (name === "" || fields.has(name)) return undefined;
    fields.set(name, part.slice(equals + 1));
  }
  const rawResource = fields.get("sr");
  const expiry = fields.get("se");
  const resource = decoded(rawResource);
  const signature = decoded(fields.get("sig"));
  const policy = decoded(fields.get("skn"));
  if (rawResource === undefined || resource === undefined || signature === undefined) return undefined;
  if (expiry === undefined || !/^\d{1,12}$/.test(expiry)) return undefined;
  return {
    rawResource,
    resource,
    signature: Buffer.from(signature, "base64"),
    expiry,
    ...(policy === undefined || policy === "" ? {} : { policy }),
  };
}

/** @param mayUse whether the decoded resource is allowed */
export function verifySas(
  token: SasToken | undefined,
  keys: readonly string[],
  mayUse: (resource: string) => boolean,
  wallMs: number,
): SasVerdict {
  if (token === undefined) return { ok: false, failure: "malformed" };
  // Every key is tried, so that the timing reveals nothing.
  const matches = keys.filter(isStrong).map((key) => isSignedWith(token, key));
  if (!matches.includes(true)) return { ok: false, failure: "signature" };
  if (!mayUse(token.resource)) return { ok: false, failure: "resource" };
  const expiresMs = Number(token.expiry) * 1000;
  return expiresMs > wallMs ? { ok: true, expiresMs } : { ok: false, failure: "expired" };
}

/** @param resource signed as given: encode it first where the service requires that */
export function makeSas(resource: string, key: string, expiresMs: number, policy?: string): string {
  const expiry = String(Math.floor(expiresMs / 1000));
  const signature = encodeURIComponent(sign(key, `${resource}\n${expiry}`).toString("base64"));
  const skn = policy === undefined ? "" : `&skn=${encodeURIComponent(policy)}`;
  return `${scheme}sr=${resource}&sig=${signature}&se=${expiry}${skn}`;
}

function isSignedWith(token: SasToken, key: string): boolean {
  const right = sign(key, `${token.rawResource}\n${token.expiry}`);
  return token.signature.length === right.length && timingSafeEqual(token.signature, right);
}

/** Anyone could sign with an empty key, as certificate devices have. */
const isStrong = (key: string): boolean => Buffer.from(key, "base64").length >= 16;

const sign = (key: string, text: string): Buffer =>
  createHmac("sha256", Buffer.from(key, "base64")).update(text).digest();

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
