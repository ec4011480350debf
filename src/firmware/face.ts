/**
 * A face is a way in and out for people or systems: one folder that implements `Face`, and one line in faces.ts.
 *
 * Guarantee of `Faces`: a face that cannot start is one that failed; its device, and the other faces, go on.
 */
import { messageOf } from "../base/errors.ts";
import type { FailingPart, LinkState, Request } from "../control/input.ts";
import type { ControlState } from "../control/state.ts";
import type { StepSummary } from "../control/step-summary.ts";
import type { InForce } from "../control/twin/in-force.ts";
import type { FaultCode } from "../model/faults.ts";

export interface Face<D extends FaceDevice = FaceDevice> {
  /** Begins its work with a device that runs already. Resolves when it has begun. */
  start(device: D): Promise<void>;
  /** Resolves when nothing of it is left: within a few seconds. Safe before `start`, and to call twice. */
  close(): Promise<void>;
  /** Of its link to its server; "none" where there is none. Neither this nor `failure` throws. */
  readonly state: LinkState;
  /** The cause, while it does not work: shown as the fault of its part (SR-11). */
  readonly failure: string | undefined;
  /** What fails then; absent: "cloud". */
  readonly part?: FacePart;
}

/** Parts of the table of faults that are faces. */
export type FacePart = Extract<FailingPart, "cloud" | "home-assistant">;

/** The state of a device that a face sees, at one time. */
export interface DeviceSnapshot {
  /** What the cloud may see and set. */
  readonly inForce: InForce;
  readonly counters: ControlState["counters"];
  /** Active faults, most severe first. */
  readonly activeFaults: readonly FaultCode[];
  /** Nothing of this waits to be written, or the disk has failed and waiting is no use. */
  readonly stored: boolean;
}

/**
 * The device as a face sees it: the running device itself, or its picture in another process. The four of the snapshot belong
 * together; after a request was answered that snapshot is not before it took effect.
 */
export interface FaceDevice extends DeviceSnapshot {
  /** Calls back after each step (from another process: at least once a second); must not throw. */
  onStepSummary(listener: (summary: StepSummary) => void): void;
  /** Calls back when `stored` comes true; must not throw. */
  onStored(listener: () => void): void;
  /** All of them take effect in one step. @returns why one was refused, if one was */
  request(...requests: readonly Request[]): string | undefined | Promise<string | undefined>;
  /** To be called when `state` or `failure` of a face is another: they are read again. */
  faceChanged(): void;
}

export const snapshotOf = ({ inForce, counters, activeFaults, stored }: DeviceSnapshot): DeviceSnapshot => ({
  inForce,
  counters,
  activeFaults,
  stored,
});

/** Most in need of a person first: where faces differ, that is what the screen shows. */
const worstFirst: readonly LinkState[] = ["offline", "connecting", "online"];

type AnyFace = Pick<Face, "state" | "part">;

const partOf = ({ part = "cloud" }: AnyFace): FacePart => part;
const worst = (faces: readonly AnyFace[]): LinkState =>
  worstFirst.find((state) => faces.some((face) => face.state === state)) ?? "none";

/** The faces of one device. */
export class Faces<D extends FaceDevice> {
  readonly #faces: Face<D>[] = [];
  /** Why one could not even start. */
  readonly #broken = new Map<Face<D>, string>();

  /** Resolves when the face has begun its work, or failed to. */
  async start(face: Face<D>, device: D): Promise<void> {
    this.#faces.push(face);
    try {
      await face.start(device);
    } catch (error) {
      this.#broken.set(face, messageOf(error));
    }
    device.faceChanged();
  }

  get state(): LinkState {
    return worst(this.#faces);
  }

  /** Of those of one part. */
  stateOf(part: FacePart): LinkState {
    return worst(this.#faces.filter((face) => partOf(face) === part));
  }

  get failure(): string | undefined {
    return this.#failures[0]?.why;
  }

  /** Those with a failure. */
  get failing(): readonly FacePart[] {
    return this.#failures.map(({ part }) => part);
  }

  get #failures(): readonly { readonly part: FacePart; readonly why: string }[] {
    return this.#faces.flatMap((face) => {
      const why = this.#broken.get(face) ?? face.failure;
      return why === undefined ? [] : [{ part: partOf(face), why }];
    });
  }
}
