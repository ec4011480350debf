/**
 * On the unit: a key pair, and the request for its certificate (PKCS #10, RFC 2986).
 *
 * Guarantees: the private key is made here, is 0600, and is in nothing that is returned or printed. Asking again before
 * the answer came gives the same key once more, so that an answer to either request fits. What is in force stays in force.
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
  /** PEM; public. */
  readonly requestPem: string;
  /** SHA-256 of the public key, hexadecimal: the owner compares it before signing. */
  readonly keyFingerprint: string;
  readonly requestFile: string;
  /** The key was made by an earlier request that has not been answered. */
  readonly again: boolean;
  readonly inForce: InForce;
}

/**
 * @param device the id to ask for; the one in force when absent. There is no other default: images of one card have one
 *   host name, and two units of one id drive each other out of the hub.
 * @throws StartupError
 */
export async function makeRequest(dataPath: string, device: string | undefined): Promise<UnitRequest> {
  const owner = ownerOf(dataPath);
  openDataFolder(dataPath);
  const inForce = await readInForce(dataPath);
  const registrationId = device ?? inForce.registrationId;
  if (registrationId === undefined) {
    const next =
      "Give the id that this unit is to have in DPS, such as --device heater-7; no other unit may have it.";
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
    again: pending !== undefined,
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
