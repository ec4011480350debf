/**
 * Folder certificates/: X.509 certificates that DPS and IoT Hub accept, for a hub's own authority and for an owner's.
 *
 * Makes authorities and signs certificates. Guarantees: EC P-256 and SHA-256; every certificate has a random
 * serial number, key identifiers and critical constraints (RFC 5280, section 4.2); a leaf has only the
 * purpose that the caller requests. Private keys are returned to the caller and kept nowhere.
 */
import { webcrypto } from "node:crypto";
import type * as X509 from "@peculiar/x509";
import { provideReflectMetadata } from "./reflect-metadata.ts";

export interface CertificatePair {
  /** PEM; for a device the leaf alone. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export type X509Library = typeof X509;

/** The signing authority. */
export interface Issuer {
  readonly x509: X509Library;
  readonly cert: X509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

export interface LeafRequest {
  readonly commonName: string;
  readonly validity: Validity;
  readonly publicKey: webcrypto.CryptoKey | X509.PublicKey;
  /** Object identifier of the one purpose (RFC 5280, section 4.2.1.12); a verification certificate has none. */
  readonly purpose: string | undefined;
  readonly more?: readonly X509.Extension[];
}

export const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
export const clientAuth = "1.3.6.1.5.5.7.3.2";
export const serverAuth = "1.3.6.1.5.5.7.3.1";
export const dayMs = 86_400_000;

/** Imported when it is needed, not before: it is half a megabyte that a heater with a key never needs. */
export async function loadX509(): Promise<X509Library> {
  provideReflectMetadata();
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

/**
 * Validity: from a day before `fromMs`, in case clocks differ, until `days` after it; with negative `days` it
 * is in the past.
 */
export function validityOf(fromMs: number, days: number): Validity {
  const end = fromMs + days * dayMs;
  return { from: new Date(Math.min(fromMs, end) - dayMs), to: new Date(end) };
}

/** A root that signs leaves and no other authorities. @returns PEM */
export async function selfSigned(
  x509: X509Library,
  commonName: string,
  { from, to }: Validity,
  keys: webcrypto.CryptoKeyPair,
): Promise<string> {
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    notBefore: from,
    notAfter: to,
    signingAlgorithm: keyAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return cert.toString("pem");
}

/** @throws Error when the two are not PEM */
export async function openIssuer(x509: X509Library, { cert, key }: CertificatePair): Promise<Issuer> {
  return { x509, cert: new x509.X509Certificate(cert), key: await importKey(x509, key) };
}

/** @returns PEM */
export async function signLeaf({ x509, cert: issuer, key: signingKey }: Issuer, leaf: LeafRequest) {
  const { commonName, validity, publicKey, purpose, more = [] } = leaf;
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [commonName] }],
    issuer: issuer.subjectName.toJSON(),
    notBefore: validity.from,
    notAfter: validity.to,
    signingAlgorithm: keyAlgorithm,
    publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ...(purpose === undefined ? [] : [new x509.ExtendedKeyUsageExtension([purpose])]),
      ...more,
    ],
  });
  return cert.toString("pem");
}

/** Positive and unique: 16 random bytes, the top bit off (RFC 5280, section 4.1.2.2). */
export function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

export const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);

/** @returns PEM, PKCS #8 */
export const exportKey = async (x509: X509Library, key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");

/** The key pair of a private key that `exportKey` returned. @throws Error for any other text */
export async function importKeyPair(x509: X509Library, pem: string): Promise<webcrypto.CryptoKeyPair> {
  const der = x509.PemConverter.decodeFirst(pem);
  const privateKey = await webcrypto.subtle.importKey("pkcs8", der, keyAlgorithm, true, ["sign"]);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", privateKey);
  const open = { kty, crv, x, y } as webcrypto.JsonWebKey;
  const publicKey = await webcrypto.subtle.importKey("jwk", open, keyAlgorithm, true, ["verify"]);
  return { privateKey, publicKey };
}

const importKey = (x509: X509Library, pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), keyAlgorithm, false, ["sign"]);
