/**
 * Folder chips/: what each chip says on its bus: drivers and codecs over a port, the same on a Pi and in the
 * simulation.
 *
 * The I²C bus as chips see it: whole transfers, one after the other, each bounded in time.
 *
 * Guarantee asked of every implementation: transfers run in the order of the calls and never interleave; each
 * settles; a failure is a BusError with one of the codes below, and does not spoil the transfers after it.
 */
export type BusErrorCode =
  /** No answer to the address (EREMOTEIO, ENXIO): absent, or disturbed for a moment. */
  | "nack"
  /** The transfer took too long (ETIMEDOUT): a stuck bus. */
  | "timeout"
  /** Lost arbitration or a bus error (EAGAIN, EIO). */
  | "io"
  /** Another driver holds the address (EBUSY). */
  | "busy"
  /** There is no such bus (ENOENT). */
  | "absent"
  /** Not permitted, by the system (EACCES) or by the manifest (EPERM). */
  | "denied"
  /** The package or its native part is missing. */
  | "no-driver";

export class BusError extends Error {
  readonly code: BusErrorCode;
  constructor(code: BusErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BusError";
    this.code = code;
  }
  /** Worth another try at once; the rest is configuration. */
  get transient(): boolean {
    return this.code === "nack" || this.code === "timeout" || this.code === "io";
  }
}

export interface I2cBus {
  /** @param address 7-bit. @throws BusError (as a rejection) */
  write(address: number, bytes: Uint8Array): Promise<void>;
  /** Resolves to exactly `length` bytes. @throws BusError (as a rejection) */
  read(address: number, length: number): Promise<Uint8Array>;
  /** Waits for transfers under way; later ones are refused. */
  close(): Promise<void>;
}
