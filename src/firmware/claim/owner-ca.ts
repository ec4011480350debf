/**
 * The owner's certificate authority, on the owner's computer: it is made once, signs the certificates of the
 * owner's units, and proves to Azure that the owner has its private key.
 *
 * Guarantees: its private key has mode 0600, and no command copies it out of its folder; it is never
 * overwritten; a device's certificate is only for one registration id and for client authentication, and
 * expires no later than the authority.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { certificateProof } from "../../azure/credentials/parts.ts";
import { readPrivate, systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import {
  type CertificatePair,
  clientAuth,
  exportKey,
  type Issuer,
  importKeyPair,
  loadX509,
  newKeys,
  openIssuer,
  selfSigned,
  serialNumber,
  signLeaf,
  validityOf,
} from "../../protocol/certificates/certificates.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { privateFolder, readOptional, withStartupErrors, writeNew } from "./claim.ts";
import { fingerprintOfSpki } from "./pem.ts";
import { checkCommonName } from "./registration-id.ts";

export interface OwnerCa {
  readonly folder: string;
  /** PEM, not secret. */
  readonly certPem: string;
  readonly issuer: Issuer;
}

export interface SignedCertificate {
  readonly registrationId: string;
  /** The device's certificate, then that of its authority. */
  readonly chainPem: string;
  readonly validTo: Date;
  /** SHA-256 of the device's public key, hexadecimal. */
  readonly keyFingerprint: string;
}

/** Longer than a heater's life: units cannot be moved to another authority remotely. */
export const caYears = 25;
/**
 * Validity of a device's certificate: five years. The owner renews it by hand; with an expired one a unit
 * cannot connect.
 */
export const deviceDays = 1825;
/** Validity of the certificate that proves possession: Azure checks it once. */
const verificationDays = 30;

export const caFiles = (folder: string) => ({
  cert: join(folder, "ca.pem"),
  key: join(folder, "ca.key"),
});

