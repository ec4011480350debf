/**
 * Folder definition/: reads the board definitions in boards/: chip, hat, application.
 *
 * Board definitions: the lines of a hat, in three layers of JSON files (boards/).
 *
 * Guarantees: a board is returned only when every role has a line or bus of its own with a known polarity, and the
 * relay is off from reset on (SR-01). All problems are reported at once, each with its position.
 */
import { join } from "node:path";
import type { ResolvedPeripheral, Wiring } from "../../chips/wiring.ts";
import type { BoardProblem, BoardProblemCode, DefinitionFile } from "./file.ts";
import { type DefinitionSource, loadFiles } from "./imports.ts";
import { type ResolvedName, resolveNames } from "./names.ts";
import { assignRoles, type Roles } from "./roles.ts";

export type { BoardProblem, BoardProblemCode } from "./file.ts";
export type { DefinitionSource } from "./imports.ts";

export interface Board {
  readonly wiring: Wiring;
  readonly warnings: readonly BoardProblem[];
  /** Resolves a name of any layer, such as `$RELAY`; `undefined` for an unknown one. */
  resolveName(name: string): ResolvedPeripheral | undefined;
}

/** Enough to force the relay off when the rest of a definition is unusable. */
export type RelayWiring = Pick<Wiring, "relay" | "backend" | "gpioChipLabels">;

export class BoardError extends Error {
  readonly code: BoardProblemCode;
  /** Never empty; `code` is that of the first. */
  readonly problems: readonly BoardProblem[];
  /** The relay, if only other parts are invalid: it can still be forced off. */
  readonly relay: RelayWiring | undefined;

  constructor(problems: readonly BoardProblem[], relay: RelayWiring | undefined) {
    super(problems.map(boardProblemText).join("\n"));
    this.name = "BoardError";
    this.code = problems[0]?.code ?? "invalid";
    this.problems = problems;
    this.relay = relay;
  }
}

/** `file:line:column: cause; next step [code]`. */
export function boardProblemText({ code, file, line, column, message, remedy }: BoardProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  return `${place}: ${message}; ${remedy} [${code}]`;
}

/**
 * Loads a board by the name of a shipped definition ("grove-heater-pi") or by the path of a file.
 * @throws BoardError with every problem found
 */
export function loadBoard(nameOrPath: string, source: DefinitionSource): Board {
  const isName = /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(nameOrPath);
  const loaded = loadFiles(isName ? join(source.folder, `${nameOrPath}.json`) : nameOrPath, source);
  const [application] = loaded.files;
  if (application === undefined) throw new BoardError(loaded.problems, undefined);
  const names = resolveNames(loaded.files);
  const assigned = assignRoles(application, names);
  const chips = loaded.files.filter((file) => file.backend !== undefined);
  // With a missing file, its definitions are missing too: those problems would only hide the cause.
  const consequences = [...names.problems, ...oneChip(application, chips), ...assigned.problems];
  const problems = loaded.complete ? [...loaded.problems, ...consequences] : loaded.problems;
  const [{ backend = undefined, gpioChipLabels = [] } = {}] = chips;
  const { roles } = assigned;
  if (backend === undefined || problems.length > 0 || !isComplete(roles)) {
    const { relay } = roles;
    const known = backend !== undefined && relay !== undefined;
    throw new BoardError(problems, known ? { relay, backend, gpioChipLabels } : undefined);
  }
  return {
    wiring: { board: application.name, backend, gpioChipLabels, ...roles },
    warnings: names.warnings,
    resolveName: (name) =>
      name.startsWith("$") ? toPeripheral(names.resolved.get(name.slice(1))) : undefined,
  };
}

function oneChip(application: DefinitionFile, chips: readonly DefinitionFile[]): BoardProblem[] {
  if (chips.length === 1) return [];
  const message =
    chips.length === 0 ? 'imports no chip (a file with "Backend")' : "imports more than one chip";
  return [
    { code: "invalid", file: application.file, message, remedy: "import exactly one hat of boards/hats" },
  ];
}

/** `assignRoles` has a problem for each missing role, so this only tells the compiler. */
function isComplete(roles: Partial<Roles>): roles is Roles {
  return Object.keys(roles).length === 7;
}

function toPeripheral(name: ResolvedName | undefined): ResolvedPeripheral | undefined {
  if (name === undefined) return undefined;
  const { peripheral, value, lines } = name;
  return peripheral.type === "Gpio"
    ? { type: "Gpio", line: value }
    : { type: "I2cMaster", bus: value, lines };
}
