/**
 * Waits for the first decision of a service that was just started, or for what keeps it from one.
 *
 * Guarantee: bounded; says "decided" only of the run that was started now, whose status file is new because systemd makes
 * the folder with each start.
 */
import { seconds } from "../../base/units.ts";
import type { RunningStatus } from "./running-status.ts";
import type { System } from "./system.ts";
import { type UnitState, unitState } from "./unit-state.ts";

export type Outcome =
  | { readonly kind: "decided"; readonly status: RunningStatus }
  /** It runs, and no credible reading has come. */
  | { readonly kind: "undecided"; readonly status: RunningStatus }
  /** It ends again and again, or has not begun. */
  | { readonly kind: "not-running"; readonly state: UnitState };

const pause = seconds(0.5);
/** A slow card takes half a minute for the first start. */
const longest = seconds(90);
/** A sensor that is there has spoken by then. */
const longestUndecided = seconds(15);
/** One end may be an accident; the third is none. */
const mostRestarts = 2;

export async function awaitDecision(system: System): Promise<Outcome> {
  const { clock } = system;
  const end = clock.now() + longest;
  let stepsSince: number | undefined;
  for (;;) {
    const state = unitState(system);
    const { running: status } = state;
    if (status?.decidedAfterMs !== undefined) return { kind: "decided", status };
    stepsSince = status === undefined ? undefined : (stepsSince ?? clock.now());
    const tooLong = clock.now() >= end;
    if (status !== undefined && stepsSince !== undefined) {
      if (tooLong || clock.now() - stepsSince >= longestUndecided) return { kind: "undecided", status };
    } else if (tooLong || state.restarts > mostRestarts || state.active === "failed") {
      return { kind: "not-running", state };
    }
    await clock.sleep(pause);
  }
}
