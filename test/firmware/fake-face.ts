/** A face whose state and failure are what a test says. */
import type { LinkState } from "../../src/control/input.ts";
import type { Device } from "../../src/firmware/device.ts";
import type { Face, FacePart } from "../../src/firmware/face.ts";

export class FakeFace implements Face {
  state: LinkState = "none";
  failure: string | undefined;
  readonly #device: Device;

  readonly part: FacePart;

  /** Started with this device. */
  constructor(device: Device, part: FacePart = "cloud") {
    this.#device = device;
    this.part = part;
    void device.addFace(this);
  }

  async start(): Promise<void> {}
  async close(): Promise<void> {}

  setState(state: LinkState): void {
    this.state = state;
    this.#device.faceChanged();
  }

  setFailure(failure: string | undefined): void {
    this.failure = failure;
    this.#device.faceChanged();
  }
}
