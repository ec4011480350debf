/** The package i2c-bus brings no types; these are the few that i2c.ts uses. */
declare module "i2c-bus" {
  export interface PromisifiedBus {
    i2cRead(address: number, length: number, buffer: Buffer): Promise<{ bytesRead: number }>;
    i2cWrite(address: number, length: number, buffer: Buffer): Promise<{ bytesWritten: number }>;
    close(): Promise<void>;
  }
  export function openPromisified(bus: number): Promise<PromisifiedBus>;
}
