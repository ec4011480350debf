/** The built firmware on a real terminal: its panel, its keys, and an output that is held (Ctrl-S). Takes real time. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, type TestContext } from "vitest";
import { packageRoot } from "../../../src/firmware/process/package-root.ts";
import { gone, stateOf, until } from "../firmware-process.ts";

const script = fileURLToPath(new URL("terminal.py", import.meta.url));
const python = spawnSync("python3", ["-c", "import pty"]).status === 0;
if (!python) process.stdout.write("SKIPPED: held terminals need python3\n");

class Terminal {
  readonly #folder = mkdtempSync(join(tmpdir(), "grove-heater-terminal-"));
  readonly #process: ChildProcess;
  #answers = "";
  shown = "";

  constructor({ onTestFinished }: TestContext, ...flags: string[]) {
    writeFileSync(join(this.#folder, "settings.json"), JSON.stringify({ sensorPeriodSeconds: 1 }));
    const main = join(packageRoot, "dist", "main.js");
    const run = ["run", "--offline", "--board", "virtual", "--data", this.#folder, ...flags];
    const env = { ...process.env, TERM: "xterm" };
    const terminal = spawn("python3", [script, process.execPath, main, ...run], { env });
    this.#process = terminal;
    terminal.stdout.on("data", (chunk: Buffer) => {
      this.#answers += chunk.toString();
    });
    terminal.stderr.on("data", (chunk: Buffer) => {
      this.shown += chunk.toString();
    });
    onTestFinished(async () => {
      terminal.kill("SIGKILL");
      await until("the folder to be removed", () => {
        rmSync(this.#folder, { recursive: true, force: true });
        return true;
      });
    });
  }

  get guardianPid(): number {
    return Number(this.#answers.split("\n")[0]);
  }

  get loopPid(): number {
    const pid = this.guardianPid;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return Number(
      children.find((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("loop.js")),
    );
  }

  get relay(): string {
    return readFileSync(join(this.#folder, "virtual-hat/sys/class/gpio/gpio528/value"), "utf8").trim();
  }

  get exitCode(): number | undefined {
    const code = this.#answers.split("\n")[1];
    return code ? Number(code) : undefined;
  }

  control(letter: string): void {
    this.#process.stdin?.write(Buffer.from([letter.charCodeAt(0) - 64]));
  }

  type(text: string): void {
    this.#process.stdin?.write(text);
  }

  async heats(): Promise<void> {
    await until("heat", () => this.relay === "1");
  }

  /** As a terminal does whose window hangs, or whose connection is lost; until there is no room for another byte. */
  stopReading(): void {
    this.#process.kill("SIGSTOP");
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    const terminal = openSync(`/proc/${this.guardianPid}/fd/1`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    try {
      for (;;) writeSync(terminal, " ");
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
    }
    closeSync(terminal);
  }

  /** Nothing that is written comes through any more. */
  async hold(): Promise<void> {
    this.control("S");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe.runIf(python && process.platform === "linux")(
  "a terminal that holds its output",
  { timeout: 90_000, concurrent: true },
  () => {
    it("SR-10: does not keep the guardian from turning the relay off when the loop hangs, nor from ending", async (context) => {
      const terminal = new Terminal(context, "--plain");
      await terminal.heats();
      await terminal.hold();
      const { loopPid, guardianPid, shown } = terminal;
      process.kill(loopPid, "SIGSTOP");
      const ms = await until("the relay to be off", () => terminal.relay === "0");
      process.stdout.write(`held terminal, hung loop: relay off after ${(ms / 1000).toFixed(1)} s\n`);
      await gone(loopPid);
      await until("a fresh loop", () => terminal.loopPid > 0);
      expect(terminal.shown).toBe(shown);
      process.kill(guardianPid, "SIGTERM");
      await until("the end", () => terminal.exitCode !== undefined);
      expect(terminal.exitCode).toBe(0);
      expect(terminal.relay).toBe("0");
    });

    it("SR-01: Ctrl-Z on the terminal turns the relay off and stops the guardian", async (context) => {
      const terminal = new Terminal(context, "--plain");
      await terminal.heats();
      const { loopPid, guardianPid } = terminal;
      terminal.control("Z");
      await until("the relay to be off", () => terminal.relay === "0");
      await until("the guardian to be stopped", () => stateOf(guardianPid) === "T");
      await gone(loopPid);
      expect(terminal.relay).toBe("0");
      process.kill(guardianPid, "SIGCONT");
      await until("a fresh loop", () => terminal.shown.split("first-decision").length >= 3);
      expect(terminal.relay).toBe("0");
    });

    it("holds up no step of a loop that draws its panel there", async (context) => {
      const terminal = new Terminal(context);
      await terminal.heats();
      const { loopPid } = terminal;
      // In raw mode Ctrl-S is a key; the holder is whoever reads the terminal and has stopped.
      terminal.stopReading();
      await new Promise((resolve) => setTimeout(resolve, 15_000));
      expect(terminal.loopPid).toBe(loopPid);
      expect(terminal.relay).toBe("1");
    });
  },
);

describe.runIf(python && process.platform === "linux")(
  "the live panel",
  { timeout: 90_000, concurrent: true },
  () => {
    it.for([
      ["q", "q"],
      ["Ctrl-C", "\x03"],
      ["Ctrl-\\", "\x1c"],
    ] as const)("SR-01: ends on %s with the relay off and exit code 0", async ([, key], context) => {
      const terminal = new Terminal(context);
      await terminal.heats();
      await until("the panel", () => terminal.shown.includes("[q] quit"));
      terminal.type(key);
      await until("the end", () => terminal.exitCode !== undefined);
      expect([terminal.exitCode, terminal.relay]).toEqual([0, "0"]);
      const left = terminal.shown.slice(terminal.shown.lastIndexOf("\x1b[?1049l"));
      expect(left).toContain("grove-heater has stopped: the relay is off.");
    });

    it("SR-01: is left on Ctrl-Z with the relay off, and drawn again when it is continued", async (context) => {
      const terminal = new Terminal(context);
      await terminal.heats();
      await until("the panel", () => terminal.shown.includes("[q] quit"));
      const { guardianPid, loopPid } = terminal;
      terminal.control("Z");
      await until("the guardian to be stopped", () => stateOf(guardianPid) === "T");
      await gone(loopPid);
      expect(terminal.relay).toBe("0");
      const { length } = terminal.shown;
      process.kill(guardianPid, "SIGCONT");
      await until("the panel again", () => terminal.shown.slice(length).includes("[q] quit"));
      expect(terminal.relay).toBe("0");
    });
  },
);
