import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  caFiles,
  makeOwnerCa,
  openOwnerCa,
  signRequest,
  verificationCertificate,
} from "../../../src/firmware/claim/owner-ca.ts";
import { makeRequest } from "../../../src/firmware/claim/request.ts";
import { exitCodes } from "../../../src/firmware/process/exit-codes.ts";
import { dayMs, makeCa, nowMs, openssl, scene } from "./owner.ts";

const days = 1825;

describe("an owner's authority", () => {
  it("is EC P-256 with a private key of 0600, and OpenSSL takes it for a root that signs leaves alone", async () => {
    const { caFolder } = scene();
    await makeCa(caFolder);
    const { cert, key } = caFiles(caFolder);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(statSync(caFolder).mode & 0o777).toBe(0o700);
    expect(openssl("verify", "-check_ss_sig", "-x509_strict", "-CAfile", cert, cert).status).toBe(0);
    const { text } = openssl("x509", "-in", cert, "-noout", "-text");
    for (const said of ["prime256v1", "CA:TRUE, pathlen:0", "Certificate Sign", "Subject Key Identifier"]) {
      expect(text).toContain(said);
    }
    const pub = openssl("x509", "-in", cert, "-noout", "-pubkey").text;
    expect(openssl("pkey", "-in", key, "-pubout").text).toBe(pub);
  });

  it("is never written over", async () => {
    const { caFolder } = scene();
    await makeCa(caFolder);
    const before = Object.values(caFiles(caFolder)).map((file) => readFileSync(file, "utf8"));
    await expect(makeCa(caFolder)).rejects.toMatchObject({ exitCode: exitCodes.storage });
    expect(Object.values(caFiles(caFolder)).map((file) => readFileSync(file, "utf8"))).toEqual(before);
  });

  it("whose making was cut off after its key is finished with that key", async () => {
    const { caFolder } = scene();
    await makeCa(caFolder);
    const { cert, key } = caFiles(caFolder);
    rmSync(cert);
    const kept = readFileSync(key, "utf8");
    await makeCa(caFolder);
    expect(readFileSync(key, "utf8")).toBe(kept);
    expect(openssl("x509", "-in", cert, "-noout", "-pubkey").text).toBe(
      openssl("pkey", "-in", key, "-pubout").text,
    );
  });

  it("is rejected when others may read its key, when it is missing, invalid or expired", async () => {
    const { caFolder, folder } = scene();
    await expect(openOwnerCa(join(folder, "none"), nowMs)).rejects.toMatchObject({
      exitCode: exitCodes.configuration,
      remedy: expect.stringContaining("claim ca"),
    });
    await makeCa(caFolder);
    await expect(openOwnerCa(caFolder, nowMs + 26 * 365 * dayMs)).rejects.toThrow("expired");
    const { key } = caFiles(caFolder);
    chmodSync(key, 0o644);
    await expect(openOwnerCa(caFolder, nowMs)).rejects.toMatchObject({
      remedy: expect.stringContaining("chmod 600"),
    });
    chmodSync(key, 0o600);
    writeFileSync(key, "no key\n");
    await expect(openOwnerCa(caFolder, nowMs)).rejects.toMatchObject({ exitCode: exitCodes.configuration });
  });
});

