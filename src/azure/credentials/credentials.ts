/**
 * Folder credentials/: the device's credentials for the cloud, from a file or the environment. Needs no SDK.
 *
 * Credentials consist of a target (DPS, or directly a hub) and a proof (a key, or a certificate).
 *
 * Guarantee: a value of `Credentials` is complete and well-formed; keys are `Secret`s, so that no log, message or
 * crash report shows them.
 */
import type { Secret } from "./secret.ts";

export interface Credentials {
  readonly target: DpsTarget | HubTarget;
  readonly proof: KeyProof | CertificateProof;
  /** Certificates to trust in place of the public ones, PEM; for a local hub. */
  readonly caPem?: string | undefined;
}

export interface DpsTarget {
  readonly kind: "dps";
  /** Host, with its port unless that is 8883. */
  readonly endpoint: string;
  readonly idScope: string;
  readonly registrationId: string;
}

export interface HubTarget {
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
  /** The device's certificate and its intermediate certificates, PEM. */
  readonly certificatePem: string;
  readonly keyPem: Secret;
}

export const azureDps = "global.azure-devices-provisioning.net";

export type CredentialProblem =
  /** The file cannot be read. */
  | "unreadable"
  /** Other users may read the file. */
  | "not-private"
  /** Not JSON, a wrong type, an unknown or missing entry. */
  | "malformed"
  /** An invalid key, an invalid certificate, or one that does not match its key. */
  | "bad-key"
  /** A group key, which must never be on a device. */
  | "group-key";

/** Credentials exist but are unusable. The heater runs without the cloud until they are fixed. */
export class CredentialError extends Error {
  readonly code: CredentialProblem;
  /** The next step, as a sentence. */
  readonly remedy: string;

  constructor(code: CredentialProblem, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CredentialError";
    this.code = code;
    this.remedy = remedy;
  }
}

export interface CredentialSources {
  /** The data folder, which may contain `credentials.json`. */
  readonly dataPath: string;
  /** Variables with secrets are removed from it: child processes and diagnostic reports copy it. */
  readonly env: NodeJS.ProcessEnv;
  readonly files: PrivateFiles;
}

/** Reads files and their permissions. */
export interface PrivateFiles {
  /** `undefined` when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Permission bits, as in 0o600; `undefined` where the system has none. */
  mode(path: string): Promise<number | undefined>;
}
