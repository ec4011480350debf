/**
 * Follows names through the layers of a board definition to a line or a bus: `RELAY` → `D16_YELLOW` → `GPIO16` → 16.
 *
 * Guarantee: a resolved name ends in one line or bus of its type; cycles and undefined names are problems.
 */
import type { BoardProblem, DefinitionFile, Peripheral } from "./file.ts";

export interface ResolvedName {
  readonly peripheral: Peripheral;
  /** BCM line, or I²C bus number. */
  readonly value: number;
  /** From the outermost layer that defines it. */
  readonly activeLevel: 0 | 1 | undefined;
  readonly bootLevel: 0 | 1 | undefined;
  /** Of an I²C bus: its data and clock line. */
  readonly lines: readonly number[];
}

export interface NameTable {
  /** Every defined name, resolvable or not. */
  readonly declared: ReadonlySet<string>;
  readonly resolved: ReadonlyMap<string, ResolvedName>;
  readonly problems: readonly BoardProblem[];
  readonly warnings: readonly BoardProblem[];
}

/** @param files importing files before imported ones */
export function resolveNames(files: readonly DefinitionFile[]): NameTable {
  const unusable = new Set(files.flatMap((file) => file.unusable));
  const declared = new Map<string, Peripheral>();
  const resolved = new Map<string, ResolvedName>();
  const problems: BoardProblem[] = [];
  const warnings: BoardProblem[] = [];
  for (const peripheral of files.flatMap((file) => file.peripherals)) {
    const first = declared.get(peripheral.name);
    if (first === undefined) {
      declared.set(peripheral.name, peripheral);
      continue;
    }
    // The outer layer must change: it depends on the inner one.
    const [renamed, kept] = first.file === peripheral.file ? [peripheral, first] : [first, peripheral];
    const message = `${renamed.name} is already defined at ${kept.file}:${kept.place.line}`;
    problems.push({ code: "duplicate-name", ...renamed.place, message, remedy: "give it another name" });
  }
  for (const peripheral of declared.values()) {
    const end = followMapping(peripheral, declared, unusable);
    if (end === undefined) continue;
    if ("code" in end) problems.push(end);
    else resolved.set(peripheral.name, end);
    const mapped = "mapping" in peripheral.target ? declared.get(peripheral.target.mapping) : undefined;
    if (mapped !== undefined && mapped.file === peripheral.file) {
      const message = `${peripheral.name} maps to ${mapped.name} of the same file`;
      const remedy = "map it to the name of the imported layer";
      warnings.push({ code: "indirect-mapping", ...peripheral.place, message, remedy });
    }
  }
  warnings.push(...twoNamesOnOnePin(resolved));
  return { declared: new Set([...unusable, ...declared.keys()]), resolved, problems, warnings };
}

function followMapping(
  start: Peripheral,
  declared: ReadonlyMap<string, Peripheral>,
  unusable: ReadonlySet<string>,
): ResolvedName | BoardProblem | undefined {
  const visited = new Set<Peripheral>();
  let { activeLevel } = start;
  let current = start;
  while ("mapping" in current.target) {
    visited.add(current);
    const next = declared.get(current.target.mapping);
    if (next === undefined) {
      if (unusable.has(current.target.mapping)) return undefined; // Its own problem is reported elsewhere.
      const message = `${start.name} maps to ${current.target.mapping}, which no layer defines`;
      const remedy = "use a name of the imported file, or import the file that has it";
      return { code: "nonexistent-mapping", ...start.place, message, remedy };
    }
    if (visited.has(next)) {
      const message = `${start.name} maps to itself through ${current.name}`;
      const remedy = "map one of them to a name of the chip";
      return { code: "mapping-cycle", ...start.place, message, remedy };
    }
    if (next.type !== start.type) {
      const message = `${start.name} is a ${start.type} but maps to ${next.name}, a ${next.type}`;
      return { code: "invalid-type", ...start.place, message, remedy: `map it to a ${start.type}` };
    }
    activeLevel ??= next.activeLevel;
    current = next;
  }
  const { bootLevel, lines, target } = current;
  return { peripheral: start, value: target.value, activeLevel, bootLevel, lines };
}

/** Normal between layers, but probably a mistake inside one file. */
function* twoNamesOnOnePin(resolved: ReadonlyMap<string, ResolvedName>): Generator<BoardProblem> {
  const owners = new Map<string, Peripheral>();
  for (const { peripheral, value } of resolved.values()) {
    const pin = `${peripheral.file} ${peripheral.type} ${value}`;
    const first = owners.get(pin);
    if (first === undefined) {
      owners.set(pin, peripheral);
      continue;
    }
    const message = `${peripheral.name} and ${first.name} are both ${peripheral.type} ${value}`;
    const remedy = "remove one of the two names";
    yield { code: "two-names-on-one-pin", ...peripheral.place, message, remedy };
  }
}
