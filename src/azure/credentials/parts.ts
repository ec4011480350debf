/** Validates the parts of credentials that come from a file as well as from the environment. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isBase64Key } from "../../protocol/device-key.ts";
import { isHost, isRegistrationId } from "../../protocol/names.ts";
import {
  azureDps,
  type CertificateProof,
  CredentialError,
  type Credentials,
  type DpsTarget,
} from "./credentials.ts";
import { Secret } from "./secret.ts";

export interface DpsParts {
  readonly idScope: string | undefined;
  readonly registrationId: string | undefined;
  /** Default: Azure's global endpoint. */
  readonly endpoint: string | undefined;
}

/** The name of each part in its source, for messages. */
export type PartNames = Readonly<Record<keyof DpsParts | "deviceKey", string>>;

/** @throws CredentialError */
export function dpsTarget(parts: DpsParts, names: PartNames): DpsTarget {
  const { idScope, registrationId, endpoint = azureDps } = parts;
  if (idScope === undefined || !/^[A-Za-z0-9]{4,64}$/.test(idScope)) {
    throw malformed(
      names.idScope,
      "an id scope such as 0ne00123ABC",
      "DPS's overview, or Central's device dialogue, shows it.",
    );
  }
  if (registrationId === undefined || !isRegistrationId(registrationId)) {
    throw malformed(
      names.registrationId,
      "a registration id: letters, digits and - . _ :",
      "It is the device's id in DPS.",
    );
  }
  if (!isHost(endpoint)) throw malformed(names.endpoint, "a host name", `Leave it out for ${azureDps}.`);
  return { kind: "dps", endpoint, idScope, registrationId };
}

/** @throws CredentialError */
export function dpsWithKey(
  parts: DpsParts & { readonly deviceKey: string | undefined },
  names: PartNames,
): Credentials {
  const target = dpsTarget(parts, names);
  const { deviceKey } = parts;
  if (deviceKey === undefined || !isBase64Key(deviceKey)) {
    throw new CredentialError(
      "bad-key",
      `${names.deviceKey} is ${deviceKey === undefined ? "missing" : "not a key in base64"}.`,
      "Copy the device's own primary key; from a group key, derive it on another machine.",
    );
  }
  return { target, proof: { kind: "key", key: new Secret(deviceKey) } };
}

/** @throws CredentialError when the two are not a certificate and its key */
export function certificateProof(certificatePem: string, keyPem: string): CertificateProof {
  let matches: boolean;
  try {
    matches = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    // Without the cause: OpenSSL's errors do not help the user and might contain parts of the key.
    throw new CredentialError(
      "bad-key",
      "The certificate or its key is not PEM, or the key has a passphrase.",
      "Provide a PEM certificate (with its intermediates) and its PEM key without a passphrase.",
    );
  }
  if (!matches) {
    throw new CredentialError(
      "bad-key",
      "The key does not belong to the certificate.",
      "Check that both files were made for this device.",
    );
  }
  return { kind: "certificate", certificatePem, keyPem: new Secret(keyPem) };
}

const malformed = (name: string, expected: string, remedy: string) =>
  new CredentialError("malformed", `${name} must be ${expected}.`, remedy);
