/** `claim batch FILE.csv`: one folder for each unit of a list, ready for its first boot. */
import { resolve } from "node:path";
import { type BatchProof, type BatchResult, prepareUnits } from "../../../firmware/claim/batch.ts";
import { readRequired } from "../../../firmware/claim/claim.ts";
import { defaultCaFolder, deviceDays, openOwnerCa } from "../../../firmware/claim/owner-ca.ts";
import { batchSteps } from "../../../firmware/claim/steps.ts";
import { readUnitList } from "../../../firmware/claim/unit-list.ts";
import { exitCodes, StartupError } from "../../../firmware/process/exit-codes.ts";
import { systemClock } from "../../../firmware/process/system-clock.ts";
import { places } from "../../../firmware/service/system.ts";
import { oneOf, wholeNumber } from "../../line/context.ts";
import { print } from "../../line/print.ts";
import type { Arguments } from "../../line/verb.ts";
import { needed, readGroupKey } from "./derive-key.ts";

const types = ["x509", "symmetric-key"] as const;
/** Enough for 10,000 units with a comment each. */
const maxListBytes = 1 << 20;

export async function claimBatch(args: Arguments): Promise<number> {
  const [, file, more] = args.words;
  if (file === undefined || more !== undefined) {
    const next =
      "Give one list of units: a CSV file with an id in each line; more: grove-heater claim --help";
    throw new StartupError(exitCodes.usage, "claim batch needs exactly one file.", next);
  }
  const type = oneOf(args, "type", types, "x509");
  const idScope = needed(args, "id-scope", "DPS's id scope", "claim");
  const out = resolve(needed(args, "out", "the folder to write to", "claim"));
  const { units, problems } = readUnitList(readRequired(file, maxListBytes), {
    certificate: type === "x509",
  });
  if (problems.length > 0) {
    throw new StartupError(
      exitCodes.configuration,
      `${file} cannot be used, and nothing was made:\n  ${problems.slice(0, maxListed).join("\n  ")}${moreOf(problems)}`,
      "Correct these lines, and run this again.",
    );
  }
  const dataPath = places.data.slice(1);
  const proof = await proofOf(args, type);
  const result = await prepareUnits({
    units,
    out,
    dataPath,
    idScope,
    endpoint: args.value("endpoint"),
    proof,
  });
  if (args.has("json")) print(JSON.stringify({ out, ...result }, null, 2));
  else report(result, out, dataPath, type === "symmetric-key");
  return result.others.length > 0 ? exitCodes.findings : exitCodes.ok;
}

const maxListed = 50;
const moreOf = (all: readonly string[]): string =>
  all.length > maxListed ? `\n  and ${all.length - maxListed} more` : "";

async function proofOf(args: Arguments, type: (typeof types)[number]): Promise<BatchProof> {
  if (type === "symmetric-key") return { type, groupKey: await readGroupKey(args) };
  const wallMs = systemClock.wallNow();
  const ca = await openOwnerCa(args.value("ca") ?? defaultCaFolder(process.env), wallMs);
  return { type, ca, wallMs, days: wholeNumber(args, "days", { least: 1, most: 36_500 }, deviceDays) };
}

function report({ made, kept, others }: BatchResult, out: string, dataPath: string, isKey: boolean): void {
  print(`${out}: ${made.length} made, ${kept.length} existed already`);
  for (const { id, why } of others)
    print(`✗ ${id} was not changed: ${why}. Remove its folder, or choose another --out.`);
  print(batchSteps(out, dataPath, isKey));
}
