/**
 * A face is a way in and out for people or systems: one folder that implements `Face`, and one line in faces.ts.
 *
 * Guarantee of `Faces`: a face that cannot start counts as failed; the device and the other faces continue.
 */
import { messageOf } from "../base/errors.ts";
import type { FailingPart, LinkState, Request } from "../control/input.ts";
import type { ControlState } from "../control/state.ts";
import type { StepSummary } from "../control/step-summary.ts";
import type { InForce } from "../control/twin/in-force.ts";
import type { FaultCode } from "../model/faults.ts";

export interface Face<D extends FaceDevice = FaceDevice> {
  /** Starts the face for a running device. Resolves when it has started. */
  start(device: D): Promise<void>;
  /**
   * Ends the face: resolves within a few seconds, when all its resources are released. May be called before
   * `start`, and twice.
   */
  close(): Promise<void>;
  /** State of its link to its server; "none" without a server. Neither this nor `failure` throws. */
  readonly state: LinkState;
  /** Why the face does not work, while it does not: shown as the fault of `part` (SR-11). */
  readonly failure: string | undefined;
  /** The failing part that a failure raises; default: "cloud". */
  readonly part?: FacePart;
}

/** The failing parts, in the table of faults, that are faces. */
export type FacePart = Extract<FailingPart, "cloud" | "home-assistant">;

/** The state of a device at one time, as a face sees it. */
export interface DeviceSnapshot {
  /** The values that the cloud may read and set. */
  readonly inForce: InForce;
  readonly counters: ControlState["counters"];
  /** Active faults, most severe first. */
  readonly activeFaults: readonly FaultCode[];
  /** Whether all of this is on the disk; true also when the disk has failed, since waiting would be of no use. */
  readonly stored: boolean;
}

/**
 * The device as a face sees it: the running device itself, or a copy of its state in another process. The
 * four members of the snapshot belong to the same time; once a request was answered, the snapshot includes
 * its effect.
 */
export interface FaceDevice extends DeviceSnapshot {
  /** Calls back after each step (from another process: at least once a second); must not throw. */
  onStepSummary(listener: (summary: StepSummary) => void): void;
  /** Calls back when `stored` becomes true; must not throw. */
  onStored(listener: () => void): void;
  /** All requests take effect in one step. @returns why one of them was refused, if any was */
  request(...requests: readonly Request[]): string | undefined | Promise<string | undefined>;
  /** Call this when `state` or `failure` of a face has changed: they are read again. */
  faceChanged(): void;
}

export const snapshotOf = ({ inForce, counters, activeFaults, stored }: DeviceSnapshot): DeviceSnapshot => ({
  inForce,
  counters,
  activeFaults,
  stored,
});

/** Most severe first: of several faces, the screen shows the worst state. */
const worstFirst: readonly LinkState[] = ["offline", "connecting", "online"];

type AnyFace = Pick<Face, "state" | "part">;

const partOf = ({ part = "cloud" }: AnyFace): FacePart => part;
const worst = (faces: readonly AnyFace[]): LinkState =>
  worstFirst.find((state) => faces.some((face) => face.state === state)) ?? "none";

/** The faces of one device. */
export class Faces<D extends FaceDevice> {
  readonly #faces: Face<D>[] = [];
  /** The faces that could not start, with the cause. */
  readonly #broken = new Map<Face<D>, string>();

  /** Starts a face. Resolves when it has started, or failed to. */
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

  /** The worst state of the faces of one part. */
  stateOf(part: FacePart): LinkState {
    return worst(this.#faces.filter((face) => partOf(face) === part));
  }

  get failure(): string | undefined {
    return this.#failures[0]?.why;
  }

  /** The parts whose faces have failed. */
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
