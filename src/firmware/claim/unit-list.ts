/**
 * Reads the list of units to prepare: comma-separated values (RFC 4180) with the ids in one column.
 *
 * Guarantee: all invalid lines are reported at once, by their numbers, before anything is made; two ids that
 * DPS or a folder's name would treat as equal are duplicates.
 */
import { problemOfId } from "./registration-id.ts";

export interface ListedUnit {
  readonly id: string;
  /** Name of its folder: without ":", which Windows does not allow. */
  readonly folder: string;
  readonly line: number;
}

export interface UnitList {
  readonly units: readonly ListedUnit[];
  /** "line 3: …". */
  readonly problems: readonly string[];
}

const maxUnits = 10_000;
/** Names of the id column that a header line may use. */
const headings = ["id", "device", "deviceid", "registrationid"];

/**
 * The ids are in the column that a header line names, otherwise in the first. Empty lines and lines that begin
 * with # are ignored.
 * @param certificate whether each unit gets a certificate, which allows only shorter ids
 */
export function readUnitList(text: string, options: { readonly certificate: boolean }): UnitList {
  const problems: string[] = [];
  const units: ListedUnit[] = [];
  const seen = new Map<string, number>();
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  let column: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const number = index + 1;
    const cells = cellsOf(line);
    if (column === undefined) {
      const heading = cells?.findIndex((cell) =>
        headings.includes(cell.toLowerCase().replaceAll(/[ _-]/g, "")),
      );
      column = Math.max(0, heading ?? 0);
      if (heading !== undefined && heading >= 0) continue;
    }
    const id = cells?.[column];
    const problem = id === undefined ? "has an unclosed quote, or no id" : problemOfId(id, options);
    if (id === undefined || problem !== undefined) {
      problems.push(
        `line ${number}: ${id === undefined ? "it" : JSON.stringify(id.slice(0, 140))} ${problem}`,
      );
      continue;
    }
    const folder = id.replaceAll(":", "_");
    const before = seen.get(folder.toLowerCase());
    if (before !== undefined) {
      problems.push(`line ${number}: ${id} is the same as in line ${before}`);
      continue;
    }
    seen.set(folder.toLowerCase(), number);
    units.push({ id, folder, line: number });
  }
  if (units.length > maxUnits)
    problems.push(`it lists ${units.length} units; at most ${maxUnits} are allowed`);
  if (units.length === 0 && problems.length === 0) problems.push("it lists no unit");
  return { units, problems };
}

/** Splits at commas, tabs, or semicolons, which spreadsheets use where the comma is the decimal separator. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = [];
  const cell = /\s*(?:"((?:[^"]|"")*)"|([^",;\t]*))\s*(?:[,;\t]|$)/y;
  while (cell.lastIndex < line.length || cells.length === 0) {
    const found = cell.exec(line);
    if (found === null) return undefined;
    const [whole, quoted, plain = ""] = found;
    cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"').trim());
    if (whole === "") break;
  }
  return cells;
}
