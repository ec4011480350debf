/**
 * On the unit: makes a key pair, and the request for its certificate (PKCS #10, RFC 2986).
 *
 * Guarantees: the private key is made here, has mode 0600, and is never returned or printed. A second request
 * before the certificate arrives uses the same key, so that a certificate for either request fits. The
 * credentials in force do not change.
 */

import {
  clientAuth,
  exportKey,
  importKeyPair,
  keyAlgorithm,
  loadX509,
  newKeys,
} from "../../protocol/certificates/certificates.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { openDataFolder } from "../storage/data-folder.ts";
import { ownerOf, privateFolder, writeWhole } from "./claim.ts";
import { keyFingerprint } from "./pem.ts";
import { checkCommonName } from "./registration-id.ts";
import {
  claimFolder,
  type InForce,
  idLength,
  pendingKey,
  readInForce,
  readKey,
  type UnitKey,
  unitKey,
} from "./unit-keys.ts";

export interface UnitRequest {
  readonly registrationId: string;
  /** PEM, not secret. */
  readonly requestPem: string;
  /** SHA-256 of the public key, hexadecimal: the owner compares it before signing. */
  readonly keyFingerprint: string;
  readonly requestFile: string;
  /** The key of an earlier request is used, which has no certificate yet. */
  readonly reusedKey: boolean;
  readonly inForce: InForce;
}

/**
 * @param device the id to request; when absent, the one in force. The host name cannot be the default: copies
 * of one
 *   card's image share it, and two units with the same id disconnect each other from the hub.
 * @throws StartupError
 */
export async function makeRequest(dataPath: string, device: string | undefined): Promise<UnitRequest> {
  const owner = ownerOf(dataPath);
  openDataFolder(dataPath);
  const inForce = await readInForce(dataPath);
  const registrationId = device ?? inForce.registrationId;
  if (registrationId === undefined) {
    const next =
      "Give the id that this unit will have in DPS, such as --device heater-7; no other unit may have it.";
    throw new StartupError(exitCodes.usage, "--device is missing.", next);
  }
  checkCommonName(registrationId);
  await privateFolder(claimFolder(dataPath), owner);
  const pending = pendingKey(dataPath);
  const key = pending ?? (await makeKey(dataPath, owner));
  const keyPem = await readKey(key);
  const requestPem = await requestFor(registrationId, keyPem);
  await writeWhole(key.requestFile, requestPem, owner);
  return {
    registrationId,
    requestPem,
    keyFingerprint: keyFingerprint(keyPem),
    requestFile: key.requestFile,
    reusedKey: pending !== undefined,
    inForce,
  };
}

async function makeKey(dataPath: string, owner: ReturnType<typeof ownerOf>): Promise<UnitKey> {
  const { privateKey } = await newKeys();
  const keyPem = await exportKey(await loadX509(), privateKey);
  const key = unitKey(dataPath, keyFingerprint(keyPem).slice(0, idLength));
  await writeWhole(key.keyFile, keyPem, owner);
  return key;
}

async function requestFor(registrationId: string, keyPem: string): Promise<string> {
  const x509 = await loadX509();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [registrationId] }],
    keys: await importKeyPair(x509, keyPem),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([clientAuth]),
    ],
  });
  return `${request.toString("pem").trim()}\n`;
}
