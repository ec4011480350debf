/** The parts that the file and the environment have in common, checked one by one. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isBase64Key } from "../../protocol/device-key.ts";
import { isHost } from "../../protocol/host.ts";
import { isRegistrationId } from "../../protocol/ids.ts";
import {
  azureDps,
  type CertificateProof,
  CredentialError,
  type Credentials,
  type DpsWay,
} from "./credentials.ts";
import { Secret } from "./secret.ts";

export interface DpsParts {
  readonly idScope: string | undefined;
  readonly registrationId: string | undefined;
  /** Azure's global one when missing. */
  readonly endpoint: string | undefined;
}

/** What the reader knows each part as. */
export type PartNames = Readonly<Record<keyof DpsParts | "deviceKey", string>>;

/** @throws CredentialError */
export function dpsWay(parts: DpsParts, names: PartNames): DpsWay {
  const { idScope, registrationId, endpoint = azureDps } = parts;
  if (idScope === undefined || !/^[A-Za-z0-9]{4,64}$/.test(idScope)) {
    throw wrong(
      names.idScope,
      "an id scope such as 0ne00123ABC",
      "DPS's overview, or Central's device dialogue, shows it.",
    );
  }
  if (registrationId === undefined || !isRegistrationId(registrationId)) {
    throw wrong(
      names.registrationId,
      "a registration id: letters, digits and - . _ :",
      "It is the device's id in DPS.",
    );
  }
  if (!isHost(endpoint)) throw wrong(names.endpoint, "a host name", `Leave it out for ${azureDps}.`);
  return { kind: "dps", endpoint, idScope, registrationId };
}

/** @throws CredentialError */
export function dpsWithKey(
  parts: DpsParts & { readonly deviceKey: string | undefined },
  names: PartNames,
): Credentials {
  const way = dpsWay(parts, names);
  const { deviceKey } = parts;
  if (deviceKey === undefined || !isBase64Key(deviceKey)) {
    throw new CredentialError(
      "bad-key",
      `${names.deviceKey} is ${deviceKey === undefined ? "missing" : "not a key in base64"}.`,
      "Copy the device's own primary key; from a group key, derive it on another machine.",
    );
  }
  return { way, proof: { kind: "key", key: new Secret(deviceKey) } };
}

/** @throws CredentialError when the two are not a certificate and its key */
export function certificateProof(certificatePem: string, keyPem: string): CertificateProof {
  let fits: boolean;
  try {
    fits = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    // The cause is left out: OpenSSL's errors are of no help to the reader, and no key may travel in one.
    throw new CredentialError(
      "bad-key",
      "The certificate or its key is not PEM, or the key has a passphrase.",
      "Give a PEM certificate (with those between it and its root) and its PEM key without a passphrase.",
    );
  }
  if (!fits) {
    throw new CredentialError(
      "bad-key",
      "The key does not belong to the certificate.",
      "Check that both files were made for this device.",
    );
  }
  return { kind: "certificate", certificatePem, keyPem: new Secret(keyPem) };
}

const wrong = (name: string, what: string, remedy: string) =>
  new CredentialError("malformed", `${name} must be ${what}.`, remedy);
