/** Checks of what the program itself rests on: Node.js, its native packages, the clock, the supply. */
import { type Clock, isTrustedWallTime } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";

/** As `engines` in package.json has it. */
const oldestNode = [20, 19] as const;
const advisedNode = 24;

export function checkNode({ nodeVersion }: Machine): Finding {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  const [oldestMajor, oldestMinor] = oldestNode;
  const here = `Node.js ${nodeVersion}`;
  const next = `Install Node.js ${advisedNode} (https://nodejs.org), then run npm rebuild in the program's folder.`;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return fail("node", `${here} is older than ${oldestNode.join(".")}, the oldest that is supported`, next);
  }
  if (major >= advisedNode) return ok("node", here);
  // Not worth a warning each time: it is supported.
  return ok("node", `${here} (${advisedNode} is recommended)`);
}

export const rebuild =
  "sudo apt-get install build-essential python3, then in the program's folder: npm rebuild i2c-bus epoll";

export function checkPackages(unbuilt: string | undefined, realHat: boolean): Finding {
  if (unbuilt === undefined) return ok("native-packages", "i2c-bus and epoll are built");
  const detail = `the native package ${unbuilt} is not built`;
  if (!realHat) return skip("native-packages", `${detail}; the virtual hat does without`);
  return fail("native-packages", `${detail}, so the real hat cannot be driven`, rebuild);
}

const rightClock =
  "sudo timedatectl set-ntp true, and see that a network or a clock chip (RTC) is there at the start.";

/** Heat does not need the wall clock; the labels of records, certificates and minimum times over a restart do. */
export function checkClock(clock: Clock): Finding {
  const now = isoTime(clock.wallNow());
  if (isTrustedWallTime(clock.wallNow())) return ok("clock", now.replace(/\.\d+Z/, "Z"));
  return fail(
    "clock",
    `the clock says ${now.slice(0, 10)}: certificates will be refused, and records are labelled wrong`,
    rightClock,
  );
}

export function checkClockSync({ kind }: Machine): Finding {
  const check = "clock-sync";
  // The file is made at the first answer of a time server (systemd-timesyncd.service(8)).
  if (kind("/run/systemd/timesync/synchronized")) return ok(check, "synchronised by systemd-timesyncd");
  const other = ["/run/chrony/chronyd.pid", "/run/chronyd.pid", "/run/ntpd.pid"].find((path) => kind(path));
  if (other !== undefined) return ok(check, `kept by ${/chrony/.test(other) ? "chrony" : "ntpd"}`);
  if (kind("/run/systemd/timesync")) {
    return warn(check, "systemd-timesyncd has not heard from a time server since the start", rightClock);
  }
  return skip(check, "unknown: neither systemd-timesyncd, chrony nor ntpd runs here");
}

/** A relay and a display on a weak supply are a common cause of a Pi that restarts or a bus that garbles. */
export function checkPower(machine: Machine): Finding {
  const check = "power";
  const monitors = machine.list("/sys/class/hwmon").map((name) => `/sys/class/hwmon/${name}`);
  const monitor = monitors.find((folder) => machine.read(`${folder}/name`)?.trim() === "rpi_volt");
  const alarm = monitor && machine.read(`${monitor}/in0_lcrit_alarm`)?.trim();
  if (alarm === "0") return ok(check, "the supply holds its voltage");
  if (alarm === undefined) return skip(check, "unknown: this computer has no monitor of its supply");
  const remedy = "Use the supply made for this computer, and a short, thick cable.";
  return warn(check, "the supply's voltage is, or was, too low", remedy);
}
