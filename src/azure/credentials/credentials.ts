/**
 * Folder credentials/: who this device is to the cloud, from a file or the environment. Needs no SDK.
 *
 * Who this device is to the cloud: a way (through DPS, or straight to a hub) and a proof (a key, or a certificate).
 *
 * Guarantee: a value of `Credentials` is complete and well-formed; keys are `Secret`s, so that no log, message or
 * crash report can show them.
 */
import type { Secret } from "./secret.ts";

export interface Credentials {
  readonly way: DpsWay | HubWay;
  readonly proof: KeyProof | CertificateProof;
  /** Certificates to trust in place of the public ones, PEM; for a local hub. */
  readonly caPem?: string | undefined;
}

export interface DpsWay {
  readonly kind: "dps";
  /** Host, with its port unless that is 8883. */
  readonly endpoint: string;
  readonly idScope: string;
  readonly registrationId: string;
}

export interface HubWay {
  readonly kind: "hub";
  /** Host, with its port unless that is 8883. */
  readonly host: string;
  readonly deviceId: string;
}

export interface KeyProof {
  readonly kind: "key";
  /** Base64. */
  readonly key: Secret;
}

export interface CertificateProof {
  readonly kind: "certificate";
  /** The device's certificate and those between it and its root, PEM. */
  readonly certificatePem: string;
  readonly keyPem: Secret;
}

export const azureDps = "global.azure-devices-provisioning.net";

export type CredentialProblem =
  /** The file cannot be read. */
  | "unreadable"
  /** Others than its owner may read the file. */
  | "not-private"
  /** Not JSON, a wrong type, an unknown or missing entry. */
  | "malformed"
  /** A key that is no key, a certificate that is none or does not belong to its key. */
  | "bad-key"
  /** The key of a whole group, which must not lie on a device. */
  | "group-key";

/** Credentials that are there and cannot be used: the reader fixes them; the heater runs without the cloud. */
export class CredentialError extends Error {
  readonly code: CredentialProblem;
  /** One sentence: what to do now. */
  readonly remedy: string;

  constructor(code: CredentialProblem, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CredentialError";
    this.code = code;
    this.remedy = remedy;
  }
}

export interface CredentialPlaces {
  /** The data folder; `credentials.json` in it. */
  readonly dataPath: string;
  /** Variables with secrets are taken out of it, so that neither a child nor a diagnostic report has them. */
  readonly env: NodeJS.ProcessEnv;
  readonly files: PrivateFiles;
}

/** Reads files, and tells whom they are open to. */
export interface PrivateFiles {
  /** `undefined` when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Permission bits, as in 0o600; `undefined` where the system has none. */
  mode(path: string): Promise<number | undefined>;
}
