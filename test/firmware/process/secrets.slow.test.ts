/** The built firmware with a key in its environment and every trace of Node on: the key is to be seen nowhere. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { testHub } from "../../hub/running-hub.ts";

const main = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));

const everyFile = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? everyFile(path) : [path];
  });

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The control loop below a guardian. */
function loopOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return Number(children.find((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("loop.js")));
}

describe.runIf(process.platform === "linux")("a key in the environment", { timeout: 300_000 }, () => {
  it("leads to the hub, again after the loop crashed, and is in no log, trace, report, file or child", async () => {
    const hub = await testHub();
    const { idScope, registrationId, symmetricKey, provisioningHost } = await hub.enrolDevice("by-variable");
    const folder = mkdtempSync(join(tmpdir(), "grove-heater-secrets-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const data = join(folder, "data");
    const authority = join(folder, "ca.pem");
    writeFileSync(authority, hub.caPem);
    const reports = ["--report-uncaught-exception", "--report-on-signal", `--report-directory=${folder}`];
    const run = ["run", "--data", data, "--board", "virtual", "--log", "json"];
    const child = spawn(process.execPath, [...reports, "--report-signal=SIGPWR", main, ...run], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        IOTHUB_DEVICE_SECURITY_TYPE: "DPS",
        IOTHUB_DEVICE_DPS_ID_SCOPE: idScope,
        IOTHUB_DEVICE_DPS_DEVICE_ID: registrationId,
        IOTHUB_DEVICE_DPS_DEVICE_KEY: symmetricKey,
        IOTHUB_DEVICE_DPS_ENDPOINT: provisioningHost,
        NODE_EXTRA_CA_CERTS: authority,
        NODE_DEBUG: "*",
        DEBUG: "*",
        GROVE_HEATER_CRASH_ON_SIGUSR2: "1",
      },
    });
    let [log, trace] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      trace += chunk.toString();
    });
    const timesOnline = () => log.split('"cloud-online"').length - 1;
    const guardian = child.pid ?? 0;
    const reported = () => readdirSync(folder).filter((name) => name.startsWith("report.")).length;

    await until(() => timesOnline() === 1, "the link");
    const loop = loopOf(guardian);
    expect(readFileSync(`/proc/${loop}/environ`, "utf8")).not.toContain(symmetricKey);
    for (const pid of [guardian, loop]) process.kill(pid, "SIGPWR");
    await until(() => reported() === 2, "the diagnostic reports");
    process.kill(loop, "SIGUSR2");
    await until(() => timesOnline() === 2, "the link of the next loop");
    child.kill("SIGTERM");
    await once(child, "exit");

    expect(trace).toMatch(/CHILD_PROCESS|NET|mqttjs/);
    expect(existsSync(data)).toBe(true);
    const shown = [log, trace, ...everyFile(folder).map((file) => readFileSync(file, "latin1"))];
    const bare = symmetricKey.replace(/=+$/, "");
    for (const text of shown) {
      expect(text.includes(bare)).toBe(false);
      expect(text.includes("&sig=")).toBe(false);
    }
  });
});
