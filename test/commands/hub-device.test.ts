/** `hub show` and `hub device`, as they are built, beside a running hub and without one. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { exitCodes } from "../../src/firmware/process/exit-codes.ts";
import { Registry } from "../hub/azure.ts";
import { temporaryFolder } from "../hub/running-hub.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

function run(folder: string, ...args: string[]) {
  const all = [main, "hub", ...args, "--data", folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

async function startHub(folder: string): Promise<ChildProcess> {
  const args = [main, "hub", "--data", folder, "--log", "json"];
  const hub = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void hub.kill("SIGKILL"));
  for await (const line of createInterface({ input: hub.stdout }))
    if (JSON.parse(line).event === "hub-ready") break;
  return hub;
}

const idsIn = (folder: string): string[] =>
  (JSON.parse(run(folder, "device", "list", "--json").stdout) as { id: string }[]).map(({ id }) => id);

it("registers, shows and removes devices through the running hub, which Azure's service SDK sees at once", async () => {
  const folder = await temporaryFolder();
  const hub = await startHub(folder);
  const added = run(folder, "device", "add", "attic");
  expect(added).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^HostName=\S+;DeviceId=attic;Shared\S+\n$/),
  });
  expect(run(folder, "device", "add", "attic")).toMatchObject({
    code: exitCodes.usage,
    stderr: expect.stringContaining("registered already"),
  });
  const key = /SharedAccessKey=(\S+)/.exec(added.stdout)?.[1] ?? "none";
  expect(run(folder, "device", "show", "attic")).toMatchObject({
    code: 0,
    stdout: expect.not.stringContaining(key),
  });

  const about = JSON.parse(run(folder, "show", "--json").stdout);
  const registry = Registry.fromConnectionString(about.serviceConnectionString);
  const { caPem } = JSON.parse(serviceAccess(folder));
  const agent = new Agent({ port: Number(new URL(about.rest).port), ca: caPem });
  const { _restApiClient } = registry as unknown as {
    _restApiClient: { setOptions(options: unknown): void };
  };
  _restApiClient.setOptions({ http: { agent } });
  const { responseBody: devices } = await registry.list();
  expect(devices.map(({ deviceId }) => deviceId)).toContain("attic");

  expect(run(folder, "device", "remove", "attic").code).toBe(0);
  expect(run(folder, "device", "remove", "attic").code).toBe(exitCodes.findings);
  expect(idsIn(folder)).not.toContain("attic");
  const ended = once(hub, "exit");
  hub.kill("SIGTERM");
  await ended;

  // Without it: in its folder.
  expect(run(folder, "show").stdout).toContain("does not run");
  expect(run(folder, "device", "add", "cellar").code).toBe(0);
  expect(idsIn(folder)).toContain("cellar");
  await startHub(folder);
  expect(idsIn(folder)).toContain("cellar");
}, 120_000);

const serviceAccess = (folder: string): string => {
  const file = join(folder, "hub", "service-access");
  expect(statSync(file).mode & 0o077).toBe(0);
  return spawnSync("cat", [file], { encoding: "utf8" }).stdout;
};

it("says that there is no hub, and what is missing or wrong on the line", async () => {
  const folder = await temporaryFolder();
  expect(run(folder, "show")).toMatchObject({
    code: exitCodes.unavailable,
    stderr: expect.stringContaining("no hub"),
  });
  expect(run(folder, "device", "add").code).toBe(exitCodes.usage);
  expect(run(folder, "device", "rename", "attic").code).toBe(exitCodes.usage);
  expect(run(folder, "show", "attic").code).toBe(exitCodes.usage);
}, 60_000);

it("a hub that runs and does not answer is reported, and its folder stays as it is", async () => {
  const folder = await temporaryFolder();
  const hub = await startHub(folder);
  const access = JSON.parse(serviceAccess(folder));
  writeFileSync(join(folder, "hub", "service-access"), JSON.stringify({ ...access, restPort: 1 }));
  expect(run(folder, "device", "list")).toMatchObject({
    code: exitCodes.unavailable,
    stderr: expect.stringContaining("cannot be reached"),
  });
  writeFileSync(join(folder, "hub", "service-access"), "{");
  expect(run(folder, "device", "add", "attic")).toMatchObject({
    code: exitCodes.unavailable,
    stderr: expect.stringContaining("has not stored the address"),
  });
  hub.kill("SIGTERM");
}, 60_000);
