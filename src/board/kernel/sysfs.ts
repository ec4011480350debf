/**
 * The few file operations that sysfs needs, synchronous and replaceable in tests.
 *
 * Guarantee: sysfs files hold one short value each, so none of these calls waits for a device, nor for the other end of
 * a FIFO in the place of a virtual line; what fails carries the system's errno code unchanged.
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
  /** May this process write the file? */
  writable(path: string): boolean;
  /** Blocks the thread: only for the guardian's short retries, never in the control process. */
  blockFor(ms: number): void;
}

// The file system's functions take numbers as flags; the type of `readFileSync` knows their names alone.
const readAtOnce = (constants.O_RDONLY | constants.O_NONBLOCK) as unknown as string;

export const systemFiles: SysFiles = {
  exists: (path) => existsSync(path),
  list: (path) => readdirSync(path),
  read: (path) => readFileSync(path, { encoding: "utf8", flag: readAtOnce }).trim(),
  write(path, text) {
    // Neither O_CREAT (a file that sysfs does not have is an error) nor O_RDWR: `export` refuses readers.
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
