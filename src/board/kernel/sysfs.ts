/**
 * The few file operations that sysfs needs, synchronous and replaceable in tests.
 *
 * Guarantee: no call waits for a device, because a sysfs file holds one short value. No call waits for the
 * other end of a FIFO that stands in for a virtual line. Every error carries the system's errno code
 * unchanged.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from "node:fs";

export interface SysFiles {
  exists(path: string): boolean;
  /** Names in a directory. @throws with `code` ENOENT, EACCES … */
  list(path: string): string[];
  /** Content without the trailing line end. @throws with an errno `code` */
  read(path: string): string;
  /** @throws with an errno `code` */
  write(path: string, text: string): void;
  /** @returns whether this process may write the file */
  writable(path: string): boolean;
  /** Blocks the thread. Use it only for the guardian's short retries, never in the loop process. */
  blockFor(ms: number): void;
}

// `readFileSync` accepts numeric flags, but its type only allows flag names.
const readAtOnce = (constants.O_RDONLY | constants.O_NONBLOCK) as unknown as string;

export const systemFiles: SysFiles = {
  exists: (path) => existsSync(path),
  list: (path) => readdirSync(path),
  read: (path) => readFileSync(path, { encoding: "utf8", flag: readAtOnce }).trim(),
  write(path, text) {
    // No O_CREAT: a file missing from sysfs is an error. No O_RDWR: `export` is write-only.
    const file = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
  },
  writable(path) {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
  blockFor(ms) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },
};
