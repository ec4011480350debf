/**
 * Finds out which service sets the clock of this machine, and whether it has done so since the start. A Pi
 * without an RTC battery starts with the time of its last shutdown, which is plausible but wrong.
 */

/** A part of the doctor's `Machine`. */
export interface SystemFiles {
  read(path: string): string | undefined;
  kind(path: string): "file" | "folder" | undefined;
}

export type ClockSync =
  | { readonly service: "systemd-timesyncd"; readonly synchronised: boolean }
  /** These services have no file that shows it. */
  | { readonly service: "chrony" | "ntpd" }
  /** No known service. */
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

/**
 * Maximum difference of a correct RTC (s). One without a battery starts in 1970, and is set only once the
 * time is known.
 */
const chipTolerance = 60;

/**
 * Whether a wall clock with a plausible time is right, as far as this machine can tell: a time server has
 * answered, or the RTC shows the same time. If neither can be checked, it counts as right.
 */
export function isClockRight(files: SystemFiles, wallMs: number): boolean {
  const sync = clockSync(files);
  if (sync.service !== "systemd-timesyncd" || sync.synchronised) return true;
  const chip = Number(files.read("/sys/class/rtc/rtc0/since_epoch") ?? Number.NaN);
  return Math.abs(chip - wallMs / 1000) <= chipTolerance;
}
