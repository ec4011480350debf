/**
 * The hub's own certificate authority: made at the first start, it signs the server's certificate and, on request,
 * those of devices.
 *
 * Guarantees: private keys leave this process only into the hub's own documents (0600) and, for a device's, to whoever
 * asked for it. The server's certificate names every host it is asked for, is renewed in its last month, and is made
 * again when the names change or the clock stands outside of it. Pairs that a disk has damaged are created again, not shown.
 * EC P-256, SHA-256.
 */

import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import type * as X509 from "@peculiar/x509";
import { read, type Schema } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { string } from "../../base/schema/values.ts";
import type { Documents } from "./documents.ts";
import { provideReflectMetadata } from "./reflect-metadata.ts";

export interface CertificatePair {
  /** PEM; for a device, the leaf alone. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface CertificateAuthority {
  /** PEM of the root, for devices to trust. Public. */
  readonly caPem: string;
  /** Whether the root was made just now: nobody trusts it yet. */
  readonly isNew: boolean;
  /** The server's pair, renewed when it is due at `wallMs`. */
  server(wallMs: number): Promise<CertificatePair>;
  /** A leaf whose CN is the device's registration id. `days` may be negative: an expired one, for tests. */
  issueDevice(registrationId: string, wallMs: number, days?: number): Promise<CertificatePair>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 86_400_000;
/** The root is valid from long ago: a Pi without a clock must not make one that starts in the future. */
const rootFrom = new Date("2020-01-01T00:00:00Z");
const rootYears = 30;
const serverDays = 397;
const deviceDays = 3650;
const renewBefore = 30 * day;
const clientAuth = "1.3.6.1.5.5.7.3.2";
const serverAuth = "1.3.6.1.5.5.7.3.1";

type Library = typeof X509;

/** Imported when a hub starts, not before: it is half a megabyte that a device with an Azure account never needs. */
async function loadLibrary(): Promise<Library> {
  provideReflectMetadata();
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

/** Reads the authority from its documents, or makes it. */
export async function openAuthority(
  documents: Documents,
  hostNames: () => readonly string[],
  wallMs: number,
): Promise<CertificateAuthority> {
  const x509 = await loadLibrary();
  const kept = await documents.read("ca", (document) => soundPair(document));
  const root = kept ?? (await makeRoot(x509, documents, wallMs));
  const rootCert = new x509.X509Certificate(root.cert);
  const issuer: Issuer = { x509, cert: rootCert, key: await importKey(x509, root.key) };
  // One that another authority signed is of no use either: the root may have been created again.
  let server = await documents.read("server", (document) => soundPair(document, root.cert));

  return {
    caPem: root.cert,
    isNew: kept === undefined,
    async server(nowMs) {
      const names = hostNames();
      if (server !== undefined && isUsable(issuer, server.cert, names, nowMs)) return server;
      const made = await sign(issuer, "localhost", nowMs, serverDays, [
        new x509.ExtendedKeyUsageExtension([serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((name) => generalName(name))),
      ]);
      // It serves all the same; the next start makes another.
      await documents.write("server", { ...made, names: [...names] }).catch(() => undefined);
      server = made;
      return made;
    },
    issueDevice: (registrationId, nowMs, days = deviceDays) =>
      sign(issuer, registrationId, nowMs, days, [new x509.ExtendedKeyUsageExtension([clientAuth])]),
  };
}

interface Issuer {
  readonly x509: Library;
  readonly cert: X509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

async function makeRoot(x509: Library, documents: Documents, wallMs: number): Promise<CertificatePair> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // The serial in the name tells two hubs of one house apart.
    name: [{ CN: [`grove-heater local hub ${serialNumber().slice(0, 8)}`] }],
    notBefore: rootFrom,
    notAfter: new Date(Math.max(wallMs, rootFrom.getTime()) + rootYears * 365 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pair = { cert: cert.toString("pem"), key: await exportKey(x509, keys.privateKey) };
  await documents.write("ca", pair);
  return pair;
}

async function sign(
  { x509, cert: issuer, key: signingKey }: Issuer,
  commonName: string,
  wallMs: number,
  days: number,
  extensions: readonly X509.Extension[],
): Promise<CertificatePair> {
  const keys = await newKeys();
  const end = wallMs + days * day;
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [commonName] }],
    issuer: issuer.subjectName.toJSON(),
    // A day's grace for clocks that disagree.
    notBefore: new Date(Math.min(wallMs, end) - day),
    notAfter: new Date(end),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...extensions,
    ],
  });
  return { cert: cert.toString("pem"), key: await exportKey(x509, keys.privateKey) };
}

function isUsable(
  { x509, cert: root }: Issuer,
  pem: string,
  hostNames: readonly string[],
  wallMs: number,
): boolean {
  const cert = new x509.X509Certificate(pem);
  const named = cert.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  const names = new Set(named.map((name) => name.value));
  return (
    cert.issuer === root.subject &&
    wallMs >= cert.notBefore.getTime() &&
    wallMs < cert.notAfter.getTime() - renewBefore &&
    hostNames.every((name) => names.has(name))
  );
}

const generalName = (name: string): X509.JsonGeneralName =>
  /^[\d.]+$|:/.test(name) ? { type: "ip", value: name } : { type: "dns", value: name };

/** Positive and unique: 16 random bytes, the top bit off (RFC 5280, section 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

const exportKey = async (x509: Library, key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");

const importKey = (x509: Library, pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), algorithm, false, ["sign"]);

const storedPair: Schema<CertificatePair> = object({ cert: string(), key: string() });

/**
 * A pair whose halves are whole and belong together: devices would refuse any other for ever, and TLS would not start.
 * @param issuer PEM of who must have signed it; itself when absent
 */
function soundPair(document: unknown, issuer?: string): CertificatePair | undefined {
  const pair = read(storedPair, document);
  if (pair === undefined) return undefined;
  const { cert, key } = pair;
  try {
    const certificate = new X509Certificate(cert);
    const signer = new X509Certificate(issuer ?? cert).publicKey;
    const isSound = certificate.checkPrivateKey(createPrivateKey(key)) && certificate.verify(signer);
    return isSound ? pair : undefined;
  } catch {
    return undefined;
  }
}
