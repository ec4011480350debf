/** A roll-out over groups, as hawkBit runs it: the next group follows a success threshold, an error threshold stops it. */
import type { Action, FakeState, SoftwareModule, Target } from "./state.ts";

export interface RolloutOptions {
  readonly groups: readonly (readonly Target[])[];
  readonly module: SoftwareModule;
  /** Percent of a group. */
  readonly successThreshold: number;
  readonly errorThreshold: number;
}

export class Rollout {
  readonly #state: FakeState;
  readonly #options: RolloutOptions;
  readonly #started: (readonly Action[])[] = [];
  status: "running" | "stopped" | "finished" = "running";

  constructor(state: FakeState, options: RolloutOptions) {
    this.#state = state;
    this.#options = options;
    this.#startNext();
  }

  get startedGroups(): number {
    return this.#started.length;
  }

  /** hawkBit's scheduler does this every few seconds. */
  evaluate(): void {
    const group = this.#started.at(-1);
    if (this.status !== "running" || group === undefined) return;
    const share = (state: Action["state"]) =>
      (100 * group.filter((action) => action.state === state).length) / group.length;
    if (share("error") >= this.#options.errorThreshold) this.status = "stopped";
    else if (share("finished") >= this.#options.successThreshold) this.#startNext();
  }

  #startNext(): void {
    const group = this.#options.groups[this.#started.length];
    if (group === undefined) {
      this.status = "finished";
      return;
    }
    this.#started.push(group.map((target) => this.#state.assign(target, [this.#options.module])));
  }
}
