/**
 * The owner's certificate authority, on the owner's computer: made once, it signs the certificates of the owner's units
 * and proves to Azure that it is the owner's.
 *
 * Guarantees: its private key is 0600 and leaves its folder by no command; it is never written over; a certificate is
 * signed for a registration id alone, for client authentication alone, and never outlasts the authority.
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
import { explained, privateFolder, readIfThere, writeNew } from "./claim.ts";
import { fingerprintOfSpki } from "./pem.ts";
import { checkCommonName } from "./registration-id.ts";

export interface OwnerCa {
  readonly folder: string;
  /** PEM; public. */
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

/** Longer than a heater is kept; units cannot be told of another authority from afar. */
export const caYears = 25;
/** Of a device: five years. The owner renews by hand, and a unit that was forgotten stays away from the cloud. */
export const deviceDays = 1825;
/** Of the certificate that proves possession: Azure looks at it once. */
const verificationDays = 30;

export const caFiles = (folder: string) => ({
  cert: join(folder, "ca.pem"),
  key: join(folder, "ca.key"),
});

/** Beside a user's other keys, and not in a data folder: that one is removed to begin anew. */
export function defaultCaFolder(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string {
  const configured = platform === "win32" ? env["APPDATA"] : env["XDG_CONFIG_HOME"];
  return join(configured || join(homedir(), ".config"), "grove-heater", "owner-ca");
}

/**
 * Makes the authority. One whose making was cut off after its key is finished with that key.
 * @throws StartupError, also when there is one already
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
  if (readIfThere(cert) !== undefined) {
    throw new StartupError(
      exitCodes.storage,
      `There is an authority in ${folder} already; units that it signed for would no longer be let in.`,
      "Use it, or name another folder with --ca FOLDER. See it with: grove-heater claim show",
    );
  }
  const x509 = await loadX509();
  await privateFolder(folder);
  const begun = await explained(() => readPrivate(systemPrivateFiles, key));
  const keys = begun === undefined ? await newKeys() : await importKeyPair(x509, begun).catch(brokenKey(key));
  if (begun === undefined) await writeNew(key, await exportKey(x509, keys.privateKey));
  const commonName = name ?? `grove-heater owner ${serialNumber().slice(0, 8)}`;
  await writeNew(cert, await selfSigned(x509, commonName, validityOf(wallMs, years * 365), keys));
  return await openOwnerCa(folder, wallMs);
}

const brokenKey = (path: string) => (): never => {
  throw new StartupError(
    exitCodes.configuration,
    `${path} is no key of this program, and there is no certificate beside it.`,
    "Move it away, then run this again.",
  );
};

/** @throws StartupError when there is none, it cannot be used, or it has expired */
export async function openOwnerCa(folder: string, wallMs: number): Promise<OwnerCa> {
  const { cert, key } = caFiles(folder);
  const certPem = readIfThere(cert);
  const keyPem = await explained(() => readPrivate(systemPrivateFiles, key));
  if (certPem === undefined || keyPem === undefined) {
    throw new StartupError(
      exitCodes.configuration,
      `There is no authority in ${folder}: ${certPem === undefined ? "ca.pem" : "ca.key"} is missing.`,
      "Make it once with: grove-heater claim ca; or name its folder with --ca FOLDER.",
    );
  }
  await explained(() => certificateProof(certPem, keyPem));
  const issuer = await openIssuer(await loadX509(), { cert: certPem, key: keyPem });
  if (issuer.cert.notAfter.getTime() <= wallMs) {
    throw new StartupError(
      exitCodes.configuration,
      `The authority in ${folder} has expired (${issuer.cert.notAfter.toISOString()}).`,
      "Check this computer's clock; else make another with --ca FOLDER, and upload it to Azure.",
    );
  }
  return { folder, certPem, issuer };
}

/**
 * Signs what `claim request` made on a unit. Nothing of the request is taken over but its name and its key.
 * @param device the id that it must be for, when the owner named one
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
  let isSound: boolean;
  try {
    request = new x509.Pkcs10CertificateRequest(requestPem);
    isSound = await request.verify();
  } catch {
    throw refuse("is no certificate request in PEM", "Give the file that claim request printed on the unit.");
  }
  if (!isSound) throw refuse("is damaged: its signature does not fit", "Copy it from the unit again.");
  const [registrationId = "", ...others] = request.subjectName.getField("CN");
  if (others.length > 0) throw refuse("has several common names", "Have the unit make a new request.");
  checkCommonName(registrationId);
  if (device !== undefined && device !== registrationId) {
    throw refuse(`is for ${registrationId}, not for ${device}`, "Check from which unit it comes.");
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

/** A key and a certificate, both made here: for a unit that is prepared and cannot ask for itself yet. */
export async function issuePair(
  ca: OwnerCa,
  registrationId: string,
  lifetime: Lifetime,
): Promise<CertificatePair> {
  const { publicKey, privateKey } = await newKeys();
  const { chainPem } = await signDevice(ca, registrationId, publicKey, lifetime);
  return { cert: chainPem, key: await exportKey(ca.issuer.x509, privateKey) };
}

/** Proves that the owner has the authority's private key: Azure's code as a common name. Its own key is thrown away. */
export async function verificationCertificate(ca: OwnerCa, code: string, wallMs: number): Promise<string> {
  const { publicKey } = await newKeys();
  const validity = validityOf(wallMs, verificationDays);
  return await signLeaf(ca.issuer, { commonName: code, validity, publicKey, purpose: undefined });
}

function isStrong(algorithm: object): boolean {
  if ("namedCurve" in algorithm) return ["P-256", "P-384", "P-521"].includes(String(algorithm.namedCurve));
  return "modulusLength" in algorithm && Number(algorithm.modulusLength) >= 2048;
}
