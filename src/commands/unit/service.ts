/**
 * Folder unit/: verbs that set up and look after the unit on this machine.
 *
 * `service install | status | remove | print`: the firmware as a systemd service.
 */
import { resolve } from "node:path";
import { type BoardChoice, chooseBoard } from "../../firmware/choose-board.ts";
import { turnRelayOff } from "../../firmware/guardian/take-hardware.ts";
import { loadManifest } from "../../firmware/load-manifest.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { createLogger } from "../../firmware/process/logger.ts";
import { firmwareVersion, packageRoot } from "../../firmware/process/package-root.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { installService, serviceUnit } from "../../firmware/service/install.ts";
import { refuseWithoutRoot } from "../../firmware/service/refusals.ts";
import { removeService } from "../../firmware/service/remove.ts";
import { places, type System, systemOfThisMachine } from "../../firmware/service/system.ts";
import { boardOfUnit, isHealthy, lastLines, unitState } from "../../firmware/service/unit-state.ts";
import { readKey } from "../../firmware/update/trusted-keys.ts";
import type { TrustedKey } from "../../update/image/keys.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";
import { outcomeText, statusLines } from "../output/service-state.ts";

const { board, json } = sharedFlags;

export const verb: Verb = {
  name: "service",
  summary: "Install, show or remove the systemd service",
  usage: "service install|status|remove|print [FLAGS]",
  subverbs: ["install", "status", "remove", "print"],
  flags: {
    board,
    json,
    key: { value: "FILE", doc: "install: the owner's public key; updates signed with it are accepted" },
    "second-key": { value: "FILE", doc: "install: a second public key, for a change of keys" },
    data: { doc: "remove: also remove settings, state and credentials" },
  },
  notes: `
install copies the program and its Node.js to ${places.program}, makes the unit from the manifest, starts it, and waits for
its first decision. Repeated, it upgrades; the relay is off meanwhile. Where they are missing, it also adds the groups
i2c and gpio, udev rules, rules for the packet filter and a size limit for the journal. Data is in ${places.data}.
Updates (grove-heater update) are in ${places.data}/slots; the program that is installed here starts them. Keys that were
given once are kept over an upgrade; new ones replace all of them.
Credentials: ${places.data}/credentials.json (0600), or ${places.environment}, or encrypted:
  sudo systemd-creds encrypt --name=credentials.json FILE /etc/credstore.encrypted/grove-heater.credentials.json
Exit code 0 if the service works; 1 if it has made no decision or does not run; 69, 75 or 77 if the command was refused
and changed nothing.`,
  async run(args) {
    const print = (line: string): void => void process.stdout.write(`${line}\n`);
    const system = systemOfThisMachine(print);
    switch (args.words[0]) {
      case "install":
        return await install(system, args);
      case "status":
        return status(system, args);
      case "remove":
        return remove(system, args);
      case "print":
        process.stdout.write(serviceUnit(chosen(args.value("board") ?? "auto")));
        return exitCodes.ok;
      default:
        throw new StartupError(
          exitCodes.usage,
          "service needs a subcommand.",
          "Use one of: install, status, remove, print.",
        );
    }
  },
};

function chosen(name: string) {
  const choice = chooseBoard(name.endsWith(".json") ? resolve(name) : name, places.data);
  return { choice, manifest: loadManifest(choice) };
}

async function install(system: System, args: Arguments): Promise<number> {
  refuseWithoutRoot(system, thisCommand("install", args));
  const keys = givenKeys(args);
  const program = { root: packageRoot, node: process.execPath, version: firmwareVersion(), keys };
  const outcome = await installService(system, {
    program,
    ...chosen(args.value("board") ?? boardOfUnit(system)),
  });
  system.print(outcomeText(outcome));
  if (outcome.kind === "not-running") for (const line of lastLines(system, 10)) system.print(`  ${line}`);
  return outcome.kind === "decided" ? exitCodes.ok : exitCodes.findings;
}

/** @returns `undefined` when none is given. @throws StartupError */
function givenKeys(args: Arguments): readonly TrustedKey[] | undefined {
  const files = [args.value("key"), args.value("second-key")].filter((file) => file !== undefined);
  const keys = files.map((file) => {
    const key = readKey(file);
    if (typeof key !== "string") return key;
    throw new StartupError(exitCodes.configuration, key, "Make a pair: grove-heater image keys NAME");
  });
  return keys.length === 0 ? undefined : keys;
}

/** The command as typed, with full paths, which sudo needs. */
const thisCommand = (word: string, args: Arguments): string => {
  const given = (name: string): string => {
    const value = args.value(name);
    return value === undefined ? "" : ` --${name} ${value}`;
  };
  const flags = ["board", "key", "second-key"].map(given).join("");
  return `${process.execPath} ${process.argv[1]} service ${word}${flags}${args.has("data") ? " --data" : ""}`;
};

function status(system: System, args: Arguments): number {
  const state = unitState(system);
  const healthy = isHealthy(state);
  if (args.has("json")) system.print(JSON.stringify({ ...state, healthy }, null, 2));
  else for (const line of statusLines(state)) system.print(line);
  return healthy ? exitCodes.ok : exitCodes.findings;
}

function remove(system: System, args: Arguments): number {
  refuseWithoutRoot(system, thisCommand("remove", args));
  const log = createLogger({ clock: systemClock, level: "warn", format: "text", write: system.print });
  const name = args.value("board") ?? boardOfUnit(system);
  const choose = (): BoardChoice => chooseBoard(name, places.data);
  const relayOff = (): boolean => {
    try {
      return turnRelayOff({ dataPath: places.data, log, force: false, choose });
    } catch (error) {
      // Another process drives it, or the board is invalid: the service is removed anyway.
      if (!(error instanceof StartupError)) throw error;
      system.print(`${error.message} ${error.remedy}`);
      return false;
    }
  };
  const isOff = removeService(system, { data: args.has("data"), relayOff });
  return isOff ? exitCodes.ok : exitCodes.unavailable;
}
