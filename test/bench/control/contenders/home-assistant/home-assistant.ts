/**
 * Home Assistant's genuine generic_thermostat in a Python process of its own (bridge.py), where PyPI can be reached.
 * Installed once into .cache/, with a limit of time; what prevents it is said, and the comparison goes on without it.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { promisify } from "node:util";
import { messageOf } from "../../../../../src/base/errors.ts";
import type { RemoteContender } from "../../play.ts";

const run = promisify(execFile);
const folder = join(process.cwd(), ".cache", "home-assistant");
const uv = join(folder, "installer", "bin", "uv");
const environment = join(folder, "environment");
const python = join(environment, "bin", "python");
const bridge = join(process.cwd(), "test/bench/control/contenders/home-assistant/bridge.py");
/** The last version that needs no newer Python than 3.13.0, and the package of its tests, which has the clock. */
const versions = { homeassistant: "2025.4.4", "pytest-homeassistant-custom-component": "0.13.236" };
const installMs = 20 * 60_000;
/** Answers take milliseconds; the first one waits for the start, which takes minutes on a busy machine. */
const answerMs = 15 * 60_000;

/** Installs it if need be. @returns why it cannot be had; undefined: it is there */
export async function obtainHomeAssistant(): Promise<string | undefined> {
  if (await isInstalled()) return undefined;
  // Where pyenv rules, its stand-in for Python 3.13 runs only when this asks for it.
  const within = { timeout: installMs, env: { ...process.env, PYENV_VERSION: "3.13" } };
  try {
    // pip's own resolver does not end on these packages.
    await run("python3", ["-m", "venv", join(folder, "installer")], within);
    await run(join(folder, "installer", "bin", "pip"), ["install", "--quiet", "uv==0.13.9"], within);
    await run(
      uv,
      ["venv", "--quiet", "--clear", "--no-python-downloads", "--python", "3.13", environment],
      within,
    );
    const packages = Object.entries(versions).map(([name, version]) => `${name}==${version}`);
    await run(uv, ["pip", "install", "--quiet", "--python", python, ...packages], within);
    return undefined;
  } catch (error) {
    return messageOf(error).split("\n")[0];
  }
}

async function isInstalled(): Promise<boolean> {
  const checks = Object.entries(versions).map(([name, version]) => `m.version("${name}") == "${version}"`);
  const program = `import importlib.metadata as m; assert ${checks.join(" and ")}`;
  return (
    existsSync(python) &&
    (await run(python, ["-c", program]).then(
      () => true,
      () => false,
    ))
  );
}

export class HomeAssistant implements RemoteContender {
  readonly #process;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  /** @param tolerance K, on both sides. @param minimumS least time between two switches */
  constructor(tolerance: number, minimumS: number) {
    this.#process = spawn(python, [bridge], { stdio: ["pipe", "pipe", "ignore"] });
    this.#reader = createInterface({ input: this.#process.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.#send({ tolerance, minimum: minimumS });
  }

  async tick(reading: number, target: number, second: number): Promise<boolean> {
    this.#send({ second, reading, target });
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), answerMs);
    const answer = await this.#lines.next();
    clearTimeout(timer);
    if (answer.done) throw new Error("Home Assistant ended before its answer");
    return (JSON.parse(answer.value) as { readonly on: boolean }).on;
  }

  close(): void {
    this.#process.kill("SIGKILL");
    this.#reader.close();
  }

  #send(message: object): void {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }
}
