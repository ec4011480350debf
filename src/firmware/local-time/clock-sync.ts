/**
 * What sets the clock of this machine, and whether it has done so since the start. A Pi without a battery for its clock
 * starts at the time of its last shutdown: a plausible time, and a wrong one.
 */

/** As the doctor's `Machine`. */
export interface SystemFiles {
  read(path: string): string | undefined;
  kind(path: string): "file" | "folder" | undefined;
}

export type ClockSync =
  | { readonly service: "systemd-timesyncd"; readonly synchronised: boolean }
  /** They do not tell by a file. */
  | { readonly service: "chrony" | "ntpd" }
  /** None of those that are known here. */
  | { readonly service: undefined };

export function clockSync({ kind }: Pick<SystemFiles, "kind">): ClockSync {
  // The file is created at the first answer of a time server (systemd-timesyncd.service(8)).
  const synchronised = kind("/run/systemd/timesync/synchronized") !== undefined;
  if (synchronised) return { service: "systemd-timesyncd", synchronised };
  const other = ["/run/chrony/chronyd.pid", "/run/chronyd.pid", "/run/ntpd.pid"].find((path) => kind(path));
  if (other !== undefined) return { service: /chrony/.test(other) ? "chrony" : "ntpd" };
  if (kind("/run/systemd/timesync")) return { service: "systemd-timesyncd", synchronised };
  return { service: undefined };
}

/** A clock chip without a battery starts in 1970, and is not set before the time is known. */
const chipTolerance = 60;

/**
 * Whether the wall clock, which shows a possible time, is right as far as this machine can tell: a time server has
 * answered, or the clock chip shows the same time. Where neither can be asked, it counts as right.
 */
export function isClockRight(files: SystemFiles, wallMs: number): boolean {
  const sync = clockSync(files);
  if (sync.service !== "systemd-timesyncd" || sync.synchronised) return true;
  const chip = Number(files.read("/sys/class/rtc/rtc0/since_epoch") ?? Number.NaN);
  return Math.abs(chip - wallMs / 1000) <= chipTolerance;
}
