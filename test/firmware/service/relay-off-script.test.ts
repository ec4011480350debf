import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBoard } from "../../../src/firmware/choose-board.ts";
import { relayOffScripts } from "../../../src/firmware/service/relay-off-script.ts";

const { wiring } = readBoard("grove-heater-pi");
const relayLine = wiring.relay.line;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "relay-off-script-"));
  mkdirSync(join(root, "lock"));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

/** A chip with the relay's line exported and on. */
function chip(label: string, base: number): string {
  const folder = join(root, "class/gpio", `gpiochip${base}`);
  const line = join(root, "class/gpio", `gpio${base + relayLine}`);
  for (const path of [folder, line]) mkdirSync(path, { recursive: true });
  const files = { [`${folder}/label`]: label, [`${folder}/base`]: `${base}`, [`${line}/value`]: "1" };
  for (const [file, text] of Object.entries(files)) writeFileSync(file, `${text}\n`);
  return line;
}

const scripts = (given = wiring) => {
  const program = join(root, "relay-off");
  const made = relayOffScripts(given, { sysRoot: root, lockFolder: join(root, "lock"), program });
  if (made === undefined) throw new Error("no script");
  return made;
};

/** As systemd runs it: joined by blanks, as a continued line of a unit is. */
const run = (script: string, env: Record<string, string> = {}) =>
  spawnSync("/bin/sh", ["-c", script.replaceAll("\n", " ")], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });

const read = (file: string): string => readFileSync(file, "utf8").trim();

/** A process that holds a lock until it is told to end. */
async function holding(file: string, mode: string): Promise<() => Promise<void>> {
  const holder = spawn("flock", [mode, file, "sh", "-c", "echo held; read -r end"]);
  await new Promise((held) => holder.stdout.once("data", held));
  return () =>
    new Promise((ended) => {
      holder.once("exit", () => ended());
      holder.stdin.end("\n");
    });
}

describe("the relay-off script", () => {
  it("drives the line low on the chip with the board's label, whatever its base, and no other chip's", () => {
    const other = chip("gpio-brcmstb@107d508500", 512);
    const line = chip("pinctrl-rp1", 571);
    const { status, stderr } = run(scripts().stop);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect([read(`${line}/direction`), read(`${line}/active_low`), read(`${line}/value`)]).toEqual([
      "low",
      "0",
      "0",
    ]);
    expect(read(`${other}/value`)).toBe("1");
  });

  it("drives a relay that is on when low to high", () => {
    const line = chip("pinctrl-bcm2711", 512);
    run(scripts({ ...wiring, relay: { ...wiring.relay, activeLevel: 0 } }).stop);
    expect([read(`${line}/direction`), read(`${line}/value`)]).toEqual(["high", "1"]);
  });

  it("exports a line that was not exported", () => {
    const line = chip("pinctrl-bcm2711", 512);
    rmSync(line, { recursive: true });
    run(scripts().stop);
    expect(read(join(root, "class/gpio/export"))).toBe(String(512 + relayLine));
  });

  it("touches nothing after a start that was refused", () => {
    const line = chip("pinctrl-bcm2711", 512);
    expect(run(scripts().stop, { EXIT_STATUS: "75" }).status).toBe(0);
    expect(read(`${line}/value`)).toBe("1");
    run(scripts().stop, { EXIT_STATUS: "1" });
    expect(read(`${line}/value`)).toBe("0");
  });

  it("touches no line while another process holds its lock", async () => {
    const line = chip("pinctrl-bcm2711", 512);
    const lock = join(root, "lock", `grove-heater.pinctrl-bcm2711.${relayLine}.lock`);
    writeFileSync(lock, "");
    const end = await holding(lock, "-x");
    for (const script of [scripts().start, scripts().stop]) expect(run(script).status).toBe(0);
    expect(read(`${line}/value`)).toBe("1");
    await end();
    run(scripts().stop);
    expect(read(`${line}/value`)).toBe("0");
  });

  it("is refused by an exclusive lock of the chip's file, and not by a shared one, which another line's holder has", async () => {
    const line = chip("pinctrl-bcm2711", 512);
    const label = join(root, "class/gpio/gpiochip512/label");
    const endAlone = await holding(label, "-x");
    run(scripts().stop);
    expect(read(`${line}/value`)).toBe("1");
    await endAlone();
    const endShared = await holding(label, "-s");
    run(scripts().stop);
    expect(read(`${line}/value`)).toBe("0");
    await endShared();
  });

  it("turns the line off where there is no flock", () => {
    const line = chip("pinctrl-bcm2711", 512);
    writeFileSync(join(root, "lock", `grove-heater.pinctrl-bcm2711.${relayLine}.lock`), "");
    run(scripts().stop, { PATH: "/nonexistent" });
    expect(read(`${line}/value`)).toBe("0");
  });

  it("waits for udev before a start, once it exported a line, and only then", () => {
    mkdirSync(join(root, "bin"));
    writeFileSync(join(root, "bin/udevadm"), `#!/bin/sh\necho "$@" >>${root}/settled\n`, { mode: 0o755 });
    const env = { PATH: `${root}/bin:${process.env["PATH"]}` };
    const line = chip("pinctrl-bcm2711", 512);
    run(scripts().start, env);
    expect(() => read(join(root, "settled"))).toThrow();
    rmSync(line, { recursive: true });
    run(scripts().start, env);
    expect(read(join(root, "settled"))).toBe("settle --timeout=10");
  });

  it("leaves a chip that sysfs does not show to the program in C, and no other", () => {
    chip("gpio-brcmstb@107d508500", 512);
    writeFileSync(join(root, "relay-off"), `#!/bin/sh\necho "$@" >>${root}/asked\n`, { mode: 0o755 });
    run(scripts().stop);
    expect(read(join(root, "asked"))).toBe(`pinctrl-bcm2835,pinctrl-bcm2711,pinctrl-rp1 ${relayLine} 0`);
    rmSync(join(root, "asked"));
    chip("pinctrl-rp1", 571);
    run(scripts().stop);
    expect(() => read(join(root, "asked"))).toThrow();
  });

  it("does not exist for a virtual hat", () => {
    expect(relayOffScripts(readBoard("virtual").wiring)).toBeUndefined();
  });
});
