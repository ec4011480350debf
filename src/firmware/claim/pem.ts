/** Parses PEM texts, and makes the fingerprints by which a person compares keys. Handles public data only. */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

/**
 * The certificates of a PEM text, in their order; the first is the device's own.
 * @param from where the text comes from, for the message
 * @throws StartupError when there is none, or one is invalid
 */
export function certificatesOf(pem: string, from: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    const [first, ...others] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return [first, ...others];
  } catch {
    // OpenSSL's message would not help the user.
  }
  const content = pem.includes("CERTIFICATE REQUEST") ? "a request, not a certificate" : "no PEM certificate";
  throw new StartupError(
    exitCodes.usage,
    `${from} contains ${content}.`,
    "Give the file that claim sign wrote, such as heater-7.pem.",
  );
}

/** The common name of a certificate's subject or issuer. */
export const commonNameOf = (name: string | undefined): string => /^CN=(.*)$/m.exec(name ?? "")?.[1] ?? "";

/**
 * SHA-256 of the public key (SubjectPublicKeyInfo, DER), hexadecimal: the same for key, request and
 * certificate.
 */
export function keyFingerprint(key: KeyObject | string): string {
  const publicKey = typeof key === "string" || key.type === "private" ? createPublicKey(key) : key;
  return fingerprintOfSpki(publicKey.export({ type: "spki", format: "der" }));
}

export const fingerprintOfSpki = (der: Uint8Array): string => createHash("sha256").update(der).digest("hex");

/** Eight groups of four digits, for two people to compare by voice. */
export const groupedDigits = (fingerprint: string): string =>
  (fingerprint.slice(0, 32).match(/.{4}/g) ?? []).join(" ");
