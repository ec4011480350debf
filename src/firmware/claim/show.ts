/** Describes a unit's credentials and this computer's authority. Shows public data only: no private key. */
import { resolve } from "node:path";
import { renewalNotice } from "../../azure/credentials/renewal.ts";
import { isoTime } from "../../base/iso-time.ts";
import { readOptional } from "./claim.ts";
import { caFiles } from "./owner-ca.ts";
import { certificatesOf, commonNameOf, keyFingerprint } from "./pem.ts";
import { pendingKey, readInForce, readKey } from "./unit-keys.ts";

/** Names and values for a person; scripts get the same as JSON. */
export type Facts = Readonly<Record<string, string>>;

export interface Shown {
  /** The unit's credentials for DPS; `undefined` where it has no credentials.json. */
  readonly unit: Facts | undefined;
  /** A key that has no certificate yet. */
  readonly pending: Facts | undefined;
  /** The owner's authority. */
  readonly authority: Facts | undefined;
  readonly renewal: string | undefined;
}

/** @throws StartupError when an existing file cannot be read or is invalid */
export async function describeClaim(dataPath: string, caFolder: string, wallMs: number): Promise<Shown> {
  const { type, registrationId, idScope, endpoint, ...files } = await readInForce(dataPath);
  const certificateFile = files.certificateFile && resolve(dataPath, files.certificateFile);
  const pem = certificateFile && readOptional(certificateFile);
  const common = {
    ...(type !== undefined && { type }),
    ...(registrationId !== undefined && { "registration id": registrationId }),
    ...(idScope !== undefined && { "id scope": idScope }),
    ...(endpoint !== undefined && { endpoint }),
  };
  const certificate = pem && certificateFile ? certificateFacts(pem, certificateFile) : {};
  const key = files.keyFile === undefined ? {} : { "key (secret)": resolve(dataPath, files.keyFile) };
  return {
    unit: type === undefined ? undefined : { ...common, ...certificate, ...key },
    pending: await pendingFacts(dataPath),
    authority: authorityFacts(caFolder),
    renewal: pem ? renewalNotice(pem, wallMs) : undefined,
  };
}

async function pendingFacts(dataPath: string): Promise<Facts | undefined> {
  const key = pendingKey(dataPath);
  if (key === undefined) return undefined;
  return { request: key.requestFile, "key SHA-256": keyFingerprint(await readKey(key)) };
}

function authorityFacts(folder: string): Facts | undefined {
  const { cert, key } = caFiles(folder);
  const pem = readOptional(cert);
  return pem === undefined ? undefined : { ...certificateFacts(pem, cert), "key (secret)": key };
}

function certificateFacts(pem: string, file: string): Facts {
  const [leaf] = certificatesOf(pem, file);
  return {
    subject: commonNameOf(leaf.subject),
    issuer: commonNameOf(leaf.issuer),
    "valid from": isoTime(Date.parse(leaf.validFrom)),
    "valid until": isoTime(Date.parse(leaf.validTo)),
    "SHA-256": leaf.fingerprint256,
    "key SHA-256": keyFingerprint(leaf.publicKey),
    from: file,
  };
}
