/**
 * Assigns a line to each role of the firmware: the safety-relevant part of a board definition.
 *
 * Guarantees: no two roles share a line, nor does a role with the I²C bus; the SoC's pull resistor holds the relay's line
 * at its off level from reset until the firmware drives it (SR-01).
 */
import type { WiredLine } from "../../chips/wiring.ts";
import type { BoardProblem, DefinitionFile } from "./file.ts";
import type { NameTable, ResolvedName } from "./names.ts";

const gpioRoles = {
  relay: "RELAY",
  buttonA: "BUTTON_A",
  buttonB: "BUTTON_B",
  modeButton: "MODE_BUTTON",
  modeLed: "MODE_LED",
  statusLed: "STATUS_LED",
} as const;
const busRole = "PANEL_I2C";

type GpioRole = keyof typeof gpioRoles;
export type Roles = { readonly [role in GpioRole]: WiredLine } & { readonly i2cBus: number };

/** The assigned roles, and the problems of the others. */
export function assignRoles(
  application: DefinitionFile,
  names: NameTable,
): { readonly roles: Partial<Roles>; readonly problems: readonly BoardProblem[] } {
  const problems: BoardProblem[] = [];
  const roles: { [role in GpioRole]?: WiredLine } & { i2cBus?: number } = {};
  const owners = new Map<number, string>();
  const claim = (line: number, name: string, at: ResolvedName) => {
    const owner = owners.get(line);
    owners.set(line, owner ?? name);
    if (owner === undefined) return;
    const message = `${name} and ${owner} are both on line ${line}`;
    problems.push({
      code: "line-shared",
      ...at.peripheral.place,
      message,
      remedy: "move one to another socket",
    });
  };
  const find = (name: string, type: "Gpio" | "I2cMaster"): ResolvedName | undefined => {
    const found = names.resolved.get(name);
    if (found === undefined) {
      if (names.declared.has(name)) return undefined; // Its own problem is reported elsewhere.
      const message = `there is no ${name}`;
      const remedy = `add { "Name": "${name}", "Type": "${type}", "Mapping": … } to Peripherals`;
      problems.push({ code: "role-missing", file: application.file, message, remedy });
    } else if (found.peripheral.type !== type) {
      const message = `${name} is a ${found.peripheral.type}`;
      problems.push({
        code: "invalid-type",
        ...found.peripheral.place,
        message,
        remedy: `make it a ${type}`,
      });
      return undefined;
    }
    return found;
  };

  const bus = find(busRole, "I2cMaster");
  if (bus !== undefined) {
    roles.i2cBus = bus.value;
    for (const line of bus.lines) claim(line, busRole, bus);
  }
  for (const [role, name] of Object.entries(gpioRoles) as [GpioRole, string][]) {
    const found = find(name, "Gpio");
    if (found === undefined) continue;
    claim(found.value, name, found);
    if (found.activeLevel === undefined) {
      const message = `${name} has no "ActiveLevel"`;
      const remedy = 'add "ActiveLevel": "high" or "low": the level that means on, lit or pressed';
      problems.push({ code: "invalid", ...found.peripheral.place, message, remedy });
      continue;
    }
    if (role === "relay") problems.push(...relayHazard(found));
    const { target } = found.peripheral;
    roles[role] = {
      name,
      line: found.value,
      activeLevel: found.activeLevel,
      ...(found.bootLevel !== undefined && { bootLevel: found.bootLevel }),
      ...("mapping" in target ? { socket: target.mapping } : {}),
    };
  }
  return { roles, problems };
}

/** From reset until the firmware drives the line, only the SoC's pull decides whether the heater is on. */
function relayHazard({ peripheral, value, activeLevel, bootLevel }: ResolvedName): BoardProblem[] {
  if (bootLevel !== undefined && bootLevel !== activeLevel) return [];
  const state = bootLevel === undefined ? "floats" : `is pulled ${bootLevel === 1 ? "up" : "down"}`;
  const message = `the relay's line ${value} ${state} while the board boots: the heater could be on unattended`;
  const remedy = "put the relay on a socket whose line boots pulled to its off level: D16 or higher";
  return [{ code: "relay-unsafe-at-boot", ...peripheral.place, message, remedy }];
}
