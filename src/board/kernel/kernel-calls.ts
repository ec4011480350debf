/**
 * The calls to the kernel that Node.js does not offer (native/kernel-calls.c), as the build made them.
 *
 * Guarantee: loaded once, by the first call; none of them waits.
 */
import { getSystemErrorName } from "node:util";
import type { Flock } from "../../base/files/file-lock.ts";

export interface KernelCalls {
  /** @returns 0 or the errno */
  ioctl(descriptor: number, request: number, bytes: Uint8Array): number;
  /** Tries flock(2), without waiting. @returns 0 or the errno */
  flock(descriptor: number, shared: boolean): number;
}

const loaded = new Map<string, KernelCalls>();

/** @throws the system's error where the build had no C compiler, or made it for another machine */
export function kernelCalls(path: string): KernelCalls {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const module = { exports: {} as KernelCalls };
  process.dlopen(module, path);
  loaded.set(path, module.exports);
  return module.exports;
}

/** Such as "EAGAIN". @param errno positive, as the calls return it */
export const errnoName = (errno: number): string => getSystemErrorName(-errno);

/** The lock on an open file, where the build had a C compiler: it needs no process, and no memory for one. */
export const kernelFlock =
  (path: string): Flock =>
  (file, mode) => {
    let calls: KernelCalls;
    try {
      calls = kernelCalls(path);
    } catch {
      return undefined;
    }
    const errno = calls.flock(file, mode === "shared");
    if (errno === 0) return "locked";
    // EWOULDBLOCK is the same number (flock(2), "ERRORS").
    const name = errnoName(errno);
    return name === "EAGAIN" ? "busy" : { failed: `the kernel's flock failed (${name})` };
  };
