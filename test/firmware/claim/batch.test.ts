/** Many units at once. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCredentials } from "../../../src/azure/credentials/load.ts";
import { systemPrivateFiles } from "../../../src/azure/credentials/private-files.ts";
import { type BatchOptions, type BatchProof, prepareUnits } from "../../../src/firmware/claim/batch.ts";
import { caFiles } from "../../../src/firmware/claim/owner-ca.ts";
import { readUnitList } from "../../../src/firmware/claim/unit-list.ts";
import { deriveDeviceKey } from "../../../src/protocol/device-key.ts";
import { makeCa, nowMs, openssl, scene, scope } from "./owner.ts";

const groupKey = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
const dataPath = "var/lib/grove-heater";
const units = readUnitList("heater-1\nheater-2\nheater-3\n", { certificate: true }).units;
const batch = (out: string, proof: BatchProof, more: Partial<BatchOptions> = {}) =>
  prepareUnits({ units, out, dataPath, idScope: scope, endpoint: undefined, proof, ...more });
const loaded = (out: string, id: string) =>
  loadCredentials({ dataPath: join(out, id, dataPath), env: {}, files: systemPrivateFiles });
const snapshot = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );

describe("units with certificates", () => {
  it("each get a key and a chain of their own, which OpenSSL verifies and the firmware takes", async () => {
    const { caFolder, folder } = scene();
    const out = join(folder, "out");
    const proof = { type: "x509", ca: await makeCa(caFolder), days: 1825, wallMs: nowMs } as const;
    expect(await batch(out, proof)).toEqual({
      made: ["heater-1", "heater-2", "heater-3"],
      kept: [],
      others: [],
    });
    for (const { id } of units) {
      expect(await loaded(out, id)).toMatchObject({
        target: { registrationId: id },
        proof: { kind: "certificate" },
      });
      const claim = join(out, id, dataPath, "claim");
      const [chain = ""] = readdirSync(claim).filter((name) => name.endsWith(".pem"));
      const verify = ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", caFiles(caFolder).cert];
      expect(openssl(...verify, join(claim, chain)).status).toBe(0);
    }
    const files = Object.keys(snapshot(out));
    expect(files).toHaveLength(9);
    for (const name of files) expect(statSync(join(out, name)).mode & 0o777).toBe(0o600);
    expect(statSync(out).mode & 0o777).toBe(0o700);
  });

  it("go on where an earlier run was cut off, and leave what is whole as it is", async () => {
    const { caFolder, folder } = scene();
    const out = join(folder, "out");
    const proof = { type: "x509", ca: await makeCa(caFolder), days: 1825, wallMs: nowMs } as const;
    await batch(out, proof);
    const before = snapshot(out);
    // A cut between the key and the credentials of the second.
    rmSync(join(out, "heater-2", dataPath, "credentials.json"));
    expect(await batch(out, proof)).toEqual({
      made: ["heater-2"],
      kept: ["heater-1", "heater-3"],
      others: [],
    });
    const after = snapshot(out);
    expect(Object.keys(after)).toHaveLength(9);
    for (const [name, text] of Object.entries(before)) {
      if (!name.startsWith("heater-2")) expect(after[name]).toBe(text);
    }
    expect(await loaded(out, "heater-2")).toBeDefined();
  });
});

describe("units with keys", () => {
  it("each get the key that is derived from the group's, and nothing of the group's", async () => {
    const { folder } = scene();
    const out = join(folder, "out");
    await batch(out, { type: "symmetric-key", groupKey });
    for (const [name, text] of Object.entries(snapshot(out))) {
      const [id = ""] = name.split("/");
      expect(JSON.parse(text)).toMatchObject({
        registrationId: id,
        deviceKey: deriveDeviceKey(groupKey, id),
      });
      expect(text).not.toContain(groupKey.slice(0, 20));
    }
    expect(await batch(out, { type: "symmetric-key", groupKey })).toMatchObject({ made: [], others: [] });
  });

  it("are not changed to another group, scope or kind by a second run: each is reported and kept", async () => {
    const { folder, caFolder } = scene();
    const out = join(folder, "out");
    const keys = { type: "symmetric-key", groupKey } as const;
    await batch(out, keys);
    const before = snapshot(out);
    const otherKey = Buffer.alloc(32, 7).toString("base64");
    const why = async (proof: BatchProof, more: Partial<BatchOptions> = {}) => {
      const { made, others } = await batch(out, proof, more);
      expect(made).toEqual([]);
      expect(others).toHaveLength(3);
      return others[0]?.why;
    };
    expect(await why({ ...keys, groupKey: otherKey })).toContain("another group");
    expect(await why(keys, { idScope: "0ne00999ZZZ" })).toContain(scope);
    const ca = await makeCa(caFolder);
    expect(await why({ type: "x509", ca, days: 9, wallMs: nowMs })).toContain("instead of a certificate");
    writeFileSync(join(out, "heater-1", dataPath, "credentials.json"), "{");
    expect((await batch(out, keys)).others).toMatchObject([{ id: "heater-1" }]);
    expect({ ...snapshot(out), ...before }).toEqual(before);
  });
});

describe("a list of units", () => {
  const ids = (text: string) => readUnitList(text, { certificate: true }).units.map(({ id }) => id);
  const problems = (text: string, certificate = true) => readUnitList(text, { certificate }).problems;

  it.each([
    ["one in each line", "a-1\na-2\n", ["a-1", "a-2"]],
    [
      "of a spreadsheet",
      '\uFEFFRoom;Registration ID\r\n"Kitchen; north";a-1\r\nBath;a-2\r\n',
      ["a-1", "a-2"],
    ],
    ["with quotes and commas", 'id,room\n"a-1","he said ""warm"", once"\na-2,\n', ["a-1", "a-2"]],
    ["with remarks and empty lines", "# first floor\n\na-1\n   \na-2", ["a-1", "a-2"]],
    ["with tabs", "a-1\tx\na-2\ty", ["a-1", "a-2"]],
  ])("%s is read", (_what, text, wanted) => {
    expect(problems(text)).toEqual([]);
    expect(ids(text)).toEqual(wanted);
  });

  it("names each bad id and each duplicate by its line, all at once", () => {
    const text = `id\nok-1\nnot ok\nOK-1\n,x\n"open\n${"h".repeat(65)}\na:1\na_1\n`;
    expect(problems(text)).toEqual([
      expect.stringMatching(/^line 3: "not ok" is not a registration id/),
      "line 4: OK-1 is the same as in line 2",
      'line 5: "" is empty',
      expect.stringMatching(/^line 6: it has an unclosed quote/),
      expect.stringMatching(/^line 7: .* has 65 characters/),
      "line 9: a_1 is the same as in line 8",
    ]);
    // A key has no common name.
    expect(problems("h".repeat(65), false)).toEqual([]);
  });

  it("without a unit is refused, and so is a huge one", () => {
    expect(problems("# none\n")).toEqual(["it lists no unit"]);
    const many = Array.from({ length: 10_001 }, (_, at) => `u-${at}`).join("\n");
    expect(problems(many)).toEqual([expect.stringContaining("10001 units")]);
  });
});
