/** Spreads numbered pieces of work over the processor's cores: each worker thread runs the entry's own file again. */
import { availableParallelism } from "node:os";
import { parentPort, Worker } from "node:worker_threads";

interface Answer<T> {
  readonly index: number;
  readonly result: T;
}

/**
 * The results in order. @param entry `import.meta.url` of the file that calls `serve` in a worker thread
 * @param each called with every result as it comes
 */
export async function spread<T>(
  entry: string,
  count: number,
  workerData: unknown,
  each: (index: number, result: T) => void,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const run = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL(entry), { workerData });
      const give = () => (next < count ? worker.postMessage(next++) : worker.postMessage(undefined));
      worker.on("message", ({ index, result }: Answer<T>) => {
        results[index] = result;
        each(index, result);
        give();
      });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      give();
    });
  await Promise.all(Array.from({ length: Math.min(count, availableParallelism()) }, run));
  return results;
}

/** In the worker thread: does the pieces that it is given, and ends with the last. */
export function serve<T>(work: (index: number) => T): void {
  parentPort?.on("message", (index: number | undefined) => {
    if (index === undefined) return parentPort?.close();
    parentPort?.postMessage({ index, result: work(index) } satisfies Answer<T>);
  });
}
