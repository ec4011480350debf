/** What people and disks hand to the firmware: manifest, board, settings, scenario, credentials, stored state. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readChecked, withChecksum } from "../../../src/base/files/checked-text.ts";
import { millis, wallMillis } from "../../../src/base/units.ts";
import { BoardError, loadBoard } from "../../../src/board/definition/definition.ts";
import { parseDurable } from "../../../src/control/durable.ts";
import { start, step } from "../../../src/control/step.ts";
import { toDurable } from "../../../src/control/to-durable.ts";
import { StartupError } from "../../../src/firmware/process/exit-codes.ts";
import { packageRoot } from "../../../src/firmware/process/package-root.ts";
import { parseSettingsText } from "../../../src/firmware/storage/settings-file.ts";
import { decode, encode } from "../../../src/firmware/storage/state-store.ts";
import { ManifestError, parseManifest, parseManifestWithoutHat } from "../../../src/manifest/manifest.ts";
import { defaultSettings } from "../../../src/model/settings.ts";
import { parseScenario } from "../../../src/simulation/scenario/scenario.ts";
import { scenarioNames, scenarioText } from "../../../src/simulation/scenario/scenarios.ts";
import type { Target } from "../harness.ts";

const text = (...path: string[]): string => readFileSync(join(packageRoot, ...path), "utf8");

/** @returns whether `action` went through; a refusal of one of these kinds is one that is documented */
function taken(action: () => unknown, ...refusals: (new (...args: never[]) => Error)[]): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (refusals.some((kind) => error instanceof kind)) return false;
    throw error;
  }
}

const boards = join(packageRoot, "boards");
const pi = loadBoard("grove-heater-pi", { folder: boards, readFile: (path) => readFileSync(path, "utf8") });
/** One layer of the board is the damaged text, the others are as they were shipped. */
const boardLayer = (...path: string[]): Target => ({
  name: `board: ${path.at(-1)}`,
  samples: [text("boards", ...path)],
  read(input) {
    const damaged = join(boards, ...path);
    const readFile = (file: string): string =>
      file === damaged ? input.toString() : readFileSync(file, "utf8");
    return taken(() => loadBoard("grove-heater-pi", { folder: boards, readFile }), BoardError);
  },
});

const state = JSON.stringify(toDurable(started(undefined)));

function started(durable: ReturnType<typeof parseDurable>) {
  const conditions = { nowMs: millis(0), wallMs: wallMillis(1_780_000_000_000), firmware: "0.1.0" };
  return start(defaultSettings, durable, conditions);
}

/** What a state file holds, as far as into a device that runs on it for an hour, without a sensor. */
function readState(input: Buffer): boolean {
  const found = decode(input.toString());
  if ("reason" in found) return false;
  const durable = parseDurable(found.document);
  if (durable === undefined) return false;
  let device = started(durable);
  for (const minute of [0, 1, 60]) {
    const calm = { buttons: [], relayLine: false, requests: [], link: "none", failing: [] } as const;
    const wallMs = wallMillis(1_780_000_000_000 + minute * 60_000);
    const { state: next, commands } = step(device, { ...calm, wallMs }, millis(minute * 60_000));
    if (commands.heater) throw new Error("a stored state has switched the heater on");
    if (parseDurable(JSON.parse(JSON.stringify(toDurable(next)))) === undefined)
      throw new Error("what comes of a stored state cannot be stored");
    device = next;
  }
  return true;
}

export const fileTargets: readonly Target[] = [
  {
    name: "manifest",
    samples: [text("manifest", "app_manifest.json")],
    read: (input) =>
      taken(() => {
        const words = input.toString();
        parseManifest(words, (name) => pi.resolveName(name));
        parseManifestWithoutHat(words);
      }, ManifestError),
  },
  boardLayer("grove-heater-pi.json"),
  boardLayer("hats", "grove-base-hat.json"),
  boardLayer("chips", "raspberry-pi.json"),
  {
    name: "settings",
    samples: [JSON.stringify(defaultSettings), '{"targetMin":5,"board":"auto"}', "{}"],
    read: (input) => taken(() => parseSettingsText(input.toString(), "settings.json"), StartupError),
  },
  {
    name: "scenario",
    samples: scenarioNames.map(scenarioText),
    read: (input) => parseScenario(input.toString()).ok,
  },
  { name: "state file", samples: [encode(state)], read: readState },
  {
    name: "stored state",
    samples: [state],
    read: (input) => readState(Buffer.from(encode(input.toString()))),
  },
  {
    name: "checked text",
    samples: [withChecksum("{}"), withChecksum("a\nsha256 b\n"), "{}"],
    read: (input) => readChecked(input.toString()) !== undefined,
  },
];
