/**
 * What each signal does to a process of this program.
 *
 * Guarantee: every signal that Node.js can catch has a defined end, however often it comes; none opens a debugger,
 * except SIGUSR1 in a unit that was unsealed for development (seal/). Left as they are: SIGKILL and SIGSTOP, which
 * nobody can catch; the signals of a fault in the program itself (SEGV, BUS, FPE, ILL, TRAP, SYS), which end it at
 * once, because a handler would return to the faulty instruction for ever. For those the other processes turn the
 * relay off. SIGPIPE and SIGXFSZ are ignored by Node.js itself.
 */
import type { Log } from "../../base/log.ts";
import { openInspector } from "./clean-node.ts";

export interface SignalActions {
  readonly log: Log;
  /** Ends this process in order, the heater off first. Called for each such signal. */
  readonly end: (signal: string) => void;
  /** For Ctrl-Z, and when a terminal wants to stop it. Without it such a process stops as usual. */
  readonly pause?: (signal: string) => void;
  /** Whether a debugger may be opened now; never when absent. */
  readonly mayDebug?: () => boolean;
  /** Signals that have a listener of their own. */
  readonly except?: readonly string[];
}

/** The part of `process` that is used. */
export interface SignalSource {
  on(signal: string, listener: () => void): unknown;
}

const ending = [
  ...["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGABRT"],
  // Nothing sends them on purpose; by default they would end a process at once.
  ...["SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGUSR2", "SIGIO", "SIGPWR", "SIGSTKFLT"],
];

export function installSignals(actions: SignalActions, source: SignalSource = process): void {
  const { log, end, pause } = actions;
  const except = [...(actions.except ?? []), reportSignal()];
  const on = (signal: string, act: () => void): void => {
    if (!except.includes(signal)) source.on(signal, act);
  };
  for (const signal of ending) on(signal, () => end(signal));
  // With a listener Node.js does not open its inspector.
  on("SIGUSR1", () => {
    if (actions.mayDebug?.()) openInspector(log);
    else log.warn("signal-ignored", { signal: "SIGUSR1", why: "no debugger here" });
  });
  if (pause === undefined) return;
  on("SIGTSTP", () => pause("SIGTSTP"));
  // From the terminal they come only to a process that reads or writes in the background; foreground.ts avoids both.
  for (const signal of ["SIGTTIN", "SIGTTOU"])
    on(signal, () => log.warn("signal-ignored", { signal, why: "the heater is not stopped by a terminal" }));
}

/** The signal on which this process writes a diagnostic report, if it was started with that option. */
const reportSignal = (): string | undefined =>
  process.execArgv.includes("--report-on-signal") ? process.report?.signal : undefined;
