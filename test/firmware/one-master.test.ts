/** The built program on a computer that is a Raspberry Pi as far as files tell: see fake-pi.mjs. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findGpioChip } from "../../src/board/kernel/gpio-chip.ts";
import { type HardwareLock, takeLock } from "../../src/firmware/guardian/hardware-lock.ts";
import { sysTree } from "../board/kernel/sys-tree.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const fakePi = fileURLToPath(new URL("fake-pi.mjs", import.meta.url));

let root: string;
let lock: HardwareLock | undefined;
const relayFile = () => join(root, "sys/class/gpio/gpio528/value");
const relay = () => readFileSync(relayFile(), "utf8").trim();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "one-master-"));
  const tree = sysTree("pi-4-kernel-6.6");
  tree.addLine(528, { direction: "out", value: "1", active_low: "0" });
  cpSync(tree.root, join(root, "sys"), { recursive: true });
  tree.remove();
  for (const folder of ["run/lock", "proc/device-tree", "dev"])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "proc/device-tree/model"), "Raspberry Pi 4 Model B Rev 1.5\0");
});
afterEach(() => {
  lock?.release();
  lock = undefined;
  rmSync(root, { recursive: true });
});

/** The relay has a master, with a data folder of its own. */
function service(): void {
  const sysRoot = join(root, "sys");
  const chip = findGpioChip(["pinctrl-bcm2711"], { sysRoot });
  const taken = takeLock(
    { kind: "line", chip, line: 16, sysRoot },
    "/var/lib/service",
    join(root, "run/lock"),
  );
  if (taken.kind === "held") lock = taken;
}

function command(...words: readonly string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", fakePi, main, ...words, "--data", join(root, "data")],
    { encoding: "utf8", env: { ...process.env, FAKE_PI: root }, timeout: 60_000 },
  );
  return { code: status, output: stdout + stderr };
}

describe.runIf(process.platform === "linux")("the program on a Raspberry Pi", { timeout: 120_000 }, () => {
  const others: readonly (readonly [words: readonly string[], code: number])[] = [
    [["run", "--offline"], 75],
    [["run", "--board", "grove-heater-pi"], 75],
    [["run", "--board", "nosuch"], 75],
    [["run", "--nope"], 75],
    [["relay", "off"], 75],
  ];
  it.each(others)("SR-12: beside a master `%s` ends with %s and touches no line", (words, code) => {
    service();
    const result = command(...words);
    expect(result.output).toContain(`process ${process.pid}, user`);
    expect(result.output).toContain("/var/lib/service");
    expect(result.code).toBe(code);
    expect(relay()).toBe("1");
  });

  it("SR-12: `relay off --force` turns the line off all the same", () => {
    service();
    expect(command("relay", "off", "--force").code).toBe(0);
    expect(relay()).toBe("0");
  });

  it("SR-12: the doctor sees the master, and finds nothing wrong with a relay that it has on", () => {
    service();
    const { findings } = JSON.parse(command("doctor", "--json").output) as {
      findings: { check: string; status: string; detail: string }[];
    };
    const of = (check: string) => findings.find((finding) => finding.check === check);
    expect(of("instance")?.detail).toContain(`drives the hat: process ${process.pid}`);
    expect(of("sensor")?.status).toBe("skip");
    expect(of("line-relay")?.status).toBe("ok");
    expect(relay()).toBe("1");
  });

  it("SR-14: without its bus it does not fall back to the simulation: 69, with the relay off", () => {
    const { code, output } = command("run", "--offline");
    expect(code).toBe(69);
    expect(output).toContain("/dev/i2c-1 is missing");
    expect(output).toContain("raspi-config nonint do_i2c 0");
    expect(relay()).toBe("0");
    expect(existsSync(join(root, "data", "virtual-hat"))).toBe(false);
  });

  it.each([[["run", "--board", "nosuch"]], [["run", "--nope"]]])(
    "SR-01: `%s` turns off a relay that was left on",
    (words) => {
      command(...words);
      expect(relay()).toBe("0");
    },
  );
});
