/** What happens on the unit: its key, its request, the certificate that it accepts, and the renewal. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCredentials } from "../../../src/azure/credentials/load.ts";
import { systemPrivateFiles } from "../../../src/azure/credentials/private-files.ts";
import { renewalNotice, renewalOf } from "../../../src/azure/credentials/renewal.ts";
import { issuePair, signRequest } from "../../../src/firmware/claim/owner-ca.ts";
import { makeRequest } from "../../../src/firmware/claim/request.ts";
import { describeClaim } from "../../../src/firmware/claim/show.ts";
import { exitCodes } from "../../../src/firmware/process/exit-codes.ts";
import { accept, claimUnit, dayMs, makeCa, nowMs, scene, scope } from "./owner.ts";

const load = (dataPath: string) => loadCredentials({ dataPath, env: {}, files: systemPrivateFiles });
const credentialsText = (unit: string) => readFileSync(join(unit, "credentials.json"), "utf8");
const filesOf = (unit: string, suffix: string) =>
  readdirSync(join(unit, "claim")).filter((name) => name.endsWith(suffix));
const sign = async (ca: Awaited<ReturnType<typeof makeCa>>, requestPem: string, days = 1825) =>
  (await signRequest(ca, requestPem, { from: "r", days, wallMs: nowMs })).chainPem;

describe("a request", () => {
  it("leaves its key on the unit, 0600 in a folder of 0700, and shows nothing of it", async () => {
    const { unit } = scene();
    const made = await makeRequest(unit, "heater-7");
    const [name = ""] = filesOf(unit, ".key");
    const file = join(unit, "claim", name);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(unit, "claim")).mode & 0o777).toBe(0o700);
    const secret = readFileSync(file, "utf8").split("\n")[1] ?? "";
    expect(secret).toHaveLength(64);
    expect(JSON.stringify(made)).not.toContain(secret.slice(0, 32));
    expect(made.keyFingerprint.startsWith(name.slice(0, 16))).toBe(true);
  });

  it("made again before the answer has the same key, so that both can be answered", async () => {
    const { unit, caFolder } = scene();
    const ca = await makeCa(caFolder);
    const first = await makeRequest(unit, "heater-7");
    const second = await makeRequest(unit, "heater-7");
    expect(second).toMatchObject({ reusedKey: true, keyFingerprint: first.keyFingerprint });
    expect(filesOf(unit, ".key")).toHaveLength(1);
    await accept(unit, await sign(ca, first.requestPem));
  });

  it("needs an id and has no default: two units with the same id disconnect each other", async () => {
    const { unit } = scene();
    await expect(makeRequest(unit, undefined)).rejects.toMatchObject({ exitCode: exitCodes.usage });
    await expect(makeRequest(unit, "a b")).rejects.toMatchObject({ exitCode: exitCodes.usage });
    await expect(makeRequest(unit, "h".repeat(65))).rejects.toThrow("at most 64");
    expect(existsSync(join(unit, "claim"))).toBe(false);
  });

  it.runIf(process.getuid?.() === 0)("made by root belongs to the user whose folder it is", async () => {
    const { unit, caFolder } = scene();
    const { chownSync } = await import("node:fs");
    mkdirSync(unit, { mode: 0o700 });
    chownSync(unit, 4711, 4712);
    await claimUnit(await makeCa(caFolder), unit, "heater-7");
    const all = [
      unit,
      ...readdirSync(unit, { recursive: true, encoding: "utf8" }).map((name) => join(unit, name)),
    ];
    expect(all.length).toBeGreaterThan(5);
    for (const path of all)
      expect([path, statSync(path).uid, statSync(path).gid]).toEqual([path, 4711, 4712]);
  });
});

describe("an accepted certificate", () => {
  it("is in force: the credentials are complete, private, and name the key by its place", async () => {
    const { unit, caFolder } = scene();
    expect(await claimUnit(await makeCa(caFolder), unit, "heater-7")).toMatchObject({
      registrationId: "heater-7",
      idScope: scope,
      notices: [],
    });
    expect(statSync(join(unit, "credentials.json")).mode & 0o777).toBe(0o600);
    expect(await load(unit)).toMatchObject({
      target: { kind: "dps", registrationId: "heater-7", idScope: scope },
      proof: { kind: "certificate" },
    });
    const shown = await describeClaim(unit, caFolder, nowMs);
    expect(shown.unit).toMatchObject({ subject: "heater-7", "registration id": "heater-7" });
    expect(shown.unit?.["issuer"]).toBe(shown.authority?.["subject"]);
    const [name = ""] = filesOf(unit, ".key");
    const secret = readFileSync(join(unit, "claim", name), "utf8").split("\n")[1] ?? "-";
    expect(JSON.stringify(shown)).not.toContain(secret);
  });

  it("is renewed by the same commands: the old pair stays in force until the new one is accepted", async () => {
    const { unit, caFolder } = scene();
    const ca = await makeCa(caFolder);
    await claimUnit(ca, unit, "heater-7");
    const first = credentialsText(unit);
    const { requestPem, registrationId } = await makeRequest(unit, undefined);
    expect(registrationId).toBe("heater-7");
    expect(credentialsText(unit)).toBe(first);
    expect(await load(unit)).toMatchObject({ proof: { kind: "certificate" } });
    expect((await describeClaim(unit, caFolder, nowMs)).pending).toBeDefined();
    await accept(unit, await sign(ca, requestPem), { idScope: undefined });
    expect(credentialsText(unit)).not.toBe(first);
    expect(await load(unit)).toMatchObject({ target: { idScope: scope } });
    // The pair before is kept; with the third the first goes.
    expect(filesOf(unit, ".key")).toHaveLength(2);
    await claimUnit(ca, unit);
    expect(filesOf(unit, ".key")).toHaveLength(2);
    expect(filesOf(unit, ".csr")).toHaveLength(2);
  });

  it("is refused, and changes nothing, when anything about it is wrong", async () => {
    const { unit, caFolder, folder } = scene();
    const ca = await makeCa(caFolder);
    await claimUnit(ca, unit, "heater-7");
    const { requestPem } = await makeRequest(unit, undefined);
    const pem = await sign(ca, requestPem);
    const before = credentialsText(unit);
    const stranger = await issuePair(ca, "heater-7", { days: 9, wallMs: nowMs });
    await expect(accept(unit, stranger.cert)).rejects.toThrow("does not match any key");
    await expect(accept(join(folder, "fresh"), pem)).rejects.toMatchObject({
      remedy: expect.stringContaining("claim request"),
    });
    await expect(accept(unit, requestPem)).rejects.toThrow("a request, not a certificate");
    await expect(accept(unit, "text")).rejects.toThrow("no PEM certificate");
    await expect(accept(unit, ca.certPem)).rejects.toThrow("authority's certificate");
    await expect(accept(unit, pem, { wallMs: nowMs + 2000 * dayMs })).rejects.toThrow("expired");
    const other = await makeCa(join(folder, "other"));
    const [leaf = ""] = pem.split("-----END CERTIFICATE-----");
    const mixed = `${leaf}-----END CERTIFICATE-----\n${other.certPem}`;
    await expect(accept(unit, mixed)).rejects.toThrow("did not sign each other");
    expect(credentialsText(unit)).toBe(before);
  });

  it("replaces another device's credentials only with --replace", async () => {
    const { unit, caFolder } = scene();
    const ca = await makeCa(caFolder);
    await claimUnit(ca, unit, "heater-7");
    const { requestPem } = await makeRequest(unit, "heater-8");
    const pem = await sign(ca, requestPem);
    await expect(accept(unit, pem)).rejects.toMatchObject({
      exitCode: exitCodes.configuration,
      remedy: expect.stringContaining("--replace"),
    });
    await accept(unit, pem, { replace: true });
    expect(await load(unit)).toMatchObject({ target: { registrationId: "heater-8" } });
  });

  it("needs an id scope the first time, and says where to find it", async () => {
    const { unit, caFolder } = scene();
    const { requestPem } = await makeRequest(unit, "heater-7");
    const pem = await sign(await makeCa(caFolder), requestPem);
    await expect(accept(unit, pem, { idScope: undefined })).rejects.toMatchObject({
      exitCode: exitCodes.usage,
      remedy: expect.stringContaining("--id-scope"),
    });
    await expect(accept(unit, pem, { idScope: "not a scope" })).rejects.toMatchObject({
      exitCode: exitCodes.configuration,
    });
    expect(existsSync(join(unit, "credentials.json"))).toBe(false);
  });

  it("is accepted on a unit whose clock is behind, with a notice about the clock", async () => {
    const { unit, caFolder } = scene();
    const { requestPem } = await makeRequest(unit, "heater-7");
    const pem = await sign(await makeCa(caFolder), requestPem);
    const { notices } = await accept(unit, pem, { wallMs: 0 });
    expect(notices).toEqual([expect.stringContaining("clock")]);
  });

  it("is not put beside credentials that others may read", async () => {
    const { unit, caFolder } = scene();
    const ca = await makeCa(caFolder);
    await claimUnit(ca, unit, "heater-7");
    chmodSync(join(unit, "credentials.json"), 0o644);
    await expect(makeRequest(unit, undefined)).rejects.toMatchObject({
      remedy: expect.stringContaining("chmod 600"),
    });
  });

  it("replaces a file that is no JSON without a word less than --replace would ask for nothing", async () => {
    const { unit, caFolder } = scene();
    mkdirSync(unit);
    writeFileSync(join(unit, "credentials.json"), "{", { mode: 0o600 });
    await claimUnit(await makeCa(caFolder), unit, "heater-7");
    expect(await load(unit)).toBeDefined();
  });
});

describe("the renewal", () => {
  it("is due in the last 30 days, or in the last third of a short life, and never before", async () => {
    const ca = await makeCa(scene().caFolder);
    const noticed = async (days: number, daysBefore: number) => {
      const { cert } = await issuePair(ca, "heater-7", { days, wallMs: nowMs });
      return renewalNotice(cert, renewalOf(cert).validTo.getTime() - daysBefore * dayMs);
    };
    expect(await noticed(1825, 31)).toBeUndefined();
    expect(await noticed(1825, 29.5)).toContain("in 29 days");
    expect(await noticed(29, 11)).toBeUndefined();
    expect(await noticed(29, 9.5)).toContain("in 9 days");
    // Over is not due: that is a fault of its own.
    expect(await noticed(1825, 0)).toBeUndefined();
  });
});
