/** From a key pair to a feed, as its owner does it. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockOpenFile } from "../../src/base/files/file-lock.ts";
import { readArguments } from "../../src/commands/line/verb.ts";
import { verb } from "../../src/commands/owner/feed.ts";
import { verb as imageVerb } from "../../src/commands/owner/image.ts";
import { documentOf, webServer } from "../update/download/web-server.ts";
import { capturePrinted } from "./printed.ts";

let folder: string;
const printed = capturePrinted();
const at = (name: string): string => join(folder, name);
const feed = (...words: string[]) => verb.run(readArguments(verb, words));
const image = (...words: string[]) => imageVerb.run(readArguments(imageVerb, words));

async function makeImage(counter: string): Promise<void> {
  const words = ["--from", at("program"), "--time", "1790000000", "--release", `1.0.${counter}`];
  await image("build", ...words, "--counter", counter, "--out", at(`${counter}.raw`));
  await image("sign", at(`${counter}.raw`), "--key", at("owner.key"), "--out", at(`${counter}.image`));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "feed-verb-"));
  mkdirSync(at("program/dist"), { recursive: true });
  writeFileSync(at("program/dist/main.js"), "heat();\n".repeat(100));
  await image("keys", at("owner"));
  await makeImage("1");
  await makeImage("2");
});
afterEach(() => rmSync(folder, { recursive: true }));

const publish = (...more: string[]) =>
  feed("publish", "--folder", at("www"), "--key", at("owner.key"), "--group", "home", ...more);
const show = (...more: string[]) => feed("show", at("www"), "--key", at("owner.pub"), ...more);

describe("feed", () => {
  it("publishes an image, then a part of the units gets the next one, then all", async () => {
    expect(await publish("--image", at("1.image"))).toBe(0);
    expect(printed.text).toMatch(/default, version 1, .*\nhome +1\.0\.1, counter 1, 100 % of the units/);
    expect(await publish("--image", at("2.image"), "--percent", "10", "--expires", "30")).toBe(0);
    expect(await publish("--percent", "100", "--stop-at", "15", "--json")).toBe(0);
    printed.text = "";
    expect(await show("--json")).toBe(0);
    expect(JSON.parse(printed.text)).toMatchObject({
      version: 3,
      groups: { home: { percent: 100, stopAt: 15, image: { version: "1.0.2" } } },
      findings: [],
    });
    expect(printed.text).not.toContain("PRIVATE");
    printed.text = "";
    await show();
    const today = new Date().toISOString().slice(0, 10);
    expect(printed.text).toMatch(/^channel {7}default, version 3, signed \d{4}-/m);
    expect(printed.text).toContain(`signed ${today} with key`);
  });

  it("shows a channel on a web server, which the manifest must grant", async () => {
    await publish("--image", at("1.image"));
    const server = await webServer(documentOf(readFileSync(at("www/channel"))));
    expect(await feed("show", `${server.url}/heaters`, "--key", at("owner.pub"))).toBe(0);
    expect(server.requests.map(({ url }) => url)).toEqual(["/heaters/channel"]);
    server.answer = (_, response) => void response.writeHead(404).end();
    await expect(feed("show", server.url, "--key", at("owner.pub"))).rejects.toMatchObject({ exitCode: 69 });
    await expect(feed("show", "https://elsewhere.example/", "--key", at("owner.pub"))).rejects.toMatchObject({
      exitCode: 77,
      message: expect.stringContaining("elsewhere.example"),
    });
    await server.close();
  });

  it("finds a file that is missing or changed, with exit code 1", async () => {
    await publish("--image", at("1.image"));
    const name = readdirSync(at("www")).find((each) => each.endsWith(".image")) ?? "";
    writeFileSync(join(at("www"), name), "x");
    expect(await show()).toBe(1);
    expect(printed.text).toContain(`wrong: ${name} differs from the file that the channel names`);
    rmSync(join(at("www"), name));
    expect(await show()).toBe(1);
    expect(printed.text).toContain(`wrong: ${name} is missing`);
  });

  it("passes from one key to the next", async () => {
    await publish("--image", at("1.image"));
    await image("keys", at("next"));
    const words = ["publish", "--folder", at("www"), "--key", at("next.key")];
    await expect(feed(...words)).rejects.toMatchObject({
      exitCode: 78,
      remedy: expect.stringContaining("--old-key"),
    });
    expect(await feed(...words, "--old-key", at("owner.pub"))).toBe(0);
    expect(await feed("show", at("www"), "--key", at("next.pub"))).toBe(0);
    await expect(show()).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining("unknown-key"),
    });
  });

  it("waits for no other publish, but says that there is one", async () => {
    await publish("--image", at("1.image"));
    const other = openSync(at("www"), "r");
    expect(lockOpenFile(other)).toBe("locked");
    await expect(publish("--percent", "1")).rejects.toMatchObject({ exitCode: 75 });
    closeSync(other);
    expect(await publish("--percent", "1")).toBe(0);
  });

  it("refuses a FIFO, a device, a folder, an empty or a hostile file in each place, at once", async () => {
    execFileSync("mkfifo", [at("fifo")]);
    writeFileSync(at("empty"), "");
    writeFileSync(at("hostile"), "grove-heater-image 1 999999999 - -\n");
    for (const file of [at("fifo"), "/dev/zero", at("program"), at("empty"), at("hostile"), at("absent")]) {
      await expect(publish("--image", file), file).rejects.toMatchObject({ exitCode: 78 });
      await expect(publish("--image", at("1.image"), "--from", file), file).rejects.toMatchObject({
        exitCode: 78,
      });
      const keyed = feed("publish", "--folder", at("www"), "--key", file);
      await expect(keyed, file).rejects.toMatchObject({ exitCode: 78 });
      await expect(feed("show", at("www"), "--key", file), file).rejects.toMatchObject({ exitCode: 78 });
      await expect(feed("show", file, "--key", at("owner.pub")), file).rejects.toMatchObject({
        exitCode: 78,
      });
    }
    const inPlace = [
      "publish",
      "--key",
      at("owner.key"),
      "--group",
      "home",
      "--image",
      at("1.image"),
      "--folder",
    ];
    await expect(feed(...inPlace, at("empty"))).rejects.toMatchObject({ exitCode: 78 });
    rmSync(at("www"), { recursive: true, force: true });
    mkdirSync(at("www"));
    execFileSync("mkfifo", [at("www/channel")]);
    await expect(feed(...inPlace, at("www"))).rejects.toMatchObject({ exitCode: 78 });
  });

  it.each([
    [[], /No subcommand given/],
    [["frobnicate"], /Unknown: feed frobnicate/],
    [["publish"], /Missing: --folder FOLDER/],
    [["publish", "more"], /takes no argument/],
    [["publish", "--folder", "x"], /Missing: --key FILE/],
    [["publish", "--folder", "x", "--key", "k", "--image", "i"], /Missing: --group NAME/],
    [["publish", "--folder", "x", "--key", "k", "--percent", "5"], /Missing: --group NAME/],
    [["publish", "--folder", "x", "--key", "k", "--group", "g", "--from", "o"], /Missing: --image FILE/],
    [["publish", "--folder", "x", "--key", "k", "--group", "../g"], /invalid --group: \.\.\/g/],
    [["publish", "--folder", "x", "--key", "k", "--group", "g", "--percent", "101"], /--percent 101/],
    [["publish", "--folder", "x", "--key", "k", "--group", "g", "--stop-at", "0"], /--stop-at 0/],
    [["publish", "--folder", "x", "--key", "k", "--stop-at", "5"], /Missing: --group NAME/],
    [["show"], /Missing: the feed's folder/],
    [["show", "x"], /Missing: --key FILE/],
    [["show", "x", "y"], /takes one argument, not also/],
  ])("refuses %j with exit code 64", async (words, message) => {
    await expect(feed(...words)).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringMatching(message),
    });
  });
});