/** In the user's configuration folder, not in a data folder, which users may delete to start afresh. */
export function defaultCaFolder(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string {
  const configured = platform === "win32" ? env["APPDATA"] : env["XDG_CONFIG_HOME"];
  return join(configured || join(homedir(), ".config"), "grove-heater", "owner-ca");
}

/**
 * Makes the authority. If an earlier run was interrupted after it made the key, that key is used.
 * @throws StartupError, also when an authority exists already
 */
export async function makeOwnerCa(
  folder: string,
  {
    name,
    years,
    wallMs,
  }: { readonly name?: string | undefined; readonly years: number; readonly wallMs: number },
): Promise<OwnerCa> {
  const { cert, key } = caFiles(folder);
  if (readOptional(cert) !== undefined) {
    throw new StartupError(
      exitCodes.storage,
      `${folder} already contains an authority; without it, the certificates of existing units would be rejected.`,
      "Use it, or name another folder with --ca FOLDER. To see it: grove-heater claim show",
    );
  }
  const x509 = await loadX509();
  await privateFolder(folder);
  const existingKey = await withStartupErrors(() => readPrivate(systemPrivateFiles, key));
  const keys =
    existingKey === undefined
      ? await newKeys()
      : await importKeyPair(x509, existingKey).catch(brokenKey(key));
  if (existingKey === undefined) await writeNew(key, await exportKey(x509, keys.privateKey));
  const commonName = name ?? `grove-heater owner ${serialNumber().slice(0, 8)}`;
  await writeNew(cert, await selfSigned(x509, commonName, validityOf(wallMs, years * 365), keys));
  return await openOwnerCa(folder, wallMs);
}

const brokenKey = (path: string) => (): never => {
  throw new StartupError(
    exitCodes.configuration,
    `${path} is not a key of this program, and there is no certificate beside it.`,
    "Move it away, then run this again.",
  );
};

/** @throws StartupError when there is none, it cannot be used, or it has expired */
export async function openOwnerCa(folder: string, wallMs: number): Promise<OwnerCa> {
  const { cert, key } = caFiles(folder);
  const certPem = readOptional(cert);
  const keyPem = await withStartupErrors(() => readPrivate(systemPrivateFiles, key));
  if (certPem === undefined || keyPem === undefined) {
    throw new StartupError(
      exitCodes.configuration,
      `There is no authority in ${folder}: ${certPem === undefined ? "ca.pem" : "ca.key"} is missing.`,
      "Make one with: grove-heater claim ca; or name its folder with --ca FOLDER.",
    );
  }
  await withStartupErrors(() => certificateProof(certPem, keyPem));
  const issuer = await openIssuer(await loadX509(), { cert: certPem, key: keyPem });
  if (issuer.cert.notAfter.getTime() <= wallMs) {
    throw new StartupError(
      exitCodes.configuration,
      `The authority in ${folder} has expired (${issuer.cert.notAfter.toISOString()}).`,
      "Check this computer's clock; if it is right, make a new authority with --ca FOLDER, and upload it to Azure.",
    );
  }
  return { folder, certPem, issuer };
}

/**
 * Signs the request that `claim request` made on a unit. Only its name and its public key are used.
 * @param device the expected id, when the owner named one
 * @throws StartupError
 */
export async function signRequest(
  ca: OwnerCa,
  requestPem: string,
  options: {
    readonly from: string;
    readonly device?: string | undefined;
    readonly days: number;
    readonly wallMs: number;
  },
): Promise<SignedCertificate> {
  const { x509 } = ca.issuer;
  const { from, device, days, wallMs } = options;
  const refuse = (why: string, remedy: string) =>
    new StartupError(exitCodes.usage, `${from} ${why}.`, remedy);
  let request: InstanceType<typeof x509.Pkcs10CertificateRequest>;
  let isVerified: boolean;
  try {
    request = new x509.Pkcs10CertificateRequest(requestPem);
    isVerified = await request.verify();
  } catch {
    throw refuse(
      "is not a certificate request in PEM",
      "Give the file with the output of claim request on the unit.",
    );
  }
  if (!isVerified) throw refuse("is damaged: its signature is invalid", "Copy it from the unit again.");
  const [registrationId = "", ...others] = request.subjectName.getField("CN");
  if (others.length > 0) throw refuse("has several common names", "Make a new request on the unit.");
  checkCommonName(registrationId);
  if (device !== undefined && device !== registrationId) {
    throw refuse(`is for ${registrationId}, not for ${device}`, "Check which unit it comes from.");
  }
  if (!isStrong(request.publicKey.algorithm)) {
    throw refuse("has a key that is too weak", "Use elliptic curve P-256, or RSA with 2048 bits or more.");
  }
  return await signDevice(ca, registrationId, request.publicKey, { days, wallMs });
}

interface Lifetime {
  readonly days: number;
  readonly wallMs: number;
}

type PublicKey = Parameters<typeof signLeaf>[1]["publicKey"];

async function signDevice(
  { issuer, certPem }: OwnerCa,
  registrationId: string,
  publicKey: PublicKey,
  { days, wallMs }: Lifetime,
): Promise<SignedCertificate> {
  const wanted = validityOf(wallMs, days);
  const to = new Date(Math.min(wanted.to.getTime(), issuer.cert.notAfter.getTime()));
  const validity = { from: wanted.from, to };
  const leaf = await signLeaf(issuer, {
    commonName: registrationId,
    validity,
    publicKey,
    purpose: clientAuth,
  });
  const { publicKey: own } = new issuer.x509.X509Certificate(leaf);
  return {
    registrationId,
    chainPem: `${leaf.trim()}\n${certPem.trim()}\n`,
    validTo: to,
    keyFingerprint: fingerprintOfSpki(new Uint8Array(own.rawData)),
  };
}

/** Makes a key and a certificate for a unit that is being prepared and cannot make a request itself yet. */
export async function issuePair(
  ca: OwnerCa,
  registrationId: string,
  lifetime: Lifetime,
): Promise<CertificatePair> {
  const { publicKey, privateKey } = await newKeys();
  const { chainPem } = await signDevice(ca, registrationId, publicKey, lifetime);
  return { cert: chainPem, key: await exportKey(ca.issuer.x509, privateKey) };
}

/**
 * A certificate with Azure's verification code as its common name, which proves that the owner has the
 * authority's private key. Its own private key is discarded.
 */
export async function verificationCertificate(ca: OwnerCa, code: string, wallMs: number): Promise<string> {
  const { publicKey } = await newKeys();
  const validity = validityOf(wallMs, verificationDays);
  return await signLeaf(ca.issuer, { commonName: code, validity, publicKey, purpose: undefined });
}

function isStrong(algorithm: object): boolean {
  if ("namedCurve" in algorithm) return ["P-256", "P-384", "P-521"].includes(String(algorithm.namedCurve));
  return "modulusLength" in algorithm && Number(algorithm.modulusLength) >= 2048;
}