describe("the signing of a request", () => {
  it("gives a chain that OpenSSL verifies for a TLS client, with the id as its common name", async () => {
    const { caFolder, unit, folder } = scene();
    const ca = await makeCa(caFolder);
    const { requestPem, keyFingerprint } = await makeRequest(unit, "heater-7");
    const request = join(folder, "heater-7.csr");
    writeFileSync(request, requestPem);
    expect(openssl("req", "-in", request, "-verify", "-noout")).toMatchObject({
      status: 0,
      text: expect.stringContaining("verify OK"),
    });
    const signed = await signRequest(ca, requestPem, { from: request, days, wallMs: nowMs });
    expect(signed).toMatchObject({ registrationId: "heater-7", keyFingerprint });
    const chain = join(folder, "heater-7.pem");
    writeFileSync(chain, signed.chainPem);
    const root = caFiles(caFolder).cert;
    const verify = ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", root, chain];
    expect(openssl(...verify)).toEqual({ status: 0, text: `${chain}: OK\n` });
    expect(openssl("verify", "-purpose", "sslserver", "-CAfile", root, chain).status).not.toBe(0);
    expect(openssl("x509", "-in", chain, "-noout", "-subject").text.trim()).toBe("subject=CN = heater-7");
    expect(signed.chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it("ends with the authority's own life, at the latest", async () => {
    const { caFolder, unit } = scene();
    const ca = await makeOwnerCa(caFolder, { years: 1, wallMs: nowMs });
    const { requestPem } = await makeRequest(unit, "heater-7");
    const { validTo } = await signRequest(ca, requestPem, { from: "r", days: 3650, wallMs: nowMs });
    expect(validTo.getTime()).toBe(ca.issuer.cert.notAfter.getTime());
  });

  it("takes a request that OpenSSL made, and nothing of it but name and key", async () => {
    const { caFolder, folder } = scene();
    const ca = await makeCa(caFolder);
    const csr = join(folder, "other.csr");
    const key = [
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      join(folder, "k"),
    ];
    const wish = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "subjectAltName=DNS:evil"];
    openssl("req", "-new", ...key, "-subj", "/O=Somebody/CN=heater-8", ...wish, "-out", csr);
    const { chainPem } = await signRequest(ca, readFileSync(csr, "utf8"), { from: csr, days, wallMs: nowMs });
    const chain = join(folder, "8.pem");
    writeFileSync(chain, chainPem);
    const { text } = openssl("x509", "-in", chain, "-noout", "-text");
    expect(text).toContain("CA:FALSE");
    expect(text).toContain("Subject: CN = heater-8");
    expect(text).not.toContain("evil");
  });

  it("rejects anything but a request, a damaged one, another id, an invalid id and a weak key", async () => {
    const { caFolder, unit, folder } = scene();
    const ca = await makeCa(caFolder);
    const sign = (pem: string, device?: string) =>
      signRequest(ca, pem, { from: "r.csr", device, days, wallMs: nowMs });
    const { requestPem } = await makeRequest(unit, "heater-7");
    const usage = { exitCode: exitCodes.usage };
    await expect(sign("nothing")).rejects.toMatchObject(usage);
    await expect(sign(readFileSync(caFiles(caFolder).cert, "utf8"))).rejects.toMatchObject(usage);
    const der = Buffer.from(requestPem.replaceAll(/-----.*-----|\s/g, ""), "base64");
    const at = der.indexOf("heater-7");
    der.write("heater-9", at);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;
    await expect(sign(forged)).rejects.toThrow("damaged");
    await expect(sign(requestPem, "heater-8")).rejects.toThrow("heater-7, not for heater-8");
    const rsa = (bits: number, name: string) => {
      const out = join(folder, "rsa.csr");
      const key = ["-newkey", `rsa:${bits}`, "-nodes", "-keyout", join(folder, "k")];
      openssl("req", "-new", ...key, "-subj", `/CN=${name}`, "-out", out);
      return readFileSync(out, "utf8");
    };
    await expect(sign(rsa(1024, "heater-7"))).rejects.toThrow("too weak");
    await expect(sign(rsa(2048, "heater 7"))).rejects.toThrow("not a registration id");
    expect(await sign(rsa(2048, "heater-7"))).toMatchObject({ registrationId: "heater-7" });
  });
});

it("proves possession by a certificate whose common name is Azure's code", async () => {
  const { caFolder, folder } = scene();
  const ca = await makeCa(caFolder);
  const file = join(folder, "v.pem");
  writeFileSync(file, await verificationCertificate(ca, "A1B2C3D4E5F6", nowMs));
  expect(openssl("verify", "-CAfile", caFiles(caFolder).cert, file).status).toBe(0);
  expect(openssl("x509", "-in", file, "-noout", "-subject").text.trim()).toBe("subject=CN = A1B2C3D4E5F6");
});
