/**
 * Waits until a service that was just started makes its first decision, or until it is clear that it will
 * not.
 *
 * Guarantee: it ends within a time limit, and reports "decided" only for the run that was just started:
 * systemd recreates the status file's folder at each start.
 */
import { seconds } from "../../base/units.ts";
import type { RunningStatus } from "./running-status.ts";
import type { System } from "./system.ts";
import { type UnitState, unitState } from "./unit-state.ts";

export type Outcome =
  | { readonly kind: "decided"; readonly status: RunningStatus }
  /** It runs, but has no credible reading. */
  | { readonly kind: "undecided"; readonly status: RunningStatus }
  /** It ends again and again, or has not started. */
  | { readonly kind: "not-running"; readonly state: UnitState };

const pollInterval = seconds(0.5);
/** With a slow SD card the first start takes half a minute. */
const timeout = seconds(90);
/** A working sensor has delivered readings by then. */
const undecidedTimeout = seconds(15);
/** One or two unexpected ends may be accidental; three are not. */
const maxRestarts = 2;

export async function awaitDecision(system: System): Promise<Outcome> {
  const { clock } = system;
  const end = clock.now() + timeout;
  let runningSince: number | undefined;
  for (;;) {
    const state = unitState(system);
    const { running: status } = state;
    if (status?.decidedAfterMs !== undefined) return { kind: "decided", status };
    runningSince = status === undefined ? undefined : (runningSince ?? clock.now());
    const timedOut = clock.now() >= end;
    if (status !== undefined && runningSince !== undefined) {
      if (timedOut || clock.now() - runningSince >= undecidedTimeout) return { kind: "undecided", status };
    } else if (timedOut || state.restarts > maxRestarts || state.active === "failed") {
      return { kind: "not-running", state };
    }
    await clock.sleep(pollInterval);
  }
}
