/**
 * The owner's signing keys: Ed25519 (RFC 8032) in PEM files, and the ids by which images name them.
 *
 * Guarantee: a private key leaves this module only as a `KeyObject`, and no message contains one.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { messageOf } from "../../base/errors.ts";

/** A key that a device trusts. */
export interface TrustedKey {
  readonly id: string;
  readonly key: KeyObject;
}

export interface SigningKey extends TrustedKey {
  readonly privateKey: KeyObject;
}

/** A key file is invalid: `message` completes "<file> …". */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/** PEM texts: PKCS#8 for the private key, SubjectPublicKeyInfo for the public one (RFC 5958, RFC 5280). */
export function newKeyPair(): {
  readonly privatePem: string;
  readonly publicPem: string;
  readonly id: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    id: keyId(publicKey),
  };
}

/** The first 8 bytes of the SHA-256 of the public key's DER form, in hexadecimal. */
export const keyId = (key: KeyObject): string =>
  createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);

/** @throws KeyError */
export function readPublicKey(pem: string): TrustedKey {
  // createPublicKey would take a private key and derive the public one: such a file does not belong on a device.
  if (pem.includes("PRIVATE KEY")) throw new KeyError("holds a private key: give the public key's file");
  const key = ed25519(() => createPublicKey(pem), "public");
  return { id: keyId(key), key };
}

/** @throws KeyError */
export function readSigningKey(pem: string): SigningKey {
  const privateKey = ed25519(() => createPrivateKey(pem), "private");
  const key = createPublicKey(privateKey);
  return { id: keyId(key), key, privateKey };
}

function ed25519(read: () => KeyObject, kind: "public" | "private"): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw new KeyError(`is not a ${kind} key in PEM form (${messageOf(error)})`, { cause: error });
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw new KeyError(`is of type ${key.asymmetricKeyType}: an Ed25519 key is required`);
}
