/**
 * Home Assistant's genuine generic_thermostat in a Python process of its own (bridge.py), where PyPI can be reached.
 * Installed once into .cache/, with a limit of time; what prevents it is said, and the comparison goes on without it.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { obtainPackages, pythonIn } from "../../../../fixtures/python-packages.ts";
import type { RemoteContender } from "../../play.ts";

const folder = join(process.cwd(), ".cache", "home-assistant");
const bridge = join(process.cwd(), "test/bench/control/contenders/home-assistant/bridge.py");
/** The last version that needs no newer Python than 3.13.0, and the package of its tests, which has the clock. */
const versions = { homeassistant: "2025.4.4", "pytest-homeassistant-custom-component": "0.13.236" };
/** Answers take milliseconds; the first one waits for the start, which takes minutes on a busy machine. */
const answerMs = 15 * 60_000;

/** Installs it if need be. @returns why it cannot be had; undefined: it is there */
export const obtainHomeAssistant = (): Promise<string | undefined> => obtainPackages({ folder, versions });

export class HomeAssistant implements RemoteContender {
  readonly #process;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  /** @param tolerance K, on both sides. @param minimumS least time between two switches */
  constructor(tolerance: number, minimumS: number) {
    this.#process = spawn(pythonIn(folder), [bridge], { stdio: ["pipe", "pipe", "ignore"] });
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
