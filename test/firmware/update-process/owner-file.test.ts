import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verb } from "../../../src/commands/unit/update.ts";
import { readOwnerFile } from "../../../src/firmware/update-process/owner-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "owner-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (text: unknown, mode = 0o600): void => {
  const path = join(folder, "updates.json");
  writeFileSync(path, typeof text === "string" ? text : JSON.stringify(text));
  chmodSync(path, mode);
};
const problem = async (): Promise<string> =>
  readOwnerFile(folder).then(
    () => "none",
    (error: Error) => error.message,
  );
const hawkbit = { server: "https://updates.example", controllerId: "unit-7", targetToken: "s3cret " };

describe("the owner's file of update sources", () => {
  it("is not there on a unit that looks for no updates", async () => {
    expect(await readOwnerFile(folder)).toBeUndefined();
  });

  it("names a feed; channel and group are those that a feed is published with by default", async () => {
    write({ feed: { url: "https://updates.example/heater/" } });
    expect(await readOwnerFile(folder)).toMatchObject({
      feed: { url: "https://updates.example/heater/", channel: "default", group: "default" },
      hawkbit: undefined,
      deltas: true,
    });
  });

  it("names channel and group with every name that a feed can be published with", async () => {
    for (const name of ["Living_Room-2", "x", "_", "a".repeat(40)]) {
      write({ feed: { url: "https://updates.example/", channel: name, group: name } });
      expect(await readOwnerFile(folder)).toMatchObject({ feed: { channel: name, group: name } });
    }
    write({ feed: { url: "https://updates.example/", group: "living room" } });
    expect(await problem()).toContain("up to 40 letters, digits, _ and -");
  });

  it("is described by the help of update, each member as it is read", async () => {
    const lines = verb.notes?.split("\n").filter((line) => /^ {2}\S+ {2,}\S/.test(line)) ?? [];
    const names = lines.map((line) => line.trim().split(" ")[0] ?? "");
    expect(names).toEqual(
      expect.arrayContaining(["feed.url", "hawkbit.gatewayToken", "caFile", "kilobytesPerSecond", "deltas"]),
    );
    for (const name of names) {
      const [first = "", second] = name.split(".");
      write({ [first]: second === undefined ? "?" : { [second]: 7 } });
      expect([name, await problem()]).toEqual([name, expect.not.stringMatching(/unknown/)]);
    }
    write({ hawkbit: { later: 7 } });
    expect(await problem()).toMatch(/unknown/);
  });

  it("names a hawkBit server, with the token trimmed; and PEM files from the data folder", async () => {
    writeFileSync(join(folder, "ca.pem"), "-----BEGIN CERTIFICATE-----");
    write({ hawkbit, caFile: "ca.pem", kilobytesPerSecond: 100, deltas: false });
    expect(await readOwnerFile(folder)).toMatchObject({
      hawkbit: { authorization: "TargetToken s3cret" },
      caPem: "-----BEGIN CERTIFICATE-----",
      kilobytesPerSecond: 100,
      deltas: false,
    });
  });

  it.each([
    ["no source", {}, 'names neither a "feed" nor a "hawkbit"'],
    ["an address without a scheme", { feed: { url: "updates.example" } }, "updates.json:1:"],
    ["a member that it does not know", { feed: { url: "https://a/" }, interval: 5 }, '"interval"'],
    ["a rate of nothing", { feed: { url: "https://a/" }, kilobytesPerSecond: 0 }, "updates.json:1:"],
    ["half of JSON", '{"feed": {', "updates.json:1:11"],
    ["nothing at all", "", "updates.json:1:1"],
    ["a list", [], "updates.json:1:1"],
    [
      "two ways to authenticate",
      { hawkbit: { ...hawkbit, gatewayToken: "x" } },
      "targetToken and gatewayToken",
    ],
    ["a PEM file that is not there", { hawkbit, caFile: "none.pem" }, "none.pem does not exist"],
  ])("with %s is refused with what to change, and no token is in the message", async (_, text, part) => {
    write(text);
    const said = await problem();
    expect(said).toContain(part);
    expect(said).not.toContain("s3cret");
  });

  it("that others can read is refused: it may hold a token", async () => {
    write({ hawkbit }, 0o644);
    expect(await problem()).toContain("can be read by others (mode 0644)");
  });

  it("that is a folder, a FIFO or endless is refused at once", async () => {
    mkdirSync(join(folder, "updates.json"));
    expect(await problem()).toContain("updates.json");
    rmSync(join(folder, "updates.json"), { recursive: true });
    spawnSync("mkfifo", ["-m", "600", join(folder, "updates.json")]);
    expect(await problem()).toContain("updates.json");
    rmSync(join(folder, "updates.json"));
    write(" ".repeat(100_000));
    expect(await problem()).toContain("updates.json");
  });
});
