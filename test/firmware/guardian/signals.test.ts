import { EventEmitter } from "node:events";
import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { cleanFlags } from "../../../src/firmware/guardian/clean-node.ts";
import { installSignals } from "../../../src/firmware/guardian/signals.ts";

/** Those whose default ends or stops a process. */
const harmless = ["SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGPIPE", "SIGXFSZ"];
const uncatchable = ["SIGKILL", "SIGSTOP"];
/** Of a fault in the program itself. */
const faults = ["SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"];

function rig(except: readonly string[] = []) {
  const source = new EventEmitter();
  const done: string[] = [];
  installSignals(
    {
      log: silentLog,
      end: (signal) => done.push(`end ${signal}`),
      pause: (signal) => done.push(`pause ${signal}`),
      except,
    },
    source,
  );
  return { source, done };
}

describe("the signals", () => {
  it.runIf(process.platform === "linux")("all have a defined end", () => {
    const { source } = rig();
    const numbers = constants.signals as Readonly<Record<string, number>>;
    const left = new Set([...harmless, ...uncatchable, ...faults].map((name) => numbers[name]));
    const handled = new Set(source.eventNames().map((name) => numbers[String(name)]));
    for (const [name, number] of Object.entries(numbers))
      expect([name, handled.has(number) !== left.has(number)]).toEqual([name, true]);
  });

  it("end the process each time that they come: the first leaves no default for the second", () => {
    const { source, done } = rig();
    for (const signal of ["SIGTERM", "SIGTERM", "SIGQUIT", "SIGHUP"]) source.emit(signal);
    expect(done).toEqual(["end SIGTERM", "end SIGTERM", "end SIGQUIT", "end SIGHUP"]);
  });

  it("of a terminal pause it, or nothing; that of the debugger does nothing", () => {
    const { source, done } = rig();
    for (const signal of ["SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1"]) expect(source.emit(signal)).toBe(true);
    expect(done).toEqual(["pause SIGTSTP"]);
  });

  it("leave one alone that has a listener of its own", () => {
    expect(rig(["SIGUSR2"]).source.emit("SIGUSR2")).toBe(false);
  });
});

describe("the flags of another process", () => {
  it("are this one's without those of a debugger", () => {
    const flags = [
      "--inspect",
      "--import",
      "x",
      "--inspect-brk=0",
      "--debug-port=1",
      "--max-old-space-size=64",
    ];
    expect(cleanFlags(flags)).toEqual(["--import", "x", "--max-old-space-size=64"]);
  });
});
