/**
 * `npm run mutants -- [FOLDER…] [--count N] [--seed N] [--from N] [--nearby] [--workers N]`: do the tests notice a slip
 * in the code?
 *
 * Makes N random mutants of each folder of src/, one at a time, and runs that folder's tests on each. Prints for every
 * mutant which test noticed it or that none did, the score of each folder and the seed that repeats the run. Exit code 1
 * when a folder scores below 90 %. On request only: a run takes an hour.
 *
 * --nearby asks only the tests that are nearest to a mutant, which is quicker and the stricter measure; --from goes on
 * with the Nth mutant of each folder.
 *
 * Guarantee: neither a busy machine nor a test that always fails here raises the score (judge.ts).
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../../src/base/errors.ts";
import { folders, type MutatedFolder } from "./folders.ts";
import { Judge } from "./judge.ts";
import { nearestTests } from "./nearest-tests.ts";
import { type Mutant, mutantsOf } from "./operators.ts";
import { runTests } from "./run-tests.ts";
import { ScratchTree } from "./scratch-tree.ts";

interface Slip {
  readonly file: string;
  readonly mutant: Mutant;
}

const root = process.cwd();
const lowestScore = 0.9;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "25" },
    seed: { type: "string", default: String(Math.floor(Date.now() / 1000)) },
    workers: { type: "string", default: "1" },
    from: { type: "string", default: "1" },
    nearby: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);
const unknown = positionals.filter((name) => !folders.some((folder) => folder.name === name));
if (unknown.length > 0 || !Number.isInteger(seed) || !(count > 0)) {
  const names = folders.map(({ name }) => name).join(", ");
  process.stderr.write(`usage: npm run mutants -- [FOLDER…] [--count N] [--seed N]; folders: ${names}\n`);
  process.exit(64);
}
const names = positionals.length === 0 ? folders.map(({ name }) => name) : positionals;
const chosen = names.flatMap((name) => folders.filter((folder) => folder.name === name));
process.stdout.write(`SEED=${seed}, ${count} mutants a folder\n`);
let weak = 0;
let killed = 0;
let survived = 0;
const queue = [...chosen];
await Promise.all(Array.from({ length: Number(values.workers) }, (_, index) => work(index)));
process.stdout.write(`SEED=${seed}: ${killed} of ${killed + survived} mutants killed\n`);
process.exitCode = weak === 0 ? 0 : 1;

async function work(worker: number): Promise<void> {
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift())
    await examine(folder, worker);
}

async function examine(folder: MutatedFolder, worker: number): Promise<void> {
  const tree = new ScratchTree(root, join(root, ".cache", "mutants", `tree-${worker}`));
  const judge = new Judge(
    {
      read: (file) => tree.read(file),
      write: (file, text) => tree.write(file, text),
      nearestTests: (file) => nearestTests(tree.path, file),
      run: (tests, limitMs) => runTests(tree.path, tests, limitMs),
    },
    folder,
  );
  const sample = sampleOf(folder, tree, randomFrom(`${seed} ${folder.name}`)).slice(Number(values.from) - 1);
  const say = (verdict: string, { file, mutant }: Slip): void => {
    process.stdout.write(`${folder.name}: ${verdict} ${file}:${mutant.line} ${mutant.operator}\n`);
  };
  const left: Slip[] = [];
  for (const slip of sample) {
    const noticed = await verdictOn(slip, () => judge.noticedNearby(slip.file, slip.mutant));
    const verdict = values.nearby ? "SURVIVED" : "not noticed nearby:";
    say(noticed === undefined ? verdict : `killed (${noticed})`, slip);
    if (noticed === undefined) left.push(slip);
  }
  let dead = sample.length - left.length;
  // All tests of a folder take minutes, so only what is left is shown to them.
  for (const slip of values.nearby ? [] : left) {
    const noticed = await verdictOn(slip, () => judge.noticed(slip.file, slip.mutant));
    say(noticed === undefined ? "SURVIVED" : `killed (${noticed})`, slip);
    if (noticed !== undefined) dead += 1;
  }
  const score = dead / sample.length;
  killed += dead;
  survived += sample.length - dead;
  if (score < lowestScore) weak += 1;
  const percent = (score * 100).toFixed(0);
  process.stdout.write(`${folder.name}: ${dead} of ${sample.length} killed, ${percent} % (SEED=${seed})\n`);
  tree.remove();
}

/** Without a verdict a mutant counts as one that nobody noticed, and the run goes on. */
async function verdictOn({ file, mutant }: Slip, judged: () => Promise<string | undefined>) {
  try {
    return await judged();
  } catch (error) {
    process.stdout.write(`no verdict on ${file}:${mutant.line}: ${messageOf(error)}\n`);
    return undefined;
  }
}

function sampleOf(folder: MutatedFolder, tree: ScratchTree, random: () => number): Slip[] {
  const all = filesOf(folder).flatMap((file) =>
    mutantsOf(file, tree.read(file)).map((mutant) => ({ file, mutant })),
  );
  const sample: typeof all = [];
  while (sample.length < count && all.length > 0) {
    sample.push(...all.splice(Math.floor(random() * all.length), 1));
  }
  return sample;
}

function filesOf({ sources, without = [] }: MutatedFolder): string[] {
  return sources.flatMap((source) =>
    readdirSync(join(root, source), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((file) => !without.some((prefix) => file.startsWith(prefix)))
      .toSorted(),
  );
}

/** mulberry32 over a hash of the text: the same text gives the same numbers. */
function randomFrom(text: string): () => number {
  let state = 0;
  for (const char of text) state = (Math.imul(state, 31) + char.charCodeAt(0)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
