/**
 * Folder chips/: the chips' protocols: drivers and codecs over a port, the same on a Pi and in the simulation.
 *
 * The I²C bus port: whole transfers, one after the other, each bounded in time.
 *
 * Every implementation must guarantee: transfers run in the order of the calls and never interleave; each settles; a
 * failure is a BusError with one of the codes below, and does not affect later transfers.
 */
export type BusErrorCode =
  /** The address is not acknowledged (EREMOTEIO, ENXIO): absent, or a transient error. */
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
  /** Worth an immediate retry; other errors are configuration errors. */
  get transient(): boolean {
    return this.code === "nack" || this.code === "timeout" || this.code === "io";
  }
}

export interface I2cBus {
  /** @param address 7-bit. @throws BusError (as a rejection) */
  write(address: number, bytes: Uint8Array): Promise<void>;
  /** Resolves to exactly `length` bytes. @throws BusError (as a rejection) */
  read(address: number, length: number): Promise<Uint8Array>;
  /** Waits for pending transfers; later ones are rejected. */
  close(): Promise<void>;
}
