/** `board`: shows the wiring of a board as a table, and lists the boards. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { boardProblemText } from "../board/definition/definition.ts";
import type { WiredLine, Wiring } from "../chips/wiring.ts";
import { chooseBoard } from "../firmware/choose-board.ts";
import { packageRoot } from "../firmware/process/package-root.ts";
import { readSettingsFile } from "../firmware/storage/settings-file.ts";
import { readContext } from "./line/context.ts";
import { print } from "./line/print.ts";
import { sharedFlags, type Verb } from "./line/verb.ts";

const { data, settings, json } = sharedFlags;

export const verb: Verb = {
  name: "board",
  summary: "Show the boards and their wiring",
  usage: "board [NAME] [FLAGS]",
  subverbs: "any",
  flags: { data, settings, json },
  notes: "NAME is a definition in boards/ or the path of a .json file. Exit code 78 if it is invalid.",
  async run(args) {
    const context = readContext(args);
    const { board: fromSettings, gpioBackend } = readSettingsFile(context.settingsFile).settings;
    const name = args.words[0] ?? fromSettings;
    const { board, wiring, why } = chooseBoard(name, context.data.path, { gpioBackend });
    if (args.has("json")) return print(JSON.stringify(wiring, null, 2));
    print(`${wiring.board} (${wiring.backend === "virtual" ? "virtual hat" : "real hat"}; ${why})\n`);
    print(wiringTable(wiring));
    for (const warning of board.warnings) print(`! ${boardProblemText(warning)}`);
    const others = readdirSync(join(packageRoot, "boards")).filter((file) => file.endsWith(".json"));
    return print(`\nBoards: ${others.map((file) => file.slice(0, -".json".length)).join(", ")}`);
  },
};

function wiringTable(wiring: Wiring): string {
  const rows: [role: string, wired: WiredLine][] = [
    ["relay", wiring.relay],
    ["button A (lower)", wiring.buttonA],
    ["button B (raise)", wiring.buttonB],
    ["mode button", wiring.modeButton],
    ["mode LED", wiring.modeLed],
    ["status LED", wiring.statusLed],
  ];
  const lines = rows.map(([role, { line, socket, activeLevel }]) =>
    [
      role.padEnd(18),
      (socket ?? "").padEnd(14),
      `GPIO${line}`.padEnd(8),
      `${activeLevel === 1 ? "high" : "low"} = on`,
    ].join(""),
  );
  return [...lines, `${"sensor, display".padEnd(18)}${"I2C".padEnd(14)}bus ${wiring.i2cBus}`].join("\n");
}
