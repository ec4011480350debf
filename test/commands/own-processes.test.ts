/** The processes that the firmware starts of its own program, as whoever starts them sees them. These take real time. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { packageRoot } from "../../src/firmware/process/package-root.ts";
import { changeSeal } from "../../src/firmware/seal/change.ts";
import { until } from "../firmware/firmware-process.ts";
import { temporaryFolder } from "../hub/running-hub.ts";

const commands = {
  loop: { entry: ["loop.js"], flags: ["--board", "virtual", "--offline"], begun: "first-decision" },
  cloud: { entry: ["cloud.js"], flags: ["--board", "virtual"], begun: "pong" },
  hub: { entry: ["main.js", "hub"], flags: [], begun: "hub-ready" },
} as const;
type Name = keyof typeof commands;
const names = Object.keys(commands) as Name[];

/** One of them, with all that it expected: its output, its complaints and its messages. */
class OwnProcess {
  readonly child: ChildProcess;
  readonly data: string;
  readonly messages: object[] = [];
  said = "";
  readonly #name: Name;
  readonly #ended: Promise<unknown>;

  constructor(
    context: TestContext,
    name: Name,
    data: string,
    nodeFlags: readonly string[] = [],
    moreFlags: readonly string[] = [],
  ) {
    this.#name = name;
    this.data = data;
    writeFileSync(join(data, "settings.json"), JSON.stringify({ sensorPeriodSeconds: 1 }));
    const { entry, flags } = commands[name];
    const [file, ...words] = entry;
    const args = [
      ...nodeFlags,
      join(packageRoot, "dist", file),
      ...words,
      "--data",
      data,
      ...flags,
      ...moreFlags,
    ];
    this.child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    // Not "close", which never comes after `disconnect`.
    this.#ended = once(this.child, "exit");
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.said += chunk.toString();
      });
    this.child.on("message", (message) => void this.messages.push(message as object));
    context.onTestFailed(() => console.log(`${name}: ${this.said}`, this.messages));
    context.onTestFinished(() => void this.child.kill("SIGKILL"));
  }

  /** It has said that it does its work. */
  async begun(): Promise<void> {
    const { begun } = commands[this.#name];
    if (this.#name === "cloud") this.child.send({ kind: "ping" });
    await until(`the ${this.#name} to have begun`, () => this.tells(begun), 90_000);
  }

  tells(what: string): boolean {
    return this.said.includes(`"${what}"`) || JSON.stringify(this.messages).includes(`"${what}"`);
  }

  /** Resolves when it has ended by itself. */
  async end(): Promise<{ code: number | null; signal: string | null }> {
    await this.#ended;
    const { exitCode: code, signalCode: signal } = this.child;
    return { code, signal };
  }
}

const start = async (context: TestContext, name: Name, ...nodeFlags: string[]) =>
  new OwnProcess(context, name, await temporaryFolder(), nodeFlags);

describe.runIf(process.platform === "linux").for(names)("the process %s", { timeout: 120_000 }, (name) => {
  it("ends in order on SIGTERM, without being killed", async (context) => {
    const own = await start(context, name);
    await own.begun();
    own.child.kill("SIGTERM");
    expect(await own.end()).toEqual({ code: 0, signal: null });
  });

  it("ends by itself when its parent process has ended", async (context) => {
    const own = await start(context, name);
    await own.begun();
    own.child.disconnect();
    expect(await own.end()).toEqual({ code: 0, signal: null });
  });

  it("opens no debugger on SIGUSR1, and closes one that a flag opened", async (context) => {
    const own = await start(context, name, "--inspect=127.0.0.1:0");
    await own.begun();
    await until("the debugger to be closed", () => own.tells("inspector-closed"));
    own.child.kill("SIGUSR1");
    await until("the signal to be ignored", () => own.tells("signal-ignored"));
    expect(own.said.match(/Debugger listening/g)).toHaveLength(1);
    expect(own.child.exitCode).toBeNull();
  });

  it("opens a debugger on SIGUSR1 in an unsealed unit, and none once it is sealed", async (context) => {
    const own = await start(context, name);
    await own.begun();
    await changeSeal(own.data, "sealed", Date.now());
    own.child.kill("SIGUSR1");
    await until("the signal to be ignored", () => own.tells("signal-ignored"));
    await changeSeal(own.data, "unsealed", Date.now());
    own.child.kill("SIGUSR1");
    await until("the debugger to be opened", () => own.tells("inspector-opened"));
    expect(own.said).toMatch(/Debugger listening on ws:\/\/127\.0\.0\.1:/);
  });
});

describe.runIf(process.platform === "linux")("the loop's process", { timeout: 120_000 }, () => {
  it("SR-01: whose guardian went before it listened turns the relay off and ends", async (context) => {
    const own = await start(context, "loop");
    own.child.disconnect();
    expect(await own.end()).toEqual({ code: 0, signal: null });
    const line = join(own.data, "virtual-hat", "sys", "class", "gpio", "gpio528", "value");
    expect(readFileSync(line, "utf8").trim()).toBe("0");
  });

  it.for([
    ["keeps the relay off for a while when it was told that it was on", ["--off-for", "1000"], false],
    ["heats at once when it was not", [], true],
  ] as const)("SR-08: %s", async ([, flags, heat], context) => {
    const own = new OwnProcess(context, "loop", await temporaryFolder(), [], flags);
    await own.begun();
    expect(own.said).toContain(`"heat":${heat}`);
    own.child.kill("SIGTERM");
    await own.end();
  });
});
