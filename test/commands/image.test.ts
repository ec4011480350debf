/** From a key pair to a verified image, as its owner does it. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/owner/image.ts";
import { capturePrinted } from "./printed.ts";

let folder: string;
const printed = capturePrinted();
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "image-verb-"));
  mkdirSync(at("program/dist"), { recursive: true });
  writeFileSync(at("program/dist/main.js"), "heat();\n");
  writeFileSync(at("program/package.json"), JSON.stringify({ version: "0.9.1" }));
});
afterEach(() => rmSync(folder, { recursive: true }));

const image = (...words: string[]) => verb.run(readArguments(verb, words));
const build = (...more: string[]) =>
  image(
    "build",
    "--from",
    at("program"),
    "--counter",
    "3",
    "--time",
    "1790000000",
    "--out",
    at("new"),
    ...more,
  );

describe("image", () => {
  it("makes keys, builds, signs and verifies", async () => {
    expect(await image("keys", at("owner"))).toBe(0);
    expect(statSync(at("owner.key")).mode & 0o777).toBe(0o600);
    expect(printed.text).not.toContain("BEGIN");
    expect(await build("--release", "1.2.3")).toBe(0);
    expect(await image("sign", at("new"), "--key", at("owner.key"), "--out", at("signed"))).toBe(0);
    expect(await image("verify", at("signed"), "--key", at("owner.pub"))).toBe(0);
    expect(printed.text).toMatch(/release 1\.2\.3, counter 3/);
    expect(await image("show", at("signed"), "--json")).toBe(0);
    expect(printed.text).toContain('"version": "1.2.3"');
    expect(printed.text).toContain('"builtAt": 1790000000');
  });

  it("is for this machine and this Node.js where the program has native packages, and for all without", async () => {
    const native = async (): Promise<unknown> => {
      printed.text = "";
      await image("show", at("new"), "--json");
      return JSON.parse(printed.text).native;
    };
    await build();
    expect(await native()).toBeNull();
    rmSync(at("new"));
    writeFileSync(at("program/dist/addon.node"), "binary");
    await build();
    expect(await native()).toEqual({
      platform: "linux",
      architecture: process.arch,
      abi: Number(process.versions.modules),
    });
  });

  it("is of the program's own version unless another one is given, and of none without that", async () => {
    await build();
    expect(printed.text).toContain("release 0.9.1, counter 3");
    rmSync(at("new"));
    rmSync(at("program/package.json"));
    await expect(build()).rejects.toMatchObject({
      exitCode: 78,
      remedy: expect.stringContaining("--release"),
    });
  });

  it("trusts either of two keys, as a device does while its owner changes them", async () => {
    await image("keys", at("old"));
    await image("keys", at("new-owner"));
    await build();
    await image("sign", at("new"), "--key", at("new-owner.key"), "--out", at("signed"));
    const refused = image("verify", at("signed"), "--key", at("old.pub"));
    await expect(refused).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining("unknown-key"),
    });
    expect(
      await image("verify", at("signed"), "--key", at("old.pub"), "--second-key", at("new-owner.pub")),
    ).toBe(0);
  });

  it("says what is wrong with an image, and for which reason", async () => {
    await image("keys", at("owner"));
    await build();
    const unsigned = image("verify", at("new"), "--key", at("owner.pub"));
    await expect(unsigned).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining("unsigned"),
    });
    writeFileSync(at("noise"), "MZ".repeat(400));
    await expect(image("show", at("noise"))).rejects.toMatchObject({
      message: expect.stringContaining("not-an-image"),
    });
    await expect(image("show", at("absent"))).rejects.toMatchObject({ exitCode: 78 });
    await expect(image("show", at("program"))).rejects.toMatchObject({ exitCode: 78 });
  });

  it("refuses a FIFO or a device in the place of an image, and a file in that of a folder, without waiting", async () => {
    execFileSync("mkfifo", [at("fifo")]);
    for (const file of [at("fifo"), "/dev/zero"]) {
      await expect(image("show", file)).rejects.toMatchObject({ exitCode: 78 });
      const signing = image("sign", file, "--key", at("owner.key"), "--out", at("signed"));
      await expect(signing).rejects.toMatchObject({ exitCode: 78 });
    }
    const words = ["--from", "/dev/null", "--counter", "1", "--time", "1", "--out", at("new")];
    await expect(image("build", ...words)).rejects.toMatchObject({ exitCode: 78 });
    expect(existsSync(at("new"))).toBe(false);
  });

  it("overwrites nothing: neither a key nor an image", async () => {
    await image("keys", at("owner"));
    const before = readFileSync(at("owner.key"), "utf8");
    await expect(image("keys", at("owner"))).rejects.toMatchObject({ exitCode: 74 });
    expect(readFileSync(at("owner.key"), "utf8")).toBe(before);
    await build();
    await expect(build()).rejects.toMatchObject({ exitCode: 74 });
  });

  it("takes no private key where a public one is wanted, and no other file for a key", async () => {
    await image("keys", at("owner"));
    await build();
    const wrong = image("verify", at("new"), "--key", at("owner.key"));
    await expect(wrong).rejects.toMatchObject({ message: expect.stringContaining("holds a private key") });
    const other = image("sign", at("new"), "--key", at("program/dist/main.js"), "--out", at("signed"));
    await expect(other).rejects.toMatchObject({
      message: expect.stringContaining("is not a private key in PEM form"),
    });
    expect(existsSync(at("signed"))).toBe(false);
  });

  it.each([
    [["frobnicate"], /Unknown: image frobnicate/],
    [[], /No subcommand given/],
    [["sign"], /Missing: the image/],
    [["build", "--from", "/tmp"], /Missing: --out FILE/],
    [["build", "--from", "/tmp", "--out", "/nowhere/x"], /Missing: --counter N/],
    [["build", "--from", "/tmp", "--out", "x", "--counter=-1"], /invalid --counter: -1/],
    [["show", "a", "b"], /takes one argument, not also/],
  ])("refuses %j with exit code 64", async (words, message) => {
    await expect(image(...words)).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringMatching(message),
    });
  });
});
