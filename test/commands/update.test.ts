/** `update status | apply | revert`, as they are built, on a unit where nothing runs. */
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../../src/firmware/process/exit-codes.ts";
import { systemClock } from "../../src/firmware/process/system-clock.ts";
import { systemSlotFiles } from "../../src/update/slots/slot-files.ts";
import { finished } from "../../src/update/updater/record.ts";
import { RecordFile } from "../../src/update/updater/record-file.ts";
import { StagedProgram } from "../firmware/update/staged-program.ts";

let program: StagedProgram;
let data: string;
beforeAll(() => {
  program = new StagedProgram();
});
afterAll(() => program.remove());
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "grove-heater-update-"));
});
afterEach(() => rmSync(data, { recursive: true }));

const run = (...args: string[]) => program.run(data, ...args);
const status = () => JSON.parse(run("update", "status", "--json").stdout);

describe("update", () => {
  it("status of a unit that never had one: the firmware of the installation, and exit code 0", () => {
    const { code, stdout } = run("update", "status");
    expect(code).toBe(0);
    expect(stdout).toMatch(/confirmed +the firmware of the installation/);
    expect(stdout).toMatch(/slot a +empty/);
  });

  it("check without a source says which file to write; one that others can read, and one without a key, too", async () => {
    expect(run("update", "check")).toMatchObject({
      code: 78,
      stderr: expect.stringContaining("updates.json"),
    });
    const url = await program.publish(await program.image(6));
    const file = join(data, "updates.json");
    writeFileSync(file, JSON.stringify({ feed: { url, group: "home" } }), { mode: 0o644 });
    expect(run("update", "check")).toMatchObject({ code: 78, stderr: expect.stringContaining("mode 0644") });
  });

  it("check shows what the sources answer, and asks a running firmware to ask them", async () => {
    const url = await program.publish(await program.image(6));
    const file = join(data, "updates.json");
    writeFileSync(file, JSON.stringify({ feed: { url, group: "home" } }), { mode: 0o600 });
    const { code, stdout } = run("update", "check");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^feed +release 0\.6\.0 is assigned, 1 MiB/)]);
    expect(stdout).toContain("not sealed");
    expect(status()).toMatchObject({ waiting: "check" });
    writeFileSync(file, JSON.stringify({ feed: { url: "file:///nowhere/", group: "home" } }), {
      mode: 0o600,
    });
    expect(run("update", "check")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("failed: the channel was not fetched"),
    });
    writeFileSync(file, JSON.stringify({ feed: { url, group: "hme" } }), { mode: 0o600 });
    expect(run("update", "check")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('failed: the channel "default" has no group "hme": it has home'),
    });
  });

  it("apply installs a signed image into a slot and asks for its trial; status shows it, verified", async () => {
    const { code, stdout, stderr } = run("update", "apply", await program.image(6));
    expect(`${stderr}${code}`).toBe("0");
    expect(stdout).toContain("release 0.6.0, counter 6, is installed in slot a");
    expect(status()).toMatchObject({
      active: null,
      trial: null,
      slots: { a: { version: "0.6.0", problem: null }, b: null },
      waiting: "start",
    });
  });

  it("status tells of an update that a source assigned and that never came into a slot", async () => {
    const record = new RecordFile(systemSlotFiles(systemClock), join(data, "updates"));
    const assignment = { source: "feed", id: "5", version: "0.7.0" } as const;
    const report = { kind: "refused", code: "downgrade", reason: "its counter is 1" } as const;
    await record.change((before) => finished(before, assignment, report, ""));
    expect(run("update", "status").stdout).toMatch(
      /^from feed +release 0\.7\.0 refused \(downgrade\): its counter is 1$/m,
    );
    expect(status().lastAssigned).toEqual({
      source: "feed",
      version: "0.7.0",
      result: "refused",
      code: "downgrade",
      reason: "its counter is 1",
    });
  });

  it("status says that a slot is damaged, and which file", async () => {
    run("update", "apply", await program.image(6));
    writeFileSync(join(data, "slots", "a", "dist", "loop.js"), "burn()");
    expect(status().slots.a.problem).toContain("dist/loop.js");
  });

  it("status says that the record is damaged where neither it nor its copy can be read", () => {
    mkdirSync(join(data, "slots"));
    symlinkSync("/dev/zero", join(data, "slots", "slots.json"));
    const { code, stdout } = run("update", "status");
    expect([code, stdout]).toEqual([1, expect.stringContaining("is damaged")]);
  });

  it("apply warns of an image after which the unit could not reach its source", async () => {
    const url = "https://updates.example/feed/";
    writeFileSync(join(data, "updates.json"), JSON.stringify({ feed: { url } }), { mode: 0o600 });
    const { code, stderr } = run("update", "apply", await program.image(6));
    expect(code).toBe(0);
    expect(stderr).toMatch(/^! .*does not grant updates\.example/);
  });

  it("apply --now is said in the request", async () => {
    run("update", "apply", "--now", await program.image(6));
    expect(readFileSync(join(data, "slots", "request.json"), "utf8")).toContain('"now":true');
  });

  it("revert without an update: exit code 1, and nothing is asked for", () => {
    expect(run("update", "revert")).toMatchObject({ code: exitCodes.findings });
    expect(status().waiting).toBeNull();
  });

  it.each([
    ["unknown-key", { stranger: true }],
    ["other-product", { manifest: { product: "kettle" } }],
    ["wrong-node", { manifest: { node: { min: "98.0.0", below: "99.0.0" } } }],
    ["wrong-protocol", { manifest: { protocol: 7 } }],
    ["wrong-state", { manifest: { state: { reads: 2, writes: 2 } } }],
  ])("apply refuses an image with %s and code 78, and the slot is empty", async (code, changes) => {
    const refused = run("update", "apply", await program.image(6, changes));
    expect(refused.code).toBe(exitCodes.configuration);
    expect(refused.stderr).toContain(`Refused (${code})`);
    expect(status()).toMatchObject({ slots: { a: null, b: null }, waiting: null });
  });

  it("apply refuses an image whose last byte was changed, which it finds out at the end", async () => {
    const file = await program.image(6);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(`${file}.bad`, bytes);
    expect(run("update", "apply", `${file}.bad`).stderr).toContain("Refused (wrong-content)");
    expect(status().slots.a).toBeNull();
  });

  it("apply refuses on a sealed unit, with code 77, whoever signed it", async () => {
    run("seal");
    const { code, stderr } = run("update", "apply", await program.image(6));
    expect(code).toBe(exitCodes.permission);
    expect(stderr).toContain("sealed");
    expect(status().slots.a).toBeNull();
  });

  it.each<[string, (path: string) => void, number]>([
    ["a FIFO", (path) => void execFileSync("mkfifo", [path]), exitCodes.configuration],
    ["a device without an end", (path) => symlinkSync("/dev/zero", path), exitCodes.configuration],
    ["a folder", (path) => void mkdirSync(path), exitCodes.configuration],
    ["empty", (path) => writeFileSync(path, ""), exitCodes.configuration],
    ["not there", () => {}, exitCodes.configuration],
    [
      "text without an end of line",
      (path) => writeFileSync(path, "x".repeat(100_000)),
      exitCodes.configuration,
    ],
    [
      "zeros without an end",
      (path) => {
        writeFileSync(path, "");
        truncateSync(path, 2 ** 40);
      },
      exitCodes.configuration,
    ],
  ])("apply refuses what is %s, at once", (_, make, code) => {
    const path = join(data, "image");
    make(path);
    const refused = run("update", "apply", path);
    expect(refused.stderr).not.toContain("bug");
    expect(refused.stderr).toMatch(/Name an image file|Check the file's name|Refused \(/);
    expect(refused.code).toBe(code);
    expect(status().slots.a).toBeNull();
  });

  it("check says what the feed holds back, and why", async () => {
    const url = await program.publish(await program.image(6));
    const hold = join(fileURLToPath(url), "hold");
    const image = (status: string): string => /"digest": "([0-9a-f]{64})"/.exec(status)?.[1] ?? "";
    const channel = readFileSync(join(fileURLToPath(url), "channel"), "utf8");
    const held = { group: "home", image: image(channel), reason: "2 of 3 units reverted it" };
    writeFileSync(hold, JSON.stringify({ holds: [held] }));
    writeFileSync(join(data, "updates.json"), JSON.stringify({ feed: { url, group: "home" } }), {
      mode: 0o600,
    });
    try {
      expect(run("update", "check").stdout).toContain("release 0.6.0, not yet: 2 of 3 units reverted it");
    } finally {
      rmSync(hold);
    }
  });

  it.each([[["apply"]], [["apply", "a", "b"]], [["status", "x"]], [["revert", "x"]], [[]], [["install"]]])(
    "update %j is a usage error",
    (words) => {
      expect(run("update", ...words).code).toBe(exitCodes.usage);
    },
  );

  it("says that it trusts no key, and where one goes", async () => {
    const image = await program.image(6);
    const bare = new StagedProgram();
    try {
      rmSync(join(bare.root, "keys"), { recursive: true });
      const { code, stderr } = bare.run(data, "update", "apply", image);
      expect(code).toBe(exitCodes.configuration);
      expect(stderr).toContain(join(bare.root, "keys"));
    } finally {
      bare.remove();
    }
  });

  it("survives damaged records, requests and slots that are something else", async () => {
    mkdirSync(join(data, "slots"));
    writeFileSync(join(data, "slots", "slots.json"), "\0\0{");
    mkdirSync(join(data, "slots", "request.json"));
    writeFileSync(join(data, "slots", "a"), "a file");
    expect(status()).toMatchObject({ active: null, waiting: null });
    const { code, stderr } = run("update", "apply", await program.image(6));
    expect(`${stderr}${code}`).toBe("0");
    expect(status()).toMatchObject({ slots: { a: { problem: null } }, waiting: "start" });
  });
});
