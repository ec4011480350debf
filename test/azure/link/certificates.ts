/** A throw-away certificate authority, a server's certificate and a device's, made in memory. */
import { webcrypto } from "node:crypto";
import { provideReflectMetadata } from "../../../src/protocol/certificates/reflect-metadata.ts";

provideReflectMetadata();
const x509 = await import("@peculiar/x509");
x509.cryptoProvider.set(webcrypto as never);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 86_400_000;

export interface Pair {
  readonly cert: string;
  readonly key: string;
}
export interface Authority extends Pair {
  /** `from` and `to` in ms around now. */
  issue(name: string, from?: number, to?: number): Promise<Pair>;
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
const pem = async (key: webcrypto.CryptoKey): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, "$&\n").trim()}\n-----END PRIVATE KEY-----\n`;
};

export async function makeAuthority(): Promise<Authority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=throw-away CA",
    notBefore: new Date(Date.now() - 10 * day),
    notAfter: new Date(Date.now() + 10 * day),
    signingAlgorithm: algorithm,
    keys: keys as never,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  let serial = 1;
  return {
    cert: root.toString("pem"),
    key: await pem(keys.privateKey),
    async issue(name, from = -day, to = day) {
      const leaf = await newKeys();
      const made = await x509.X509CertificateGenerator.create({
        serialNumber: (++serial).toString(16).padStart(2, "0"),
        subject: `CN=${name}`,
        issuer: root.subject,
        notBefore: new Date(Date.now() + from),
        notAfter: new Date(Date.now() + to),
        signingAlgorithm: algorithm,
        publicKey: leaf.publicKey as never,
        signingKey: keys.privateKey as never,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
      });
      return { cert: made.toString("pem"), key: await pem(leaf.privateKey) };
    },
  };
}
