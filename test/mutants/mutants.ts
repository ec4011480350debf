/**
 * `npm run mutants -- [FOLDER…] [--count N] [--seed N] [--workers N]`: do the tests notice a slip in the code?
 *
 * Makes N random mutants of each folder of src/, one at a time, and runs that folder's tests on each. Prints for every
 * mutant which test noticed it or that none did, the score of each folder and the seed that repeats the run. Exit code 1
 * when a folder scores below 90 %. On request only: a run takes an hour. A test that fails by itself on a busy machine
 * counts as one that noticed, so read which test it was.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { folders, type MutatedFolder } from "./folders.ts";
import { nearestTests } from "./nearest-tests.ts";
import { type Mutant, mutantsOf } from "./operators.ts";
import { runTests, type TestRun } from "./run-tests.ts";
import { ScratchTree } from "./scratch-tree.ts";

const root = process.cwd();
const lowestScore = 0.9;
/** A mutant may make a loop endless: several times what the tests take on the original, and a little more. */
const patience = 4;
const patienceMs = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "25" },
    seed: { type: "string", default: String(Math.floor(Date.now() / 1000)) },
    workers: { type: "string", default: "1" },
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
const chosen = folders.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
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
  const clean = await runTests(tree.path, folder, 3_600_000);
  if (clean.outcome !== "passed") {
    process.stdout.write(`${folder.name}: its tests fail without a mutant\n${clean.output}\n`);
    weak += 1;
    return;
  }
  const limitMs = clean.seconds * 1000 * patience + patienceMs;
  let dead = 0;
  const sample = sampleOf(folder, tree, randomFrom(`${seed} ${folder.name}`));
  for (const { file, mutant } of sample) {
    const original = tree.read(file);
    tree.write(file, original.slice(0, mutant.start) + mutant.replacement + original.slice(mutant.end));
    const nearest = nearestTests(tree.path, file);
    const run = await runTests(tree.path, { ...folder, nearest }, limitMs);
    tree.write(file, original);
    if (run.outcome !== "passed") dead += 1;
    const what = `${file}:${mutant.line} ${mutant.operator}`;
    process.stdout.write(`${folder.name}: ${verdictOf(run)} ${what}\n`);
  }
  const score = dead / sample.length;
  killed += dead;
  survived += sample.length - dead;
  if (score < lowestScore) weak += 1;
  const percent = (score * 100).toFixed(0);
  process.stdout.write(`${folder.name}: ${dead} of ${sample.length} killed, ${percent} % (SEED=${seed})\n`);
  tree.remove();
}

function verdictOf({ outcome, output }: TestRun): string {
  if (outcome === "passed") return "SURVIVED";
  if (outcome === "timed out") return "killed (the tests did not end)";
  return `killed (${/FAIL +(.+)/.exec(output)?.[1] ?? "no test could run"})`;
}

function sampleOf(
  folder: MutatedFolder,
  tree: ScratchTree,
  random: () => number,
): { file: string; mutant: Mutant }[] {
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
