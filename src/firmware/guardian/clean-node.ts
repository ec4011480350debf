/**
 * Options to start the program's own Node.js processes, without a debugger.
 *
 * Guarantee: no process that it starts takes options from NODE_OPTIONS, opens an inspector, or receives the terminal's
 * signals: each has a session of its own, so that Ctrl-C, Ctrl-\, Ctrl-Z and a lost terminal reach only the guardian,
 * which ends its processes in order.
 */
import type { SpawnOptions } from "node:child_process";
import type { Log } from "../../base/log.ts";

/** Options of `spawn` besides `stdio`. @param changes to the environment; `undefined` removes a variable */
export function ownSession(changes: NodeJS.ProcessEnv = {}): SpawnOptions {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return { env: { ...env, ...changes }, detached: true };
}

/** The flags of this process that may be passed to a child process. */
export const cleanFlags = (flags: readonly string[] = process.execArgv): string[] =>
  flags.filter((flag) => !isInspector(flag));

/**
 * An inspector runs whatever code its client sends. One that NODE_OPTIONS or a flag opened is closed; `installSignals`
 * keeps SIGUSR1 from opening one.
 */
export function closeInspector(log: Log): void {
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  if (!flags.some(isInspector)) return;
  // Loaded only when needed: loading takes 20 ms.
  const inspector = process.getBuiltinModule("node:inspector");
  if (inspector.url() === undefined) return;
  inspector.close();
  log.warn("inspector-closed", { why: "a debugger could turn the relay on" });
}

/** For development: on this machine only, at a free port, which is logged. */
export function openInspector(log: Log): void {
  const inspector = process.getBuiltinModule("node:inspector");
  if (inspector.url() === undefined) inspector.open(0, "127.0.0.1");
  const warning = "a debugger could turn the relay on";
  log.warn("inspector-opened", { url: inspector.url(), why: "the unit is unsealed", warning });
}

const isInspector = (flag: string): boolean => /^["']?--(inspect|debug)/.test(flag);
