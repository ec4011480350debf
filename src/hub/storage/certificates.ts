/**
 * The hub's own certificate authority, created at the first start. It signs the certificates of the server and of
 * devices.
 *
 * Guarantees: private keys are only written to the hub's documents (0600); a device's is returned to the caller. The
 * server's certificate lists all host names, is renewed in its last month, and is replaced when the names change or
 * the clock is outside its validity. Damaged pairs are replaced. EC P-256, SHA-256.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import type * as X509 from "@peculiar/x509";
import { read, type Schema } from "../../base/schema/schema.ts";
import { object } from "../../base/schema/structures.ts";
import { string } from "../../base/schema/values.ts";
import {
  type CertificatePair,
  clientAuth,
  dayMs,
  exportKey,
  type Issuer,
  type LeafRequest,
  loadX509,
  newKeys,
  openIssuer,
  selfSigned,
  serialNumber,
  serverAuth,
  signLeaf,
  validityOf,
  type X509Library,
} from "../../protocol/certificates/certificates.ts";
import type { Documents } from "./documents.ts";

export type { CertificatePair } from "../../protocol/certificates/certificates.ts";

export interface CertificateAuthority {
  /** PEM of the root, for devices to trust. Public. */
  readonly caPem: string;
  /** Whether the root was created by this start: no device trusts it yet. */
  readonly isNew: boolean;
  /** The server's pair, renewed when it is due at `wallMs`. */
  server(wallMs: number): Promise<CertificatePair>;
  /** A leaf whose CN is the registration id. @param days negative for an expired one, in tests */
  issueDevice(registrationId: string, wallMs: number, days?: number): Promise<CertificatePair>;
}

/** The root is valid from long ago: a Pi without a clock must not make one that starts in the future. */
const rootFrom = new Date("2020-01-01T00:00:00Z");
const rootYears = 30;
const serverDays = 397;
const deviceDays = 3650;
const renewBefore = 30 * dayMs;

/** Reads the authority from its documents, or creates it. */
export async function openAuthority(
  documents: Documents,
  hostNames: () => readonly string[],
  wallMs: number,
): Promise<CertificateAuthority> {
  const x509 = await loadX509();
  const stored = await documents.read("ca", (document) => validPair(document));
  const root = stored ?? (await makeRoot(x509, documents, wallMs));
  const issuer = await openIssuer(x509, root);
  // A certificate signed by another authority counts as invalid: the root may have been created again.
  let server = await documents.read("server", (document) => validPair(document, root.cert));

  return {
    caPem: root.cert,
    isNew: stored === undefined,
    async server(nowMs) {
      const names = hostNames();
      if (server !== undefined && isUsable(issuer, server.cert, names, nowMs)) return server;
      const made = await issue(issuer, {
        commonName: "localhost",
        validity: validityOf(nowMs, serverDays),
        purpose: serverAuth,
        more: [new x509.SubjectAlternativeNameExtension(names.map((name) => generalName(name)))],
      });
      // Used even if it cannot be stored; the next start then makes another.
      await documents.write("server", { ...made, names: [...names] }).catch(() => undefined);
      server = made;
      return made;
    },
    issueDevice: (registrationId, nowMs, days = deviceDays) =>
      issue(issuer, {
        commonName: registrationId,
        validity: validityOf(nowMs, days),
        purpose: clientAuth,
      }),
  };
}

async function makeRoot(x509: X509Library, documents: Documents, wallMs: number): Promise<CertificatePair> {
  const keys = await newKeys();
  const to = new Date(Math.max(wallMs, rootFrom.getTime()) + rootYears * 365 * dayMs);
  // The serial number in the name distinguishes two hubs of one house.
  const name = `grove-heater local hub ${serialNumber().slice(0, 8)}`;
  const cert = await selfSigned(x509, name, { from: rootFrom, to }, keys);
  const pair = { cert, key: await exportKey(x509, keys.privateKey) };
  await documents.write("ca", pair);
  return pair;
}

/** Makes the key too, which only the caller receives. */
async function issue(issuer: Issuer, leaf: Omit<LeafRequest, "publicKey">): Promise<CertificatePair> {
  const { publicKey, privateKey } = await newKeys();
  return {
    cert: await signLeaf(issuer, { ...leaf, publicKey }),
    key: await exportKey(issuer.x509, privateKey),
  };
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

const storedPair: Schema<CertificatePair> = object({ cert: string(), key: string() });

/**
 * @param issuer PEM of the required signer; self-signed when absent
 * @returns `undefined` for a pair that is damaged or does not match
 */
function validPair(document: unknown, issuer?: string): CertificatePair | undefined {
  const pair = read(storedPair, document);
  if (pair === undefined) return undefined;
  const { cert, key } = pair;
  try {
    const certificate = new X509Certificate(cert);
    const signer = new X509Certificate(issuer ?? cert).publicKey;
    const isValid = certificate.checkPrivateKey(createPrivateKey(key)) && certificate.verify(signer);
    return isValid ? pair : undefined;
  } catch {
    return undefined;
  }
}
