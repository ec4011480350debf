/** Problems of a manifest: stable codes; each problem has its place, cause and next step. */
export type ManifestProblemCode =
  | "missing"
  | "unparseable"
  /** JSON, but not a valid manifest. */
  | "invalid"
  | "unknown-capability"
  /** A `$NAME` that the board does not define. */
  | "unknown-name"
  /** The same name listed twice. */
  | "pin-used-twice"
  /** Different names for one line or bus of the board. */
  | "two-names-on-one-pin";

export interface ManifestProblem {
  readonly code: ManifestProblemCode;
  /** Counts from 1; absent when the problem concerns the whole file. */
  readonly line?: number;
  readonly column?: number;
  /** The cause. */
  readonly message: string;
  /** The next step: what to change, and where. */
  readonly remedy: string;
}

export class ManifestError extends Error {
  readonly code: ManifestProblemCode;
  /** Never empty, in the order of the file; `code` is the code of the first. */
  readonly problems: readonly ManifestProblem[];

  constructor(problems: readonly ManifestProblem[]) {
    super(problems.map(manifestProblemText).join("\n"));
    this.name = "ManifestError";
    this.code = problems[0]?.code ?? "invalid";
    this.problems = problems;
  }
}

/** `line 12, column 5: cause; next step [code]`. */
export function manifestProblemText({ code, line, column, message, remedy }: ManifestProblem): string {
  const place = line === undefined ? "" : `line ${line}, column ${column}: `;
  return `${place}${message}; ${remedy} [${code}]`;
}
