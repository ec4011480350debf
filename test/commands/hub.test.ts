/** What the local hub's verb says when it cannot start as asked. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { verb } from "../../src/commands/hub.ts";
import { readArguments } from "../../src/commands/line/verb.ts";
import { exitCodes, StartupError } from "../../src/firmware/process/exit-codes.ts";
import { temporaryFolder } from "../hub/running-hub.ts";

it("names the variable for the password that listening beyond loopback asks for", async () => {
  const args = readArguments(verb, ["--data", await temporaryFolder(), "--host", "0.0.0.0"]);
  const error: unknown = await verb.run(args).then(undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartupError);
  expect(error).toMatchObject({
    exitCode: exitCodes.configuration,
    remedy: expect.stringContaining("GROVE_HEATER_HUB_PASSWORD"),
  });
});

it("takes more names for itself, one by one or with commas", () => {
  const args = readArguments(verb, ["--name", "heater.lan, heater.fritz.box", "--name", "192.168.1.5"]);
  expect(args.values("name")).toEqual(["heater.lan", "heater.fritz.box", "192.168.1.5"]);
  expect(readArguments(verb, []).values("name")).toEqual([]);
});

it.each(["http://heater.lan", "heater.lan:8780", "", "a b", "-x.lan"])(
  "refuses the name %s, and says how to give one",
  async (name) => {
    const args = readArguments(verb, ["--data", await temporaryFolder(), `--name=${name}`]);
    const error: unknown = await verb.run(args).then(undefined, (reason: unknown) => reason);
    expect(error).toMatchObject({
      exitCode: exitCodes.usage,
      remedy: expect.stringContaining("heater.lan"),
    });
  },
);

it.runIf(process.platform === "linux")(
  "holds the hub's process to the manifest: a port that it does not name is refused",
  async () => {
    const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
    const args = [main, "hub", "--data", await temporaryFolder(), "--port", "8123"];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
    expect(status).toBe(exitCodes.permission);
    expect(stderr).toContain("listening on tcp port 8123 is not granted");
  },
  90_000,
);

it("started by a person says on its standard output where its page is, and ends in order", async () => {
  const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
  const args = [main, "hub", "--data", await temporaryFolder(), "--log", "json"];
  const hub = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void hub.kill("SIGKILL"));
  const ended = once(hub, "exit");
  let page = "";
  for await (const line of createInterface({ input: hub.stdout })) {
    page = JSON.parse(line).page ?? page;
    if (page !== "") hub.kill("SIGTERM");
  }
  expect(page).toMatch(/^http:\/\/localhost:\d+\/$/);
  expect(await ended).toEqual([0, null]);
}, 90_000);
