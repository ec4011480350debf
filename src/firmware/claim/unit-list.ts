/**
 * The list of units that are prepared at once: comma-separated values (RFC 4180) with an id in one column.
 *
 * Guarantee: every line that cannot be a unit is named by its number, all at once, before anything is made; two ids that
 * DPS or a folder's name would take for the same are duplicates.
 */
import { problemOfId } from "./registration-id.ts";

export interface ListedUnit {
  readonly id: string;
  /** Of its folder: ":" is not allowed in names on Windows. */
  readonly folder: string;
  readonly line: number;
}

export interface UnitList {
  readonly units: readonly ListedUnit[];
  /** "line 3: …". */
  readonly problems: readonly string[];
}

const mostUnits = 10_000;
/** Names that a first line may have for the column of the ids. */
const headings = ["id", "device", "deviceid", "registrationid"];

/**
 * The first column, or the one that a first line calls id. Empty lines and lines that begin with # do not count.
 * @param certificate whether each is to have one: shorter ids
 */
export function readUnitList(text: string, options: { readonly certificate: boolean }): UnitList {
  const problems: string[] = [];
  const units: ListedUnit[] = [];
  const seen = new Map<string, number>();
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  let column: number | undefined;
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const number = at + 1;
    const cells = cellsOf(line);
    if (column === undefined) {
      const heading = cells?.findIndex((cell) =>
        headings.includes(cell.toLowerCase().replaceAll(/[ _-]/g, "")),
      );
      column = Math.max(0, heading ?? 0);
      if (heading !== undefined && heading >= 0) continue;
    }
    const id = cells?.[column];
    const wrong = id === undefined ? "has a quote that is not closed, or no id" : problemOfId(id, options);
    if (id === undefined || wrong !== undefined) {
      problems.push(`line ${number}: ${id === undefined ? "it" : JSON.stringify(id.slice(0, 140))} ${wrong}`);
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
  if (units.length > mostUnits) problems.push(`it lists ${units.length} units; at most ${mostUnits} at once`);
  if (units.length === 0 && problems.length === 0) problems.push("it lists no unit");
  return { units, problems };
}

/** By comma, semicolon (as spreadsheets write it where the comma is the decimal sign) or tab. */
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
