/**
 * What a hawkBit 1.1.0 server knows: targets, software, actions and their states; and what its operator does.
 * Each rule was seen in the recorded exchanges (hawkbit-1.1.0-ddi.jsonl), which replay.test.ts holds this against.
 */
import { createHash } from "node:crypto";

export interface Hashes {
  readonly sha1: string;
  readonly md5: string;
  readonly sha256?: string;
}

export interface Artifact {
  readonly filename: string;
  readonly bytes: Buffer;
  readonly hashes: Hashes;
  readonly modified: string;
}

export interface SoftwareModule {
  readonly id: number;
  readonly part: string;
  readonly version: string;
  readonly name: string;
  readonly artifacts: readonly Artifact[];
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
}

export type ActionState =
  | "wait-confirmation"
  | "running"
  | "canceling"
  | "canceled"
  | "finished"
  | "error"
  | "downloaded";

export interface Status {
  readonly execution: string;
  readonly finished: string;
  readonly details: readonly string[];
  readonly code?: number | undefined;
}

export type ActionType = "forced" | "soft" | "download-only";

export interface AssignOptions {
  readonly type?: ActionType;
  readonly maintenanceWindow?: "available" | "unavailable";
  readonly needsConfirmation?: boolean;
}

export class Action {
  readonly id: number;
  readonly modules: readonly SoftwareModule[];
  type: ActionType;
  maintenanceWindow: "available" | "unavailable" | undefined;
  state: ActionState;
  /** hawkBit's own row of the start counts towards the quota. */
  rows = 1;
  revision = 0;
  retrieved = false;
  readonly statuses: Status[] = [];

  constructor(id: number, modules: readonly SoftwareModule[], options: AssignOptions) {
    this.id = id;
    this.modules = modules;
    this.type = options.type ?? "forced";
    this.maintenanceWindow = options.maintenanceWindow;
    this.state = options.needsConfirmation === true ? "wait-confirmation" : "running";
  }

  get isActive(): boolean {
    return ["wait-confirmation", "running", "canceling"].includes(this.state);
  }

  /** Statuses that end it, as the server's user sees them. */
  get closings(): readonly Status[] {
    return this.statuses.filter(({ execution }) => execution === "closed");
  }

  /** The first look at it is recorded. */
  retrieve(): void {
    if (this.retrieved) return;
    this.retrieved = true;
    this.rows += 1;
    this.revision += 1;
  }

  /** Java's hash over id and revision, with what stays the same on one server. */
  get hash(): number {
    const window = this.maintenanceWindow === "available" ? 12 : 0;
    return 923_521 * this.id + 29_791 * this.revision + 410_676_358 + window;
  }
}

export class Target {
  readonly id: string;
  readonly rowId: number;
  readonly token: string;
  readonly attributes = new Map<string, string>();
  readonly actions: Action[] = [];
  installed: Action | undefined;
  polls = 0;

  constructor(id: string, rowId: number) {
    this.id = id;
    this.rowId = rowId;
    this.token = createHash("sha256").update(`token of ${id}`).digest("hex").slice(0, 32);
  }

  get active(): Action | undefined {
    return this.actions.find(({ isActive }) => isActive);
  }

  /** Every status of every action, as its history shows them. */
  get history(): readonly string[] {
    return this.actions.flatMap((action) =>
      action.statuses.map(({ execution, finished }) => `${action.id} ${execution} ${finished}`),
    );
  }
}

export class FakeState {
  readonly tenant = "default";
  readonly targets = new Map<string, Target>();
  readonly modules: SoftwareModule[] = [];
  gatewayToken: string | undefined;
  pollingSleep = "00:05:00";
  nextActionId = 1;
  #nextModuleId = 1;

  addTarget(id: string, rowId = this.targets.size + 1): Target {
    const target = new Target(id, rowId);
    this.targets.set(id, target);
    return target;
  }

  addModule(given: {
    readonly bytes: Buffer;
    readonly id?: number;
    readonly part?: string;
    readonly version?: string;
    readonly name?: string;
    readonly filename?: string;
    readonly hashes?: Hashes;
    readonly extraArtifacts?: number;
    readonly modified?: string;
    readonly metadata?: SoftwareModule["metadata"];
  }): SoftwareModule {
    const filename = given.filename ?? "image.bin";
    const artifact: Artifact = {
      filename,
      bytes: given.bytes,
      hashes: given.hashes ?? hashesOf(given.bytes),
      modified: given.modified ?? "Fri, 27 Nov 2026 11:15:36 GMT",
    };
    const more = Array.from({ length: given.extraArtifacts ?? 0 }, (_, at) => ({
      ...artifact,
      filename: `${at}-${filename}`,
    }));
    const made: SoftwareModule = {
      id: given.id ?? this.#nextModuleId++,
      part: given.part ?? "bApp",
      version: given.version ?? "1.0.1",
      name: given.name ?? "app",
      artifacts: [artifact, ...more],
      metadata: given.metadata ?? [],
    };
    this.modules.push(made);
    return made;
  }

  /** A second assignment cancels the first. */
  assign(target: Target, modules: readonly SoftwareModule[], options: AssignOptions = {}): Action {
    const before = target.active;
    if (before !== undefined) this.cancel(before);
    const action = new Action(this.nextActionId++, modules, options);
    target.actions.push(action);
    return action;
  }

  cancel(action: Action): void {
    if (!action.isActive) throw new RangeError(`action ${action.id} is over`);
    action.state = "canceling";
    action.revision += 1;
  }

  /** A soft action becomes a forced one. */
  force(action: Action): void {
    action.type = "forced";
    action.revision += 1;
  }

  setWindow(action: Action, window: "available" | "unavailable"): void {
    action.maintenanceWindow = window;
    action.revision += 1;
  }

  /** What feedback to an action that runs does to it. */
  feedback(target: Target, action: Action, status: Status): void {
    action.statuses.push(status);
    action.rows += 1;
    const { execution, finished } = status;
    if (execution === "closed") this.#end(target, action, finished === "failure" ? "error" : "finished");
    else if (execution === "canceled") this.#end(target, action, "canceled");
    else if (execution === "downloaded" && action.type === "download-only")
      this.#end(target, action, "downloaded");
    else if (finished === "failure") this.#end(target, action, "error");
  }

  /** What the answer to a cancellation does. */
  cancelFeedback(target: Target, action: Action, status: Status): void {
    action.statuses.push({ ...status, execution: `cancel ${status.execution}` });
    action.rows += 1;
    const refuses = status.execution === "rejected" || status.finished === "failure";
    if (refuses) {
      action.state = "running";
      action.revision += 1;
    } else if (["closed", "canceled"].includes(status.execution)) this.#end(target, action, "canceled");
  }

  confirm(action: Action): void {
    action.state = "running";
    action.revision += 1;
  }

  #end(target: Target, action: Action, state: ActionState): void {
    action.state = state;
    action.revision += 1;
    if (state === "finished") target.installed = action;
  }
}

const hashesOf = (bytes: Buffer): Hashes => ({
  sha1: createHash("sha1").update(bytes).digest("hex"),
  md5: createHash("md5").update(bytes).digest("hex"),
  sha256: createHash("sha256").update(bytes).digest("hex"),
});
