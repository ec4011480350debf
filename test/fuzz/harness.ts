/**
 * Folder fuzz/: damaged input for everything that reads what others have written.
 *
 * A target that throws has found something, and so has one that never returns: a thread beside it then names the case
 * and ends the process. `FUZZ=100000` plays so many cases of each, `SEED=…` the same ones again, and `CASE=…` one alone.
 */
import { Worker } from "node:worker_threads";
import { mutated } from "./mutate.ts";

export interface Target {
  readonly name: string;
  /** Valid ones: what comes in is one of these, damaged. */
  readonly samples: readonly string[];
  /** Throws when the parser does what it must not; documented refusals are no finding. @returns whether it was taken */
  readonly read: (input: Buffer) => boolean | Promise<boolean>;
}

export interface Played {
  readonly cases: number;
  /** Of these the target took so many as valid: none would mean that it never gets beyond its first check. */
  readonly taken: number;
  readonly seconds: number;
  readonly slowestMs: number;
}

/** Cases whose seeds follow each other. @throws Error with the input, and how to play it again */
export async function fuzz(target: Target, seed: number, cases: number, only?: number): Promise<Played> {
  for (const sample of target.samples) {
    if (!(await target.read(Buffer.from(sample))))
      throw new Error(`${target.name} refuses a sample: ${sample}`);
  }
  const watch = watchFor(target.name, seed);
  try {
    return await play(
      target,
      seed,
      only === undefined ? { from: 0, to: cases } : { from: only, to: only + 1 },
      watch,
    );
  } finally {
    await watch.end();
  }
}

interface Watch {
  begins(number: number): void;
  end(): Promise<unknown>;
}

async function play(
  target: Target,
  seed: number,
  { from, to }: { readonly from: number; readonly to: number },
  watch: Watch,
): Promise<Played> {
  const began = performance.now();
  let [taken, slowestMs] = [0, 0];
  for (let number = from; number < to; number += 1) {
    watch.begins(number);
    const input = mutated(seed + number, target.samples);
    const beganCase = performance.now();
    try {
      if (await target.read(input)) taken += 1;
    } catch (cause) {
      const shown = JSON.stringify(input.toString("latin1").slice(0, 2000));
      throw new Error(`${target.name}, SEED=${seed} CASE=${number}: ${cause}\ninput (Latin-1): ${shown}`, {
        cause,
      });
    }
    slowestMs = Math.max(slowestMs, performance.now() - beganCase);
  }
  return { cases: to - from, taken, seconds: (performance.now() - began) / 1000, slowestMs };
}

/** Many times what a case takes on a machine that others use too. */
const longestCaseMs = 120_000;

/** A loop without end in the main thread leaves no other way to say which case it was. */
function watchFor(name: string, seed: number): Watch {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { workerData: { shared, name, seed, longest } } = require("node:worker_threads");
    let last = -1;
    setInterval(() => {
      const now = Atomics.load(shared, 0);
      if (now === last) {
        require("node:fs").writeSync(2, \`\${name}, SEED=\${seed} CASE=\${now}: hangs\\n\`);
        process.kill(process.pid, "SIGKILL");
      }
      last = now;
    }, longest);`;
  const watcher = new Worker(code, {
    eval: true,
    workerData: { shared, name, seed, longest: longestCaseMs },
  });
  watcher.unref();
  return {
    begins: (number) => void Atomics.store(shared, 0, number),
    end: () => watcher.terminate(),
  };
}
