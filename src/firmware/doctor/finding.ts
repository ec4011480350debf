/** The result of one check; every warning and every problem comes with its remedy. */

export type FindingStatus =
  | "ok"
  /** The heater runs, but a person should check it. */
  | "warn"
  /** The heater cannot run correctly until it is fixed. */
  | "fail"
  /** Not checked; `detail` says why. */
  | "skip";

export interface Finding {
  /** Stable, in kebab case: a script may rely on it. */
  readonly check: string;
  readonly status: FindingStatus;
  readonly detail: string;
  /** What to do now; present for every "warn" and "fail". */
  readonly remedy?: string;
}

export const ok = (check: string, detail: string): Finding => ({ check, status: "ok", detail });
export const skip = (check: string, detail: string): Finding => ({ check, status: "skip", detail });
export const warn = (check: string, detail: string, remedy: string): Finding => {
  return { check, status: "warn", detail, remedy };
};
export const fail = (check: string, detail: string, remedy: string): Finding => {
  return { check, status: "fail", detail, remedy };
};

export type Tally = Readonly<Record<FindingStatus, number>>;

export function tally(findings: readonly Finding[]): Tally {
  const counts = { ok: 0, warn: 0, fail: 0, skip: 0 };
  for (const { status } of findings) counts[status] += 1;
  return counts;
}
