/** One life of a process in virtual time: when it is killed, none of its timers comes any more and nothing it wrote goes on. */
import type { Clock } from "../../src/base/clock.ts";
import type { Millis, WallMillis } from "../../src/base/units.ts";
import type { DurableFiles } from "../../src/firmware/storage/durable-files.ts";

export class Life implements Clock {
  readonly #clock: Clock;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  end(): void {
    this.#ended = true;
  }

  now(): Millis {
    return this.#clock.now();
  }

  wallNow(): WallMillis {
    return this.#clock.wallNow();
  }

  setTimer(delay: Millis, fn: () => void): () => void {
    return this.#clock.setTimer(delay, () => {
      if (!this.#ended) fn();
    });
  }

  sleep(delay: Millis): Promise<void> {
    return new Promise((resolve) => void this.setTimer(delay, resolve));
  }

  /** The disk as this process has it: each call takes a while, fails as `fault` says, and never returns to the dead. */
  files(disk: DurableFiles, fault: () => DiskFault): DurableFiles {
    const call =
      <A extends unknown[], R>(act: (...args: A) => Promise<R>, writes = true) =>
      async (...args: A): Promise<R> => {
        const now = fault();
        await this.sleep((now === "slow" ? 4000 : 2) as Millis);
        // What hangs comes back with the disk, as a call into the kernel does.
        while (now === "hangs" && fault() === "hangs") await this.sleep(1000 as Millis);
        if (this.#ended) return new Promise<never>(() => {});
        if (writes && (now === "EIO" || now === "ENOSPC" || now === "EROFS"))
          throw Object.assign(new Error(now), { code: now });
        return await act(...args);
      };
    return {
      read: call(disk.read, false),
      writeDurably: call(disk.writeDurably),
      rename: call(disk.rename),
      link: call(disk.link),
      setAside: call(disk.setAside),
      boundKeptAside: (path) => call(disk.boundKeptAside)(path).catch(() => undefined),
      syncFolder: call(disk.syncFolder),
    };
  }
}

export const diskFaults = ["EIO", "ENOSPC", "EROFS", "slow", "hangs"] as const;
export type DiskFault = (typeof diskFaults)[number] | undefined;
