/** The keys that a device trusts, and what may lie in their folder instead. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { readTrustedKeys } from "../../../src/firmware/update/trusted-keys.ts";
import { newKeyPair } from "../../../src/update/image/keys.ts";

let folder = "";
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function keysWith(files: Readonly<Record<string, string>>): string {
  folder = mkdtempSync(join(tmpdir(), "trusted-keys-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
const [one, two, three] = [newKeyPair(), newKeyPair(), newKeyPair()];

describe("the trusted keys", () => {
  it("are the files .pub of the folder, two at most; others are not looked at", () => {
    const { keys, problems } = readTrustedKeys(
      keysWith({ "one.pub": one.publicPem, "two.pub": two.publicPem, README: "?" }),
    );
    expect(keys.map(({ id }) => id)).toEqual([one.id, two.id]);
    expect(problems).toEqual([]);
  });

  it("are none where there is no folder", () => {
    expect(readTrustedKeys("/nowhere/keys")).toEqual({ keys: [], problems: [] });
  });

  it("are none where there are three: nobody could tell which were meant", () => {
    const { keys, problems } = readTrustedKeys(
      keysWith({ "1.pub": one.publicPem, "2.pub": two.publicPem, "3.pub": three.publicPem }),
    );
    expect(keys).toEqual([]);
    expect(problems).toEqual([`${folder} holds 3 keys; at most 2 are allowed: remove the others.`]);
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ["a FIFO", (path) => void execFileSync("mkfifo", [path]), /is a FIFO/],
    ["a device without an end", (path) => symlinkSync("/dev/zero", path), /is a device/],
    ["a folder", (path) => void mkdirSync(path), /is a folder/],
    ["nothing", (path) => writeFileSync(path, ""), /is not a public key in PEM form/],
    [
      "a gigabyte",
      (path) => {
        writeFileSync(path, "");
        truncateSync(path, 2 ** 30);
      },
      /is too large/,
    ],
    ["the private key", (path) => writeFileSync(path, two.privatePem), /holds a private key/],
    ["something else", (path) => writeFileSync(path, "\0\xff-----BEGIN"), /is not a public key/],
  ])("lose one that is %s, by name, and keep the other", (_, make, why) => {
    make(join(keysWith({ "one.pub": one.publicPem }), "two.pub"));
    const { keys, problems } = readTrustedKeys(folder);
    expect(keys.map(({ id }) => id)).toEqual([one.id]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(why);
    expect(problems[0]).toContain("two.pub");
    expect(problems[0]).not.toContain("PRIVATE KEY-----");
  });
});
